/**
 * Mooring on Node: `node:net` and `node:tls`.
 *
 * @module
 */
import type { ServeOptions } from "../options.ts";
import type { Server } from "../server/server.ts";
import { startServer } from "../server/start.ts";
import { inOwnContext } from "./async_context.ts";
import { listenOnNode } from "./node_listener.ts";
import { runtimeClock } from "./runtime_clock.ts";

/**
 * Starts a server on Node. As {@linkcode serve} of the package's main entry, without its choice of runtime.
 *
 * @throws {TypeError} and {RangeError} (rejects) on options that are wrong
 * @throws {Error} (rejects) when the address cannot be listened on
 *
 * @example
 * ```ts
 * import { serve } from "@mooring/http/node";
 *
 * const server = await serve({ port: 0, fetch: () => new Response("hello") });
 * await server.close();
 * ```
 */
export function serve(options: ServeOptions): Promise<Server> {
  return startServer(options, listenOnNode, runtimeClock, inOwnContext);
}
