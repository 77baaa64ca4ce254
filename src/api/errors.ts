/**
 * The errors that Mooring raises. A `ProtocolError` carries the status that the engine answers with: the peer's
 * mistake, a limit, or no room; a `ConnectionError` is the connection's end. Wrong arguments are `TypeError` or `RangeError`;
 * of a wrong option these have the properties of {@linkcode OptionError}, too.
 *
 * @module
 */

/** What a peer did wrong, as a stable name. */
export type ProtocolErrorCode =
  | "bad_proxy_header"
  | "bad_request_line"
  | "bad_target"
  | "bad_version"
  | "bad_field"
  | "bad_host"
  | "bad_content_length"
  | "bad_transfer_encoding"
  | "unknown_transfer_encoding"
  | "unsupported_version"
  | "unsupported_expectation"
  | "target_too_long"
  | "head_too_large"
  | "too_many_fields"
  | "bad_chunk"
  | "chunk_extensions_too_long"
  | "body_too_large"
  | "body_incomplete"
  | "head_timeout"
  | "request_timeout"
  | "body_too_slow"
  | "too_many_connections"
  | "bad_frame";

/**
 * The peer broke HTTP, or a limit. The engine answers it with {@linkcode ProtocolError.status} and closes.
 *
 * @example
 * ```ts
 * import { ProtocolError } from "@mooring/http";
 *
 * const error = new ProtocolError("bad_host", 400, "Host is missing");
 * console.assert(error.status === 400);
 * ```
 */
export class ProtocolError extends Error {
  /** Always `"ProtocolError"`. */
  override readonly name = "ProtocolError";
  /** What was wrong, as a name that does not change between versions. */
  readonly code: ProtocolErrorCode;
  /** The status that answers it (RFC 9110 §15). */
  readonly status: number;

  /** Makes an error with a stable `code`, the `status` that answers it and a sentence for people. */
  constructor(code: ProtocolErrorCode, status: number, message: string) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** How a connection ended under an exchange, as a stable name. */
export type ConnectionErrorCode = "peer_gone" | "closed" | "timeout";

/**
 * The connection ended before the exchange did: body readers of an exchange reject with it, and it is the `cause` of the
 * `AbortError` with which `signal` aborts and the body reads of a `fetch` handler's request reject.
 *
 * @example
 * ```ts
 * import { ConnectionError } from "@mooring/http";
 *
 * const error = new ConnectionError("peer_gone", "the client closed the connection");
 * console.assert(error.code === "peer_gone");
 * ```
 */
export class ConnectionError extends Error {
  /** Always `"ConnectionError"`. */
  override readonly name = "ConnectionError";
  /** What ended the connection. */
  readonly code: ConnectionErrorCode;

  /** Makes an error with a stable `code` and a sentence for people; `cause` is the transport's own error. */
  constructor(code: ConnectionErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/**
 * What was done with an exchange against its order:
 * - `over`: it was used after its response was complete
 * - `answered`: it was answered again
 * - `not_started`: `write()` or `end()` came before `start()`
 * - `unanswered`: its handler ended without a response
 * - `body_used`: its request's body was read already, or not before `upgrade()`
 * - `body_dropped`: its request's body was read after the response
 * - `no_upgrade`: the request asks for no upgrade, or not for this one
 * - `detached`: its tunnel's socket was taken
 */
export type ExchangeErrorCode =
  | "over"
  | "answered"
  | "not_started"
  | "unanswered"
  | "body_used"
  | "body_dropped"
  | "no_upgrade"
  | "detached";

/**
 * An {@linkcode Exchange} was misused: answered twice, written after its end, its body read twice. The message
 * says which.
 *
 * @example
 * ```ts
 * import { ExchangeError } from "@mooring/http";
 *
 * console.assert(new ExchangeError("answered", "the response was started already").code === "answered");
 * ```
 */
export class ExchangeError extends Error {
  /** Always `"ExchangeError"`. */
  override readonly name = "ExchangeError";
  /** What was wrong, as a name that does not change between versions. */
  readonly code: ExchangeErrorCode;

  /** Makes an error with a stable `code` and a sentence for people. */
  constructor(code: ExchangeErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * A server cannot listen, or not any more.
 *
 * @example
 * ```ts
 * import { ListenError, serve } from "@mooring/http";
 *
 * const first = await serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("hello") });
 * const { port } = new URL(first.url);
 * const error = await serve({ port, hostname: "127.0.0.1", fetch: () => new Response("hello") }).catch((error) => error);
 * console.assert(error instanceof ListenError && error.code === "EADDRINUSE");
 * await first.close();
 * ```
 */
export class ListenError extends Error {
  /** Always `"ListenError"`. */
  override readonly name = "ListenError";
  /**
   * The system's name of the error, such as `EADDRINUSE`, where it gives one; otherwise `bad_certificate`,
   * `listen_failed`, `not_listening` (the server has no address yet) or `server_closed`.
   */
  readonly code: string;

  /** Makes an error with a `code` and a sentence for people; `cause` is the runtime's own error. */
  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/**
 * The runtime, or the system, cannot do what an option asks for.
 *
 * @example
 * ```ts
 * import { UnsupportedError } from "@mooring/http";
 *
 * const error = new UnsupportedError("Deno", "tls.ca", "Deno cannot ask clients for certificates");
 * console.assert(error.code === "unsupported" && error.option === "tls.ca");
 * ```
 */
export class UnsupportedError extends Error {
  /** Always `"UnsupportedError"`. */
  override readonly name = "UnsupportedError";
  /** Always `"unsupported"`. */
  readonly code = "unsupported";
  /** What cannot: a runtime, or a system as `process.platform` names it. */
  readonly runtime: string;
  /** The option's name. */
  readonly option: string;

  /** Makes an error of the `option` that `runtime` does not support, and a sentence for people. */
  constructor(runtime: string, option: string, message: string) {
    super(message);
    this.runtime = runtime;
    this.option = option;
  }
}

/**
 * What the `TypeError` or `RangeError` of a wrong option has beside its message.
 *
 * @example
 * ```ts
 * import { createServer, type OptionError } from "@mooring/http";
 *
 * try {
 *   createServer({ idleTimeout: -1, fetch: () => new Response("hello") });
 * } catch (error) {
 *   const { code, option } = error as OptionError;
 *   console.assert(error instanceof RangeError && code === "bad_option" && option === "idleTimeout");
 * }
 * ```
 */
export interface OptionError extends Error {
  /** Always `"bad_option"`. */
  readonly code: "bad_option";
  /**
   * The option's name, such as `idleTimeout` or `drainBody.bytes`, known or not. Of options that do not go together it is
   * the one that the message names first; where no handler was given, `fetch`; where the options are no object, `options`.
   */
  readonly option: string;
}
