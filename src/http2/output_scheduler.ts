/**
 * Sends what the streams of a connection have to send, as far as the client's window and the transport allow: at once, or,
 * where it has to wait, by priority.
 */
import type { ProtocolHost } from "../core/protocol_host.ts";
import type { ByteWriter } from "../wire/byte_writer.ts";
import { MAX_FRAME_SIZE, MAX_UINT31 } from "./frame.ts";
import { type Queued, SendQueue } from "./send_queue.ts";
import { DEFAULT_WINDOW } from "./settings.ts";
import type { OutputPort, StreamOutput } from "./stream_output.ts";

/** Octets that a stream sends in its turn, where others wait. */
const QUANTUM = MAX_FRAME_SIZE;

/** A stream with something to send. */
export interface ScheduledStream extends Queued {
  readonly output: StreamOutput;
  /** A window has changed, or some of what waits was sent. */
  outputAdvanced(): void;
}

/** The output of one connection. */
export class OutputScheduler implements OutputPort {
  sendWindow: number = DEFAULT_WINDOW;
  /** What the client has given of the window, all in all. */
  #given = DEFAULT_WINDOW;
  readonly #connection: ProtocolHost;
  #queue: SendQueue<ScheduledStream> | null = null;

  /** Sends through `connection`. */
  constructor(connection: ProtocolHost) {
    this.#connection = connection;
  }

  acquire(): ByteWriter {
    return this.#connection.out.acquire();
  }

  acceptsData(): boolean {
    return this.#connection.out.acceptsFrame() && !this.#connection.turnIsOver;
  }

  get isContended(): boolean {
    return this.#queue !== null && this.#queue.size > 0;
  }

  /** `stream` waits, if its own window is not what it waits for. */
  enqueue(stream: ScheduledStream): void {
    if (stream.output.window > 0) (this.#queue ??= new SendQueue()).add(stream);
  }

  /** `stream` waits no more. */
  remove(stream: ScheduledStream): void {
    if (stream.isQueued) this.#queue!.remove(stream);
  }

  /** The client gives the connection `increment` octets more; answers `false` where that is too much (RFC 9113 §6.9.1). */
  widen(increment: number): boolean {
    if (this.sendWindow + increment > MAX_UINT31) return false;
    this.sendWindow += increment;
    this.#given += increment;
    return true;
  }

  /** Octets of DATA that were sent on all streams. */
  get octetsSent(): number {
    return this.#given - this.sendWindow;
  }

  /** Sends what waits, as far as it may. */
  send(): void {
    const queue = this.#queue;
    if (queue === null || this.sendWindow <= 0) return;
    while (this.sendWindow > 0 && this.acceptsData()) {
      const stream = queue.first();
      if (stream === undefined) return;
      const left = stream.output.resume(QUANTUM);
      if (left === "more") queue.rotate(stream);
      else if (left === "empty" || stream.output.window <= 0) this.remove(stream);
      if (left !== "ended") stream.outputAdvanced();
      this.#connection.spendTurn();
    }
    // The others wait for the client from now on, not for their turn.
    if (this.sendWindow <= 0) { for (const stream of queue) stream.outputAdvanced(); }
  }
}
