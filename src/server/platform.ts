/**
 * What a server needs of its runtime.
 */
import type { Server } from "../api/server.ts";
import type { Conn, Transport } from "../api/transport.ts";
import type { Clock } from "../core/clock.ts";
import type { RequestHandler } from "../core/exchange.ts";
import type { Tracer } from "../core/request_trace.ts";
import type { Settings } from "../options/settings.ts";
import type { Listen } from "./listener.ts";

/** Makes a handler that is called in an asynchronous context of its own each time. */
export type InOwnContext = (handler: RequestHandler) => RequestHandler;

/** A runtime. */
export interface Platform {
  /** Its time. */
  readonly clock: Clock;
  /** Keeps the asynchronous contexts of requests apart. */
  readonly inOwnContext?: InOwnContext;
  /** Who is told of requests. */
  readonly tracer?: Tracer | null;
  /** Gets each server as soon as it is made. */
  readonly onServer?: (server: Server) => void;
  /** Opens listeners. */
  readonly listen: Listen;
  /**
   * The transport of a connection that the program has accepted.
   *
   * @throws {TypeError} where it is no pair of streams, or speaks what the settings do not
   */
  readonly transportOf?: (conn: Conn, settings: Settings) => Transport;
}
