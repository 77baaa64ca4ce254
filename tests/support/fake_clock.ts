/**
 * Time that passes only when a test says so.
 */
import { nextTick } from "node:process";
import type { Clock } from "../../src/core/clock.ts";

interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

/** A clock that stands still until `advance`. */
export class FakeClock implements Clock {
  #now = 1000;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  calendar(): number {
    return Date.UTC(2026, 0, 1) + this.#now;
  }

  schedule(callback: () => void, delay: number): unknown {
    const timer = { due: this.#now + delay, callback };
    this.#timers.add(timer);
    return timer;
  }

  cancel(timer: unknown): void {
    this.#timers.delete(timer as Timer);
  }

  readonly turnLength = 2;

  nextTurn(callback: () => void): void {
    this.schedule(callback, 0);
  }

  /** After the microtasks: no other event is at hand. */
  endOfTurn(callback: () => void): void {
    queueMicrotask(() => nextTick(callback));
  }

  /** Lets `ms` pass in which the program works, so that no timer fires. */
  work(ms: number): void {
    this.#now += ms;
  }

  /** How many timers are scheduled. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Lets `ms` pass; timers fire in their order, at their time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = [...this.#timers].filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)[0];
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.due);
      next.callback();
    }
    this.#now = Math.max(this.#now, end);
  }
}
