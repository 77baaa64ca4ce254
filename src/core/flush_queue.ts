/**
 * When connections send what handlers have written outside of an event of theirs: at the end of the turn of the event loop,
 * all of them together. If each did so by itself, each would wake the peer's process, which is often the same one (a load
 * balancer), and costs as much as a small response. Redis does the same.
 */
import type { Clock } from "./clock.ts";

/** Buffers that may be in use at a time, and so the memory that they hold: for another one the oldest is flushed. */
const MAX_BUFFERS = 128;

/** What waits. */
export interface Flushable {
  /** Sends what is gathered. */
  flush(): void;
  /** Its wait is over: it is to be flushed, if it was not. */
  waitEnded(): void;
}

/** Those of one server. */
export class FlushQueue {
  readonly #clock: Clock;
  readonly #waiting: Flushable[] = [];
  #isScheduled = false;
  #isFlushing = false;
  /** When the first began to wait. */
  #since = 0;
  /** Which is flushed for the next buffer. */
  #oldest = 0;
  readonly #turnEnded = (): void => {
    this.#isScheduled = false;
    this.flush();
  };

  /** A queue that is flushed by `clock`. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** There are to be so many `buffers`: flushes the oldest, if that is too much. Its transport may do anything. */
  makeRoom(buffers: number): void {
    if (buffers <= MAX_BUFFERS || this.#waiting.length === 0) return;
    if (this.#oldest >= this.#waiting.length) this.#oldest = 0; // all of them, and they have written again
    this.#waiting[this.#oldest++].flush();
  }

  /** Has `flushable`, which does not wait yet, flushed at the end of the turn that is under way at `now`. */
  enqueue(flushable: Flushable, now: number): void {
    if (this.#waiting.push(flushable) === 1) this.#since = now;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.endOfTurn(this.#turnEnded);
  }

  /** Another event begins at `now`: what waits since before that, in whole milliseconds, does not wait for it as well. */
  eventBegins(now: number): void {
    if (this.#waiting.length > 0 && now !== this.#since) this.flush();
  }

  /** Flushes those that wait, and those that come meanwhile. */
  flush(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    const waiting = this.#waiting;
    let flushed = 0;
    try {
      while (flushed < waiting.length) waiting[flushed++].waitEnded();
    } finally {
      this.#isFlushing = false;
      this.#oldest = 0;
      if (flushed === waiting.length) {
        waiting.length = 0;
      } else {
        waiting.splice(0, flushed);
        this.#schedule();
      }
    }
  }
}
