/**
 * The platform's time on the runtime at hand. Deno's event loop runs `setImmediate` many times before it looks at the
 * sockets again, and a timer would leave the processor idle for more than a millisecond.
 */
import { type Clock, systemClock } from "../core/clock.ts";

/** Deno looks at the sockets once in 61 turns of its loop (`event_interval` of Tokio, which it runs on). */
const TURNS_PER_LOOK = 64;

/**
 * Calls `callback` once Deno has looked at the sockets. Turns in which nothing else happens take 0.07 ms together; where the
 * program works in them, a timer comes first.
 */
function afterLook(callback: () => void): void {
  let left = TURNS_PER_LOOK;
  const turn = (): void => {
    if (--left > 0) systemClock.nextTurn(turn);
    else if (left === 0) done();
  };
  const done = (): void => {
    left = 0;
    systemClock.cancel(timer);
    callback();
  };
  const timer = systemClock.schedule(done, 0);
  systemClock.nextTurn(turn);
}

/** Early versions of Deno 2 have no global `setImmediate`: there `systemClock` takes a timer. */
const countsTurns = "Deno" in globalThis && "setImmediate" in globalThis;

/** The clock of servers on this runtime. */
export const runtimeClock: Clock = countsTurns ? { ...systemClock, nextTurn: afterLook } : systemClock;
