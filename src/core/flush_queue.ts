/**
 * Sends what handlers write outside of the events of their connection at the end of the turn of the event loop, for all
 * connections together. One by one, each write would wake the peer's process, often one and the same (a load balancer), and
 * a wake-up costs as much as a small response. Redis does the same.
 */
import type { Clock } from "./clock.ts";
import type { OutputBuffers } from "./output_buffers.ts";

/** Buffers that may be in use at a time, and so the memory that they hold: for another one the oldest is flushed. */
const MAX_BUFFERS = 128;

/** Queued output that waits for so long may have been held back by handlers that compute, in milliseconds. */
const LONG_WAIT = 5;
/**
 * Above this share of flushes after a long wait, handlers are taken to compute: four in a row reach it, or one in five.
 * Garbage collections, and a processor that was taken away for a moment, delay one in hundreds.
 */
const MAX_LONG_SHARE = 0.2;
/** The share is a moving average: each flush weighs 1 / 16. */
const FLUSH_WEIGHT = 1 / 16;
/** How long complete responses leave at once then, in milliseconds. */
const UNBATCHED = 1_000;

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
  /** The share of the recent flushes that came after a long wait, and up to when responses are not batched. */
  #longShare = 0;
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
   * Whether a response that is complete at `now` may wait for the end of the turn. Not while handlers compute for long: it
   * would wait for them.
   */
  batches(now: number): boolean {
    return now >= this.#unbatchedUntil;
  }

  #callBack(): void {
    const callbacks = this.#callbacks;
    this.#callbacks = [];
    for (const callback of callbacks) callback();
  }

  /**
   * Counts whether the flush at `now` comes late. While responses are not batched nothing waits, and the share stays what it
   * was: where handlers still compute after that, one long wait is enough.
   */
  #countWait(now: number): void {
    if (!this.batches(now)) return;
    const isLong = now - this.#since >= LONG_WAIT;
    this.#longShare += (Number(isLong) - this.#longShare) * FLUSH_WEIGHT;
    if (isLong && this.#longShare > MAX_LONG_SHARE) this.#unbatchedUntil = now + UNBATCHED;
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
    this.#countWait(now);
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
        this.#since = now; // this wait was counted
        this.#schedule();
      }
    }
  }
}
