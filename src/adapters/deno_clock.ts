/**
 * The platform's time on Deno, whose event loop runs `setImmediate` many times before it looks at the sockets
 * again: what is to come after that look waits for a timer.
 */
import { type Clock, systemClock } from "../connection/clock.ts";

/** As `systemClock`. A turn costs a millisecond of waiting, and all that wait are accepted in it: it may be longer. */
export const denoClock: Clock = {
  ...systemClock,
  turnLength: 8,
  nextTurn: (callback) => void setTimeout(callback, 0),
};
