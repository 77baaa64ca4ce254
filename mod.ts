/**
 * Mooring is an HTTP/1.1 and HTTP/2 server engine built around persistent connections, the same on Deno, Bun and Node.
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
import { runtime } from "./src/adapters/runtime.ts";
import type { ServeOptions, ServerOptions } from "./src/api/options.ts";
export type { TracedRequest } from "./src/api/diagnostics.ts";
export type { MinBodyRate, Timeouts } from "./src/api/timeouts.ts";
import type { Server } from "./src/api/server.ts";
import { makeServer, startServer } from "./src/server/start.ts";

export type { Bytes } from "./src/api/bytes.ts";
export { CLOSE_REASONS } from "./src/api/transport.ts";
export type {
  Addr,
  CloseReason,
  Conn,
  ConnAddr,
  Connection,
  ConnectionState,
  DetachedSocket,
  NetAddr,
  PeerCertificate,
  Transport,
  TransportEvents,
  UnixAddr,
} from "./src/api/transport.ts";
export {
  ConnectionError,
  type ConnectionErrorCode,
  ExchangeError,
  type ExchangeErrorCode,
  ListenError,
  type OptionError,
  ProtocolError,
  type ProtocolErrorCode,
  UnsupportedError,
} from "./src/api/errors.ts";
export type {
  Exchange,
  ExchangeHandler,
  Fields,
  HttpVersion,
  Upgraded,
  UpgradeOptions,
} from "./src/api/exchange.ts";
export type {
  ConnectionOptions,
  DrainBody,
  ListenOptions,
  ServeOptions,
  ServerOptions,
} from "./src/api/options.ts";
export type { FetchHandler, FetchInfo } from "./src/api/fetch.ts";
export type { Http2Options } from "./src/api/http2.ts";
export type { ForwardedField, ProxyProtocolOptions, TrustProxyOptions } from "./src/api/proxies.ts";
export type { TlsCertificate, TlsOptions } from "./src/api/tls.ts";
export type {
  ConnectionSnapshot,
  Server,
  ServerStats,
  ShutdownOptions,
  ShutdownReport,
} from "./src/api/server.ts";
export { type FastBody, FastResponse, type FastResponseClass } from "./src/fetch/fast_response.ts";
export { serveConn } from "./src/adapters/serve_conn.ts";

/**
 * Makes a server that does not listen yet: call its {@linkcode Server.listen}, or give it connections that you accepted
 * yourself by {@linkcode Server.accept}. All of them share its caps, counts and shutdown.
 *
 * @throws {TypeError} on a wrong type, an unknown option, or not exactly one handler
 * @throws {RangeError} on a number out of range
 *
 * @example
 * ```ts
 * import { createServer } from "@mooring/http";
 *
 * const server = createServer({ fetch: () => new Response("hello") });
 * const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
 * const connection = server.accept({ readable, writable });
 * console.assert(server.stats().open === 1);
 * await server.shutdown();
 * console.assert((await connection.closed) === "shutdown_idle");
 * ```
 */
export function createServer(options: ServerOptions): Server {
  return makeServer(options, runtime);
}

/**
 * Starts a server on the current runtime.
 *
 * @returns the server, once it listens
 * @throws {TypeError} (rejects) on a wrong type, an unknown option, or not exactly one handler
 * @throws {RangeError} (rejects) on a number out of range
 * @throws {ListenError} (rejects) where it cannot listen; `code` is the system's, such as `EADDRINUSE`
 * @throws {UnsupportedError} (rejects) where the runtime cannot do what an option asks for
 * @throws (rejects) `signal.reason` where `signal` is aborted already, and what `onListen` throws; it does not listen then
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
export function serve(options: ServeOptions): Promise<Server> {
  return startServer(options, runtime);
}
