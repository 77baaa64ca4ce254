/**
 * The platform's time on the runtime at hand. Deno's event loop runs `setImmediate` many times before it looks at the
 * sockets again: there, what is to come after that look waits for a timer.
 */
import { type Clock, systemClock } from "../core/clock.ts";

/** As `systemClock`. */
const denoClock: Clock = {
  ...systemClock,
  nextTurn: (callback) => void setTimeout(callback, 0),
};

/** The clock of servers on this runtime. */
export const runtimeClock: Clock = "Deno" in globalThis ? denoClock : systemClock;
