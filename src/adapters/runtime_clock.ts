/**
 * The platform's time on the runtime at hand. Deno's event loop runs `setImmediate` many times before it looks at the
 * sockets again, and a timer would leave the processor idle for more than a millisecond.
 */
import { type Clock, systemClock } from "../core/clock.ts";

/** Turns of Deno's loop within which it looks at the sockets: 61 in Tokio (`event_interval`), which it runs on. */
const TURNS_PER_LOOK = 64;

/** Calls `callback` once Deno has looked at the sockets: so many empty turns take 0.07 ms. */
function afterLook(callback: () => void): void {
  let left = TURNS_PER_LOOK;
  const turn = (): void => --left === 0 ? callback() : systemClock.nextTurn(turn);
  systemClock.nextTurn(turn);
}

/** Early versions of Deno 2 have no global `setImmediate`: there `systemClock` takes a timer. */
const countsTurns = "Deno" in globalThis && "setImmediate" in globalThis;

/** The clock of servers on this runtime. */
export const runtimeClock: Clock = countsTurns ? { ...systemClock, nextTurn: afterLook } : systemClock;
