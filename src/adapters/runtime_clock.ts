/**
 * The platform's time on the current runtime, and when a turn of its event loop ends. Deno's event loop runs
 * `setImmediate` many times before it polls the sockets again, and a timer would leave the processor idle for more than
 * a millisecond.
 */
import { type Clock, systemClock } from "../core/clock.ts";
import { nodeProcess } from "./node_process.ts";

/** Deno polls the sockets once in 61 turns of its loop (`event_interval` of Tokio, which it runs on). */
const TURNS_PER_POLL = 64;
/** The most time for those turns, in milliseconds, if other work fills them; empty ones take 0.07 ms. */
const MAX_WAIT = 4;

/** Callbacks of the count that is under way. */
let counted: (() => void)[] = [];
/** Added during that count, which may have passed the poll: they are for the next one. */
let waiting: (() => void)[] = [];
let turns = 0;
let end = 0;

/** Calls `callback` once Deno has polled the sockets, or others have had the loop for long enough. */
function afterPoll(callback: () => void): void {
  waiting.push(callback);
  if (counted.length === 0) beginCount();
}

function beginCount(): void {
  counted = waiting;
  waiting = [];
  turns = 0;
  systemClock.nextTurn(countTurn);
}

function countTurn(): void {
  const now = systemClock.now();
  // Timed from its first turn on: the code that has begun the count may work for some time yet.
  if (turns === 0) end = now + MAX_WAIT;
  if (++turns < TURNS_PER_POLL && now < end) return systemClock.nextTurn(countTurn);
  for (const callback of counted) {
    try {
      callback();
    } catch (error) {
      reportError(error);
    }
  }
  counted = [];
  if (waiting.length > 0) beginCount();
}

/** For early versions of Deno 2, where `systemClock` has no `setImmediate`: ticks run after all current events. */
function afterEvents(callback: () => void): void {
  queueMicrotask(() => nodeProcess().nextTick(callback)); // after the pending microtasks, in which handlers may respond
}

const isDeno = "Deno" in globalThis;

/** The clock of servers on this runtime. */
export const runtimeClock: Clock = {
  ...systemClock,
  ...isDeno && ("setImmediate" in globalThis ? { nextTurn: afterPoll } : { endOfTurn: afterEvents }),
};
