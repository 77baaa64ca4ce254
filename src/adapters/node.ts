/**
 * Mooring on Node.
 *
 * @module
 */
import type { ServeOptions } from "../api/options.ts";
import type { Server } from "../api/server.ts";
import { startServer } from "../server/start.ts";
import { listenOnNode } from "./node_listener.ts";
import { platformWith } from "./platform.ts";

/**
 * Starts a server on Node. As {@linkcode serve} of the package's main entry, without its choice of runtime.
 *
 * @throws {TypeError} and {RangeError} (rejects) on options that are wrong
 * @throws {ListenError} (rejects) where it cannot listen
 * @throws {UnsupportedError} (rejects) where the runtime cannot do what an option asks for
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
  return startServer(options, platformWith(listenOnNode));
}
