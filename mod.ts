/**
 * Mooring keeps HTTP/1.1 connections alive: a server engine for persistent connections, the same on Deno,
 * Bun and Node.
 *
 * @example
 * ```ts
 * import { serve } from "@mooring/http";
 *
 * const server = await serve({ port: 0, fetch: () => new Response("hello") });
 * console.log(`listening on ${server.url}`);
 * await server.shutdown();
 * ```
 *
 * @module
 */
import type { ServeOptions } from "./src/options.ts";
import type { Server } from "./src/server/server.ts";

export { CLOSE_REASONS } from "./src/conn.ts";
export type {
  Addr,
  CloseReason,
  Conn,
  Connection,
  ConnectionState,
  HandedOver,
  NetAddr,
  Transport,
  TransportEvents,
  UnixAddr,
} from "./src/conn.ts";
export {
  ConnectionError,
  type ConnectionErrorCode,
  ExchangeError,
  ProtocolError,
  type ProtocolErrorCode,
} from "./src/errors.ts";
export type { Exchange, ExchangeHandler, Fields, Upgraded, UpgradeOptions } from "./src/exchange.ts";
export type {
  ConnectionOptions,
  DrainBody,
  FetchHandler,
  FetchInfo,
  MinBodyRate,
  ProxyProtocolOptions,
  ServeOptions,
  Timeouts,
  TlsOptions,
} from "./src/options.ts";
export type {
  ConnectionSnapshot,
  Server,
  ServerStats,
  ShutdownOptions,
  ShutdownReport,
} from "./src/server/server.ts";
export { type FastBody, FastResponse, type FastResponseClass } from "./src/fetch/fast_response.ts";
export { serveConn } from "./src/adapters/streams.ts";

/**
 * Starts a server on the runtime at hand.
 *
 * @returns the server, once it listens
 * @throws {TypeError} (rejects) on a wrong type, an unknown option, or not exactly one handler
 * @throws {RangeError} (rejects) on a number out of range
 * @throws {Error} (rejects) when the address cannot be listened on; `cause` is the system's error
 *
 * @example
 * ```ts
 * import { serve } from "@mooring/http";
 *
 * const server = await serve({
 *   port: 0,
 *   idleTimeout: 30_000,
 *   fetch: (request, info) => new Response(`${request.method} on connection ${info.connection.id}`),
 * });
 * const response = await fetch(server.url);
 * console.log(await response.text());
 * await server.shutdown();
 * ```
 */
export async function serve(options: ServeOptions): Promise<Server> {
  // Each runtime's adapter is loaded by that runtime alone: the others could not even read it.
  const runtime = "Bun" in globalThis ? "bun" : "Deno" in globalThis ? "deno" : "node";
  const adapter = runtime === "bun"
    ? await import("./src/adapters/bun.ts")
    : runtime === "deno"
    ? await import("./src/adapters/deno.ts")
    : await import("./src/adapters/node.ts");
  return await adapter.serve(options);
}
