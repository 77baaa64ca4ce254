/**
 * Simulated time, in which one thing happens after another: it is the engine's clock, and the queue of all that
 * clients, transports, handlers and the operator do. Nothing here waits for real time.
 */
import { setImmediate } from "node:timers";
import type { Clock } from "../../src/core/clock.ts";

interface Event {
  readonly due: number;
  readonly callback: () => void;
  /** Whether it is a timer of the engine's. */
  readonly isTimer: boolean;
}

/** What is wrong in a run. */
export class Fault extends Error {}

/** One run's time. */
export class World implements Clock {
  /** Events by time; those of one time in the order in which they came. The last is the next. */
  readonly #events: Event[] = [];
  #now = 1000;
  #timers = 0;
  #ahead = 0;
  /** What is wrong, once something is. */
  fault: Fault | null = null;
  /** What has happened, where somebody wants to read it. */
  readonly #log: string[] | null;

  /** A world; `log` takes down what happens. */
  constructor(log: string[] | null = null) {
    this.#log = log;
  }

  // The engine's clock.

  now(): number {
    return this.#now;
  }

  calendar(): number {
    return Date.UTC(2026, 0, 1) + this.#now;
  }

  schedule(callback: () => void, delay: number): unknown {
    this.#timers++;
    return this.#add({ due: this.#now + Math.max(0, delay), callback, isTimer: true });
  }

  cancel(timer: unknown): void {
    const at = this.#events.indexOf(timer as Event);
    if (at < 0) return;
    this.#events.splice(at, 1);
    this.#timers--;
  }

  readonly turnLength = 2;

  nextTurn(callback: () => void): void {
    this.after(0, callback);
  }

  endOfTurn(callback: () => void): void {
    this.after(0, callback);
  }

  /** How many timers of the engine are running. */
  get timers(): number {
    return this.#timers;
  }

  // The simulation's.

  /** Calls `callback` after `delay`. */
  after(delay: number, callback: () => void): void {
    this.#ahead++;
    this.#add({ due: this.#now + delay, callback, isTimer: false });
  }

  /** Resolves after `delay`. */
  sleep(delay: number): Promise<void> {
    return new Promise((resolve) => this.after(delay, resolve));
  }

  /** Whether nothing is left to happen but timers of the engine. */
  get isAtRest(): boolean {
    return this.#ahead === 0;
  }

  /** Somebody keeps the processor busy: time passes, and nothing else happens. */
  work(ms: number): void {
    this.#now += ms;
  }

  /** Something is wrong; the first fault counts. */
  fail(message: string): void {
    this.fault ??= new Fault(message);
  }

  /** Notes that something happened; `describe` is called where somebody reads it. */
  note(describe: () => string): void {
    this.#log?.push(`${String(this.#now - 1000).padStart(6)}  ${describe()}`);
  }

  /**
   * Lets happen what is due until `end`; where `mayStop`, only until nothing is left but timers of the engine.
   * After each event, and all promise callbacks that follow from it, calls `check`, with the time that it has taken.
   */
  async run(check: (ms: number) => void, end: number, mayStop = false): Promise<void> {
    while (!(mayStop && this.isAtRest)) {
      const event = this.#events.at(-1);
      if (event === undefined || event.due > end) break;
      this.#events.pop();
      if (event.isTimer) this.#timers--;
      else this.#ahead--;
      this.#now = Math.max(this.#now, event.due);
      const before = this.#now;
      event.callback();
      await turn();
      check(this.#now - before);
      if (this.fault !== null) return;
    }
    if (!mayStop) this.#now = Math.max(this.#now, end);
  }

  #add(event: Event): Event {
    const events = this.#events;
    let low = 0;
    let high = events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (events[middle].due > event.due) low = middle + 1;
      else high = middle;
    }
    events.splice(low, 0, event);
    return event;
  }
}

/** Resolves when all promise callbacks have run, and the process was told of rejections that nobody took. */
export function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
