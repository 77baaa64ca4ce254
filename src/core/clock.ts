/**
 * Time, as the engine sees it: injected, so that tests bring their own.
 */

/** A steady counter, a calendar, and one kind of timer. All in milliseconds. */
export interface Clock {
  /** A counter that never goes back. */
  now(): number;
  /** The time since 1970, for the Date field. */
  calendar(): number;
  /** Calls `callback` once after `delay`; answers what `cancel` takes. */
  schedule(callback: () => void, delay: number): unknown;
  /** Takes back a `schedule`. */
  cancel(timer: unknown): void;
  /** Calls `callback` once the event loop has polled the sockets. */
  nextTurn(callback: () => void): void;
  /**
   * Calls `callback` at the end of this turn of the event loop: when the events that are at hand were handled, and all
   * microtasks have run.
   */
  endOfTurn(callback: () => void): void;
  /** How long one connection may hold the event loop while others wait, in milliseconds. */
  readonly turnLength: number;
}

const { setImmediate = setTimeout } = globalThis as { setImmediate?: (callback: () => void) => unknown };

/** Right after the sockets were polled (on Deno before that); a timer takes a millisecond or more. */
const immediately = (callback: () => void): void => void setImmediate(callback);

/** The platform's time. */
export const systemClock: Clock = {
  // Whole milliseconds do, and V8 makes no number object of them where it inlines the call.
  now: () => Math.trunc(performance.now()),
  calendar: () => Date.now(),
  schedule: (callback, delay) => setTimeout(callback, delay),
  cancel: (timer) => clearTimeout(timer as Parameters<typeof clearTimeout>[0]),
  nextTurn: immediately,
  endOfTurn: immediately,
  // Node accepts one connection in each turn, so that long turns keep newcomers out.
  turnLength: 2,
};
