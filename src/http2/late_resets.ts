/**
 * RST_STREAM behind a response that has not waited for the end of its request (RFC 9113 §8.1). It is sent a little later:
 * clients that get it together with the response drop that (curl 7.88 does), and most stop by themselves meanwhile.
 */
import { Deadline, type DeadlineOwner } from "../core/deadline_queue.ts";
import type { Engine } from "../core/engine.ts";

/** How much later at least, in milliseconds: the resolution of deadlines. */
const DELAY_MS = 250;
/** More of them at a time are not put off. */
const MAX_WAITING = 256;

/** The streams of one connection that are to be reset. */
export class LateResets implements DeadlineOwner {
  readonly #engine: Engine;
  readonly #send: (stream: number) => void;
  readonly #deadline: Deadline = new Deadline(this);
  /** Streams, and when each is to be reset by the monotonic clock. The first was added first. */
  readonly #waiting: Map<number, number> = new Map();

  /** `send` sends RST_STREAM. */
  constructor(engine: Engine, send: (stream: number) => void) {
    this.#engine = engine;
    this.#send = send;
  }

  /** `stream` is to be reset. */
  add(stream: number): void {
    if (this.#waiting.size >= MAX_WAITING) return this.#send(stream);
    const { deadlines, now } = this.#engine;
    this.#waiting.set(stream, now + DELAY_MS);
    if (!this.#deadline.armed) deadlines.arm(this.#deadline, DELAY_MS, now);
  }

  /** The client has ended `stream` by itself. */
  remove(stream: number): void {
    if (this.#waiting.delete(stream) && this.#waiting.size === 0) this.stop();
  }

  expired(): void {
    const { deadlines, now } = this.#engine;
    for (const [stream, due] of this.#waiting) {
      if (due > now) return deadlines.arm(this.#deadline, DELAY_MS, now);
      this.#waiting.delete(stream);
      this.#send(stream);
    }
  }

  /** The connection is closed. */
  stop(): void {
    this.#engine.deadlines.disarm(this.#deadline);
  }
}
