/**
 * Sends what handlers write outside of the events of their connection at the end of the turn of the event loop, for all
 * connections together. One by one, each write would wake the peer's process, often one and the same (a load balancer), and
 * a wake-up costs as much as a small response. Redis does the same.
 */
import type { Clock } from "./clock.ts";
import type { OutputBuffers } from "./output_buffers.ts";

/** Buffers that may be in use at a time, and so the memory that they hold: for another one the oldest is flushed. */
const MAX_BUFFERS = 128;

/** Queued output that waits for so long was held back by handlers that compute, in milliseconds. */
const LONG_WAIT = 5;
/** How long complete responses leave at once then, in milliseconds. */
const UNBATCHED = 1_000;
/** A second long wait must follow within so many milliseconds: a single one may be that of a garbage collection. */
const LONG_WAIT_INTERVAL = 2 * UNBATCHED;

/** What is queued. */
export interface Flushable {
  /** Sends what is gathered, if there is something. */
  flush(): void;
  /** It is not in the queue any more, and flushes. */
  dequeued(): void;
}

/** The queue of one server. */
export class FlushQueue {
  readonly #clock: Clock;
  readonly #buffers: OutputBuffers;
  readonly #beginEvent: () => number;
  readonly #queue: Flushable[] = [];
  /** Called at the end of the turn, once all of the queue was flushed. */
  #callbacks: (() => void)[] = [];
  #isScheduled = false;
  #isFlushing = false;
  /** When the first was queued, in milliseconds. */
  #since = 0;
  /** When the last long wait ended, and up to when responses are not batched. */
  #longWaitEnded = -Infinity;
  #unbatchedUntil = -Infinity;
  /** The index of the one that `makeRoom` flushes next. */
  #next = 0;
  readonly #turnEnded = (): void => {
    this.#isScheduled = false;
    try {
      this.flush();
    } finally {
      if (this.#queue.length === 0) this.#callBack();
    }
  };

  /** A queue that is flushed by `clock`, after a call of `beginEvent`, which returns the time. */
  constructor(clock: Clock, buffers: OutputBuffers, beginEvent: () => number) {
    this.#clock = clock;
    this.#buffers = buffers;
    this.#beginEvent = beginEvent;
  }

  /** Before another buffer is acquired: flushes the oldest where too many are in use. Transports may do anything. */
  makeRoom(): void {
    for (let tries = this.#queue.length; tries > 0 && this.#buffers.inUse >= MAX_BUFFERS; tries--) {
      if (this.#next >= this.#queue.length) this.#next = 0; // all of them have written again
      this.#queue[this.#next++]?.flush(); // the last one's transport may have had the whole queue flushed
    }
  }

  /** Queues `flushable`, which is not queued yet. */
  enqueue(flushable: Flushable): void {
    if (this.#queue.push(flushable) === 1) this.#since = this.#clock.now();
    this.#schedule();
  }

  /** Calls `callback` once what was written so far has left. */
  afterFlush(callback: () => void): void {
    this.#callbacks.push(callback);
    this.#schedule();
  }

  /**
   * Whether a response that is complete at `now` may wait for the end of the turn. Not after long waits: it would wait
   * while other handlers compute.
   */
  batches(now: number): boolean {
    return now >= this.#unbatchedUntil;
  }

  #callBack(): void {
    const callbacks = this.#callbacks;
    this.#callbacks = [];
    for (const callback of callbacks) callback();
  }

  #waitedLong(now: number): void {
    if (now - this.#longWaitEnded < LONG_WAIT_INTERVAL) this.#unbatchedUntil = now + UNBATCHED;
    this.#longWaitEnded = now;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.endOfTurn(this.#turnEnded);
  }

  /** An event begins at `now`: what was queued in an earlier millisecond, or is not to be batched, is flushed before. */
  eventBegins(now: number): void {
    if (this.#queue.length > 0 && (now !== this.#since || !this.batches(now))) this.flush();
  }

  /** Flushes the queue, including what is queued during the flush. */
  flush(): void {
    const queue = this.#queue;
    if (this.#isFlushing || queue.length === 0) return;
    const now = this.#beginEvent();
    if (now - this.#since >= LONG_WAIT) this.#waitedLong(now);
    this.#isFlushing = true;
    let flushed = 0;
    try {
      while (flushed < queue.length) queue[flushed++].dequeued();
    } finally {
      this.#isFlushing = false;
      this.#next = 0;
      if (flushed === queue.length) {
        queue.length = 0;
      } else {
        queue.splice(0, flushed);
        this.#schedule();
      }
    }
  }
}
