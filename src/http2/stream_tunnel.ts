/**
 * A stream that was handed over to another protocol (RFC 9113 §8.5, RFC 8441 §5): DATA both ways is all that there is.
 */
import type { DetachedSocket } from "../api/transport.ts";
import { Tunnel, type TunnelOutput, type TunnelPort } from "../core/tunnel.ts";
import { ERROR, type ErrorCode } from "./http2_error.ts";
import type { InputReader, StreamInput } from "./stream_input.ts";
import type { StreamOutput } from "./stream_output.ts";

/** The stream. */
export interface TunnelledStream {
  readonly input: StreamInput;
  readonly output: StreamOutput;
  /** Resolves when more is welcome; rejects when the stream is gone first. */
  ready(): Promise<void>;
  /** Whether something goes through its tunnel has changed. */
  settle(): void;
  /** Ends it with RST_STREAM. */
  reset(code: ErrorCode, error: unknown): void;
}

/** The tunnel of one stream. */
export class StreamTunnel implements InputReader, TunnelOutput, TunnelPort {
  /** What its user holds. */
  readonly streams: Tunnel;
  readonly out: TunnelOutput = this;
  readonly #stream: TunnelledStream;
  readonly #turn: { spendTurn(): boolean };

  /** Through `stream`, whose connection takes turns by `turn`. */
  constructor(stream: TunnelledStream, turn: { spendTurn(): boolean }) {
    this.#stream = stream;
    this.#turn = turn;
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
    return this.#turn.spendTurn();
  }

  tunnelWanted(): void {
    this.#stream.input.resume();
    if (this.isOver) this.#stream.settle();
  }

  tunnelEnded(): void {
    this.#stream.output.end(null);
  }

  tunnelAborted(reason: unknown): void {
    this.#stream.reset(ERROR.cancel, reason);
  }

  /** A stream has no socket of its own. */
  detach(): DetachedSocket | undefined {
    return undefined;
  }

  /** Whether its user neither writes nor reads any more. */
  get isOver(): boolean {
    return this.streams.isOver;
  }

  /** Both sides have ended it: what came and was not read is the user's alone. */
  streamClosed(): void {
    const unread = this.#stream.input.takeUnread();
    if (unread !== null) this.streams.keep(unread.bytes, unread.start, unread.end);
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
