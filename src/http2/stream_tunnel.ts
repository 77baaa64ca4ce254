/**
 * A stream that was handed over to another protocol (RFC 9113 §8.5, RFC 8441 §5): DATA both ways is all that there is.
 */
import type { DetachedSocket } from "../api/transport.ts";
import { Tunnel, type TunnelOutput, type TunnelPort } from "../core/tunnel.ts";
import type { InputReader } from "./stream_input.ts";
import type { StreamOutput } from "./stream_output.ts";

/** The stream. */
export interface TunnelledStream {
  readonly output: StreamOutput;
  /** Resolves when more is welcome; rejects when the stream is gone first. */
  ready(): Promise<void>;
  /** A part was sent; answers whether there may be more in this turn of the event loop. */
  spendTurn(): boolean;
  /** The tunnel's reader wants more. */
  tunnelWanted(): void;
  /** Our side was aborted. */
  tunnelAborted(reason: unknown): void;
}

/** The tunnel of one stream. */
export class StreamTunnel implements InputReader, TunnelOutput, TunnelPort {
  /** What its user holds. */
  readonly streams: Tunnel;
  readonly out: TunnelOutput = this;
  readonly #stream: TunnelledStream;

  /** Through `stream`. */
  constructor(stream: TunnelledStream) {
    this.#stream = stream;
    this.streams = new Tunnel(this);
  }

  // What its user sends.

  append(bytes: Uint8Array): boolean {
    const { output } = this.#stream;
    output.send(bytes, false, true);
    return output.isWelcome;
  }

  ready(): Promise<void> {
    return this.#stream.ready();
  }

  get bufferedAmount(): number {
    return this.#stream.output.queuedBytes;
  }

  spendTurn(): boolean {
    return this.#stream.spendTurn();
  }

  tunnelWanted(): void {
    this.#stream.tunnelWanted();
  }

  tunnelEnded(): void {
    this.#stream.output.end(null);
  }

  tunnelAborted(reason: unknown): void {
    this.#stream.tunnelAborted(reason);
  }

  /** A stream has no socket of its own. */
  detach(): DetachedSocket | undefined {
    return undefined;
  }

  // What the client sends.

  get wanted(): boolean {
    return this.streams.wanted;
  }

  feed(bytes: Uint8Array, start: number, end: number): number {
    return this.streams.feed(bytes, start, end);
  }

  end(): void {
    this.streams.endInput();
  }
}
