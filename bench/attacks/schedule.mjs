// How often good clients ask, and how long they wait.

/** Kept connections. */
export const KEPT = 20;
/** Requests a second on each of them. */
export const KEPT_RATE = 10;
/** New connections a second, with one request each. */
export const NEW_RATE = 100;
/** Milliseconds that a client waits for an answer. */
export const PATIENCE = 5_000;
/** Milliseconds of requests as fast as they are answered, for the compilers. */
export const WARM_UP = 300;
