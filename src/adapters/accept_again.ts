/**
 * Accepting on Deno by the handle of a listener, where descriptors may run out.
 */
import { clearInterval, setInterval } from "node:timers"; // not the web's, which may not have `unref()`
import type { ListenHandle } from "./socket_handle.ts";

/** How often Deno is told to look for connections, in milliseconds. */
const LOOK_INTERVAL = 500;

/**
 * Once an accept has failed for want of descriptors, the handle accepts no more, and tells no error. To listen again on
 * that of a port makes it look, and does nothing else. Answers how to stop that.
 */
export function acceptAgain(handle: ListenHandle, backlog: number): () => void {
  const timer = setInterval(() => void handle.listen(backlog), LOOK_INTERVAL).unref();
  return () => clearInterval(timer);
}
