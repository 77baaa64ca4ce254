/**
 * One request and its response as an `exchange` handler sees them. Types only.
 *
 * @module
 */
import type { Addr, Connection } from "./conn.ts";
import type { Timeouts } from "./options.ts";

/**
 * Header fields to send: an object (an array is a line each), pairs, or `Headers`. Names and values are
 * checked as they are written.
 */
export type Fields =
  | { readonly [name: string]: string | number | readonly string[] | undefined }
  | Iterable<readonly [string, string]>;

/** What an `exchange` handler is: it answers before it returns, or later. */
export type ExchangeHandler = (x: Exchange) => void | Promise<void>;

/**
 * One request and its response, without web objects: the fastest way to answer. The object is used again
 * for later requests, so it is valid until the response is complete; what you need for longer, copy out.
 *
 * Where the client has gone away, or broke the protocol in its body, answering is a no-op: there is
 * nobody to tell. `signal` says so.
 *
 * @example
 * ```ts
 * import { serve } from "@mooring/http";
 *
 * const server = await serve({
 *   port: 0,
 *   exchange(x) {
 *     x.respond(200, { "content-type": "text/plain" }, `you asked for ${x.target}`);
 *   },
 * });
 * await server.close();
 * ```
 */
export interface Exchange {
  /** The method, as sent (case-sensitive). */
  readonly method: string;
  /** The request target, as sent: a path and query, an absolute URL, an authority, or `*` (RFC 9112 §3.2). */
  readonly target: string;
  /** The client's HTTP version. */
  readonly httpVersion: "1.0" | "1.1";
  /** The connection that brought the request. */
  readonly connection: Connection;
  /** The peer's address, if the transport has one. */
  readonly remoteAddr: Addr | undefined;
  /** Aborts, with a `ConnectionError`, when the client goes away before the response is complete. */
  readonly signal: AbortSignal;
  /** Whether the request brings a body, if only an empty chunked one. */
  readonly hasBody: boolean;
  /** The body's length where the client told it, otherwise `undefined`. 0 without a body. */
  readonly contentLength: number | undefined;

  /**
   * Sets times for this request and the idle time after it, in place of the server's.
   *
   * @throws {TypeError} on a name that is none of {@linkcode Timeouts}, or a value of the wrong type
   * @throws {RangeError} on a value out of range
   * @throws {ExchangeError} when the exchange is over
   */
  setTimeouts(timeouts: Timeouts): void;

  /**
   * The value of a request header, whatever the case of `name`; several lines joined with `", "` (Cookie
   * with `"; "`), `null` when it was not sent.
   */
  header(name: string): string | null;
  /** Name (lower case) and value of each header line, as they came. */
  headers(): IterableIterator<[string, string]>;

  /**
   * The body's bytes.
   *
   * @throws {ExchangeError} when the body was taken already, or the exchange is over
   * @throws {ConnectionError} (rejects) when the client goes away before the body's end
   * @throws {ProtocolError} (rejects) when the body is malformed or over `maxBodyBytes`
   */
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  /** The body as text (UTF-8). Rejects as {@linkcode Exchange.bytes} does. */
  text(): Promise<string>;
  /** The body as JSON. Rejects as {@linkcode Exchange.bytes} does, and with `SyntaxError`. */
  json(): Promise<unknown>;
  /**
   * The body as a stream, with backpressure up to the client; errors as {@linkcode Exchange.bytes} does.
   * What nobody waits for when the response is complete is dropped, and the stream errors.
   */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>>;

  /**
   * Sends the whole response. Content-Length, Date, Connection and Keep-Alive are the engine's; a
   * `content-length` of yours is checked against the body (for HEAD it is sent as given), and
   * `connection: close` ends the connection after the response.
   *
   * @param status 200 to 999
   * @param body text (sent as UTF-8) or bytes; bytes may be sent uncopied, so leave them alone afterwards
   * @throws {RangeError} on a status that is no final one
   * @throws {TypeError} on a field that cannot travel, or a body that is not as long as `content-length`;
   * nothing was sent then, and you may answer otherwise
   * @throws {ExchangeError} when the exchange was answered before
   */
  respond(status: number, fields?: Fields, body?: string | Uint8Array | null): void;

  /**
   * Starts a response whose body follows by {@linkcode Exchange.write}: with your `content-length`, or
   * chunked, or to HTTP/1.0 until the connection closes. Throws as {@linkcode Exchange.respond} does.
   */
  start(status: number, fields?: Fields): void;
  /**
   * Sends a piece of the body.
   *
   * @returns whether more is welcome now; when `false`, await {@linkcode Exchange.ready} first
   * @throws {ExchangeError} before `start` or after `end`
   * @throws {RangeError} when it makes the body longer than its `content-length`; the connection ends
   */
  write(chunk: string | Uint8Array): boolean;
  /**
   * Resolves when more is welcome.
   *
   * @throws {ConnectionError} (rejects) when the client has gone away
   */
  ready(): Promise<void>;
  /**
   * Ends the body that {@linkcode Exchange.start} began.
   *
   * @throws {ExchangeError} before `start` or after `end`
   * @throws {RangeError} when the body is shorter than its `content-length`; the connection ends
   */
  end(chunk?: string | Uint8Array): void;
  /** Cuts the response off, visibly to the client: the connection closes without the body's proper end. */
  abort(): void;
}
