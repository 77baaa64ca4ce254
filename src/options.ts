/**
 * What can be set, with every default, documented once and checked when given.
 *
 * @module
 */
import type { Addr, Connection, ConnectionState } from "./conn.ts";
import type { ExchangeHandler } from "./exchange.ts";

/** What a `fetch` handler learns beside the request. */
export interface FetchInfo {
  /** The peer's address, if the transport has one. */
  readonly remoteAddr: Addr | undefined;
  /** The connection that brought the request. */
  readonly connection: Connection;
  /**
   * Resolves when the response was handed to the transport completely; rejects with a `ConnectionError`
   * when the connection ended first. Nothing needs to await it.
   */
  readonly completed: Promise<void>;
}

/** Answers a request with a response, now or later. */
export type FetchHandler = (request: Request, info: FetchInfo) => Response | Promise<Response>;

/** How much is read of a body that the handler left unread, so that the connection can be used again. */
export interface DrainBody {
  /**
   * Bytes at the most; 0 drains nothing.
   * @default 262_144
   */
  readonly bytes?: number;
  /**
   * Milliseconds at the most; 0 sets no time.
   * @default 500
   */
  readonly timeout?: number;
}

/**
 * What one connection needs to know. Times are milliseconds and sizes bytes; 0 switches a limit off.
 * Exactly one of `fetch` and `exchange` answers the requests.
 */
export interface ConnectionOptions {
  /** Answers requests with web `Response`s. */
  readonly fetch?: FetchHandler;
  /** Answers requests through the reusable `Exchange`: the fastest way. */
  readonly exchange?: ExchangeHandler;
  /**
   * Told of every error that a handler threw or rejected with, after a 500 was sent where that was still
   * possible. A `Response` returned here (to `fetch` handlers) is sent instead of the plain 500.
   * @default console.error
   */
  readonly onError?: (error: unknown, request?: Request) => Response | void | Promise<Response | void>;
  /** Told of every change of a connection's state, in the middle of things: be quick, and do not throw. */
  readonly onStateChange?: (connection: Connection, state: ConnectionState) => void;

  /**
   * Whether connections persist (RFC 9112 §9.3, HTTP/1.0 with `keep-alive` included).
   * @default true
   */
  readonly keepAlive?: boolean;
  /**
   * Whether responses say `Keep-Alive: timeout=…` (and `max=…`), so that clients know how long a connection
   * may be used again.
   * @default true
   */
  readonly keepAliveHint?: boolean;
  /**
   * How long a connection may be idle between two requests, as it is told to the client.
   * @default 60_000
   */
  readonly idleTimeout?: number;
  /**
   * How much later than `idleTimeout` an idle connection is really closed, so that a client that trusts the
   * hint never loses the race between its request and our close.
   * @default 5_000
   */
  readonly idleTimeoutBuffer?: number;
  /**
   * From a head's first byte to its end; on a new connection from the accept. Answered with 408.
   * @default 30_000
   */
  readonly headerTimeout?: number;
  /**
   * From a head's first byte to the end of its body. Answered with 408 where no answer has begun.
   * @default 300_000
   */
  readonly requestTimeout?: number;
  /**
   * How many requests one connection serves; the last response says `Connection: close`.
   * @default 0
   */
  readonly maxRequests?: number;
  /**
   * Bytes of a request's start line and headers; more gets 431. Also bounds the trailers of a body.
   * @default 16_384
   */
  readonly maxHeaderBytes?: number;
  /**
   * Header lines of a request; more gets 431.
   * @default 100
   */
  readonly maxHeaders?: number;
  /**
   * Bytes of a request target; more gets 414.
   * @default 8_192
   */
  readonly maxTargetBytes?: number;
  /**
   * Bytes of a request body; more gets 413.
   * @default 134_217_728
   */
  readonly maxBodyBytes?: number;
  /** How much of an unread body is drained before the connection is ended instead. */
  readonly drainBody?: DrainBody;
  /**
   * How long a closing connection still reads and discards, so that the peer can read the last response
   * (RFC 9112 §9.6). 0 closes at once.
   * @default 5_000
   */
  readonly lingerTimeout?: number;
  /**
   * Bytes buffered in each direction of a connection before backpressure sets in; at least 1.
   * @default 65_536
   */
  readonly highWaterMark?: number;
}

/** What a server needs to know beside what its connections do. */
export interface ServeOptions extends ConnectionOptions {
  /**
   * The port, 0 to 65535; 0 lets the system choose one (see `server.addr`).
   * @default 8000
   */
  readonly port?: number;
  /**
   * The address to listen on.
   * @default "0.0.0.0"
   */
  readonly hostname?: string;
  /**
   * How many connections may wait to be accepted, where the runtime takes such a number (Node). The
   * operating system may cap it.
   * @default 1024
   */
  readonly backlog?: number;
  /** Ends the server when it aborts, as `server.shutdown()` does. */
  readonly signal?: AbortSignal;
  /** Told the address once the server listens. */
  readonly onListen?: (addr: Addr) => void;
}

/** The settings of a connection: every option has its value. */
export interface Settings {
  readonly keepAlive: boolean;
  readonly keepAliveHint: boolean;
  readonly idleTimeout: number;
  readonly idleTimeoutBuffer: number;
  readonly headerTimeout: number;
  readonly requestTimeout: number;
  readonly maxRequests: number;
  readonly maxHeaderBytes: number;
  readonly maxHeaders: number;
  readonly maxTargetBytes: number;
  readonly maxBodyBytes: number;
  readonly drainBytes: number;
  readonly drainTimeout: number;
  readonly lingerTimeout: number;
  readonly highWaterMark: number;
}

/** The settings of a listener. */
export interface ListenSettings {
  readonly port: number;
  readonly hostname: string;
  readonly backlog: number;
}

const CONNECTION_OPTIONS = [
  "fetch",
  "exchange",
  "onError",
  "onStateChange",
  "keepAlive",
  "keepAliveHint",
  "idleTimeout",
  "idleTimeoutBuffer",
  "headerTimeout",
  "requestTimeout",
  "maxRequests",
  "maxHeaderBytes",
  "maxHeaders",
  "maxTargetBytes",
  "maxBodyBytes",
  "drainBody",
  "lingerTimeout",
  "highWaterMark",
] as const satisfies readonly (keyof ConnectionOptions)[];

const DRAIN_BODY_OPTIONS = ["bytes", "timeout"] as const satisfies readonly (keyof DrainBody)[];

const SERVE_OPTIONS = [
  ...CONNECTION_OPTIONS,
  "port",
  "hostname",
  "backlog",
  "signal",
  "onListen",
] as const satisfies readonly (keyof ServeOptions)[];

/** A timer of a platform holds 31 bits of milliseconds, and fires at once on more. */
export const MAX_TIME: number = 2 ** 31 - 1;
const MAX_PORT = 65_535;

/**
 * Checks the options of one connection and fills in the defaults.
 *
 * @throws {TypeError} on a wrong type, an unknown option, or not exactly one handler
 * @throws {RangeError} on a number out of range
 */
export function connectionSettings(options: ConnectionOptions): Settings {
  checkNames(options, CONNECTION_OPTIONS);
  return settings(options);
}

/** Checks the options of a server and fills in the defaults. Throws as `connectionSettings` does. */
export function serveSettings(options: ServeOptions): Settings & ListenSettings {
  checkNames(options, SERVE_OPTIONS);
  const { hostname = "0.0.0.0", signal } = options;
  checkType("onListen", options.onListen, "function");
  if (typeof hostname !== "string" || hostname === "") {
    throw new TypeError(`option "hostname" must be an address or a host name, not ${show(hostname)}`);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`option "signal" must be an AbortSignal, not ${show(signal)}`);
  }
  return {
    ...settings(options),
    port: number("port", options.port, 8000, 0, MAX_PORT),
    hostname,
    backlog: number("backlog", options.backlog, 1024, 1, MAX_TIME),
  };
}

function settings(options: ConnectionOptions): Settings {
  const { fetch, exchange, drainBody = {} } = options;
  checkType("fetch", fetch, "function");
  checkType("exchange", exchange, "function");
  if ((fetch === undefined) === (exchange === undefined)) {
    throw new TypeError(
      fetch === undefined
        ? 'a handler is missing: give option "fetch", or option "exchange"'
        : 'options "fetch" and "exchange" exclude each other: give one of them',
    );
  }
  checkType("onError", options.onError, "function");
  checkType("onStateChange", options.onStateChange, "function");
  if (typeof drainBody !== "object" || drainBody === null) {
    throw new TypeError(
      `option "drainBody" must be an object like { bytes, timeout }, not ${show(drainBody)}`,
    );
  }
  checkNames(drainBody, DRAIN_BODY_OPTIONS, "drainBody.");
  return {
    keepAlive: flag("keepAlive", options.keepAlive),
    keepAliveHint: flag("keepAliveHint", options.keepAliveHint),
    idleTimeout: number("idleTimeout", options.idleTimeout, 60_000, 0, MAX_TIME),
    idleTimeoutBuffer: number("idleTimeoutBuffer", options.idleTimeoutBuffer, 5_000, 0, MAX_TIME),
    headerTimeout: number("headerTimeout", options.headerTimeout, 30_000, 0, MAX_TIME),
    requestTimeout: number("requestTimeout", options.requestTimeout, 300_000, 0, MAX_TIME),
    maxRequests: number("maxRequests", options.maxRequests, 0),
    maxHeaderBytes: number("maxHeaderBytes", options.maxHeaderBytes, 16_384),
    maxHeaders: number("maxHeaders", options.maxHeaders, 100),
    maxTargetBytes: number("maxTargetBytes", options.maxTargetBytes, 8_192),
    maxBodyBytes: number("maxBodyBytes", options.maxBodyBytes, 128 * 1024 * 1024),
    drainBytes: number("drainBody.bytes", drainBody.bytes, 256 * 1024),
    drainTimeout: number("drainBody.timeout", drainBody.timeout, 500, 0, MAX_TIME),
    lingerTimeout: number("lingerTimeout", options.lingerTimeout, 5_000, 0, MAX_TIME),
    highWaterMark: number("highWaterMark", options.highWaterMark, 64 * 1024, 1),
  };
}

function checkNames(options: unknown, known: readonly string[], prefix = ""): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`options must be an object with "fetch" or "exchange", not ${show(options)}`);
  }
  for (const name in options) {
    if (!known.includes(name)) {
      throw new TypeError(
        `option ${JSON.stringify(prefix + name)} is unknown; the options are ${known.join(", ")}`,
      );
    }
  }
}

function checkType(name: string, value: unknown, type: "function"): void {
  if (value !== undefined && typeof value !== type) {
    throw new TypeError(`option "${name}" must be a ${type}, not ${show(value)}`);
  }
}

function flag(name: string, value: boolean | undefined): boolean {
  if (value === undefined) return true;
  if (typeof value !== "boolean") {
    throw new TypeError(`option "${name}" must be true or false, not ${show(value)}`);
  }
  return value;
}

function number(
  name: string,
  value: number | undefined,
  fallback: number,
  min = 0,
  max = Number.MAX_SAFE_INTEGER,
) {
  if (value === undefined) return fallback;
  if (typeof value !== "number") throw new TypeError(`option "${name}" must be a number, not ${show(value)}`);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`option "${name}" must be a whole number from ${min} to ${max}, not ${value}`);
  }
  return value;
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : value === null ? "null" : typeof value;
}
