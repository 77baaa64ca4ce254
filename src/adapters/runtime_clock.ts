/**
 * The platform's time on the runtime at hand. Deno's event loop runs `setImmediate` many times before it looks at the
 * sockets again, and a timer would leave the processor idle for more than a millisecond.
 */
import { type Clock, systemClock } from "../core/clock.ts";

/** Deno looks at the sockets once in 61 turns of its loop (`event_interval` of Tokio, which it runs on). */
const TURNS_PER_LOOK = 64;
/** So many turns take 0.07 ms where they are empty. What else works in them may take this long, in milliseconds. */
const MOST_WAIT = 4;

/** Calls `callback` once Deno has looked at the sockets, or others have had the loop for long enough. */
function afterLook(callback: () => void): void {
  let turns = 0;
  let end = 0;
  const turn = (): void => {
    const now = systemClock.now();
    if (turns === 0) end = now + MOST_WAIT; // not before: what has called this may work on
    if (++turns === TURNS_PER_LOOK || now >= end) callback();
    else systemClock.nextTurn(turn);
  };
  systemClock.nextTurn(turn);
}

/** Early versions of Deno 2 have no global `setImmediate`: there `systemClock` takes a timer. */
const countsTurns = "Deno" in globalThis && "setImmediate" in globalThis;

/** The clock of servers on this runtime. */
export const runtimeClock: Clock = countsTurns ? { ...systemClock, nextTurn: afterLook } : systemClock;
