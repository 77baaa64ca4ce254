/**
 * The runtimes' own upgrade functions cannot upgrade our requests: errors that say what can.
 */
import { LazyRequest } from "./lazy_request.ts";

const INSTEAD = "use upgradeWebSocket() of @mooring/http/websocket";

/**
 * Bun's server has an `upgrade(request)`, and helpers call it on what they take for that server.
 *
 * @throws {TypeError} where `options` is a request
 */
export function assertNoRequest(options: unknown): void {
  if (options instanceof LazyRequest || options instanceof Request) {
    throw new TypeError(`info.upgrade() takes options, and is not the upgrade() of Bun's server: ${INSTEAD}`);
  }
}

/** Deno's function fails on a member of its own requests. `error`, or one that tells what to do. */
export function explained(error: unknown): unknown {
  if (!(error instanceof TypeError) || !error.message.includes("_wantsUpgrade")) return error;
  const message = `upgradeWebSocket() of Deno takes the requests of its own server alone: ${INSTEAD}`;
  return new TypeError(message, { cause: error });
}
