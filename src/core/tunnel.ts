/**
 * A connection that was handed over to another protocol (RFC 9110 §7.8, §9.3.6): all that comes is a stream
 * to read, and what is written goes out as it is, with backpressure both ways. Or all of it goes to
 * the one that takes the socket itself.
 */
import type { Bytes } from "../api/bytes.ts";
import type { DetachedSocket } from "../api/transport.ts";
import { ExchangeError } from "../api/errors.ts";
import type { Upgraded } from "../api/exchange.ts";
import { copyOf } from "../wire/bytes.ts";

/** Where a tunnel is written. */
export interface TunnelOutput {
  /** Sends `bytes`; answers whether more is welcome. */
  append(bytes: Uint8Array): boolean;
  /** Resolves when more is welcome; rejects when the tunnel is gone first. */
  ready(): Promise<void>;
  /** Bytes that were written, and that the system has not taken. */
  readonly bufferedAmount: number;
}

/** What a tunnel needs of its connection, or of its stream. */
export interface TunnelPort {
  /** Where it is written. */
  readonly out: TunnelOutput;
  /** Something was written; answers whether there may be more in this turn of the loop. */
  spendTurn(): boolean;
  /** More is wanted: feeds what is here. */
  tunnelWanted(): void;
  /** Our side has ended well. */
  tunnelEnded(): void;
  /** Our side was aborted: the peer is to see a failure. */
  tunnelAborted(reason: unknown): void;
  /** Gives the socket itself away, where there is one. */
  detach(): DetachedSocket | undefined;
}

/** The two streams of a connection that was handed over. */
export class Tunnel implements Upgraded {
  readonly readable: ReadableStream<Bytes>;
  readonly writable: WritableStream<Uint8Array>;
  readonly #port: TunnelPort;
  #reading!: ReadableStreamDefaultController<Bytes>;
  #writing!: WritableStreamDefaultController;
  #wanted = false;
  /** The peer's side: it sends, it has ended, or it is discarded. */
  #input: "open" | "ended" | "dropped" = "open";
  #outputEnded = false;
  #detached: DetachedSocket | undefined;

  /** A tunnel through `port`. */
  constructor(port: TunnelPort) {
    this.#port = port;
    this.readable = new ReadableStream({
      start: (controller) => void (this.#reading = controller),
      pull: () => {
        this.#wanted = true;
        port.tunnelWanted();
      },
      cancel: () => {
        this.#input = "dropped";
        port.tunnelWanted();
      },
    }, { highWaterMark: 0 });
    this.writable = new WritableStream({
      start: (controller) => {
        this.#writing = controller;
        // Told now, where `abort` below waits for a write that may wait for the peer; but only once the stream
        // is erroring, since Node 20 does not expect its listener to touch it.
        const { signal } = controller;
        signal.addEventListener("abort", () => queueMicrotask(() => port.tunnelAborted(signal.reason)));
      },
      async write(chunk) {
        if (!(chunk instanceof Uint8Array)) {
          throw new TypeError("an upgraded connection takes Uint8Array chunks");
        }
        if (!port.out.append(chunk) || !port.spendTurn()) await port.out.ready();
      },
      close: () => {
        this.#outputEnded = true;
        port.tunnelEnded();
      },
      abort: (reason) => port.tunnelAborted(reason),
    });
  }

  get socket(): unknown {
    if (this.#detached === undefined) {
      this.#detached = this.#port.detach();
      if (this.#detached === undefined) return undefined;
      this.fail(new ExchangeError("detached", "the socket itself was taken"));
      this.#port.tunnelWanted(); // what has come already is for its new owner
    }
    return this.#detached.socket;
  }

  get bufferedAmount(): number {
    return this.#detached === undefined ? this.#port.out.bufferedAmount : 0;
  }

  /** Whether more would be taken now. */
  get wanted(): boolean {
    return this.#wanted || this.#input === "dropped";
  }

  /** Whether our side has ended. */
  get outputEnded(): boolean {
    return this.#outputEnded;
  }

  /** Whether nothing moves through the streams any more. */
  get isOver(): boolean {
    return this.#detached === undefined && this.#outputEnded && this.#input !== "open";
  }

  /** Takes `bytes[start, end)` if they are wanted; answers the index after what was taken. */
  feed(bytes: Uint8Array, start: number, end: number): number {
    if (!this.wanted || start === end) return start;
    if (this.#detached !== undefined) {
      this.#detached.unshift(copyOf(bytes, start, end));
    } else if (this.#input === "open") {
      this.#wanted = false;
      this.#reading.enqueue(copyOf(bytes, start, end));
    }
    return end;
  }

  /** Keeps `bytes[start, end)`, the last that came, for later reads, and ends the input. */
  keep(bytes: Uint8Array, start: number, end: number): void {
    if (this.#input === "open" && start < end) this.#reading.enqueue(copyOf(bytes, start, end));
    this.endInput();
  }

  /** The peer sends no more. */
  endInput(): void {
    if (this.#input !== "open") return;
    this.#input = "ended";
    this.#reading.close();
  }

  /** The streams are of no use any more. */
  fail(error: unknown): void {
    if (this.#input === "open") this.#reading.error(error);
    this.#input = "dropped";
    if (!this.#outputEnded) this.#writing.error(error);
    this.#outputEnded = true;
  }
}
