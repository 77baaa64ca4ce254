/**
 * Accepting on Deno by the handle of a listener, where descriptors may run out.
 */
import { clearInterval, setInterval } from "node:timers"; // not the web's, which may not have `unref()`
import type { ListenHandle } from "./socket_handle.ts";

/** How often Deno polls for connections by this, in milliseconds. */
const POLL_INTERVAL = 500;

/**
 * Once an accept has failed with EMFILE the handle accepts no more, and reports no error. Calling `listen` again on
 * a TCP handle makes it poll, and nothing else. Returns a function that stops it.
 */
export function acceptAgain(handle: ListenHandle, backlog: number): () => void {
  const timer = setInterval(() => void handle.listen(backlog), POLL_INTERVAL).unref();
  return () => clearInterval(timer);
}
