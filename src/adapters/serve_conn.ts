/**
 * Mooring on a connection that the program has accepted.
 *
 * @module
 */
import type { ConnectionOptions } from "../api/options.ts";
import type { Conn, Connection } from "../api/transport.ts";
import { connectionSettings } from "../options/settings.ts";
import { serverOn } from "../server/start.ts";
import { runtime } from "./runtime.ts";
import { transportOf } from "./streams.ts";

/**
 * Speaks HTTP on one connection that you accepted yourself: a `Deno.Conn`, a socket's web streams, a `MessagePort`
 * wrapped in streams, memory. For many of them make one server by {@linkcode createServer}, and let it
 * `accept()` them: they share its caps, counts, timer and shutdown then.
 *
 * @throws {TypeError} on options that are wrong, or a `conn` that is no pair of streams, or speaks a protocol that is off
 * @throws {RangeError} on a number out of range
 *
 * @example
 * ```ts
 * import { serveConn } from "@mooring/http";
 *
 * const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
 * const connection = serveConn({ readable, writable }, { fetch: () => new Response("hello") });
 * connection.close();
 * console.assert((await connection.closed) === "forced");
 * ```
 */
export function serveConn(conn: Conn, options: ConnectionOptions): Connection {
  // The options first: where they are wrong, the connection is as it was.
  const server = serverOn(runtime, options, connectionSettings(options));
  return server.accept(transportOf(conn, server.settings)).facade;
}
