/**
 * One request and its response as an `exchange` handler sees them. Types only.
 *
 * @module
 */
import type { Bytes } from "./bytes.ts";
import type { Addr, Connection } from "./transport.ts";
import type { Timeouts } from "./timeouts.ts";

/**
 * Header fields to send: an object (an array is a line each), pairs, or `Headers`. Names and values are
 * checked as they are written.
 */
export type Fields =
  | { readonly [name: string]: string | number | readonly string[] | undefined }
  | Iterable<readonly [string, string]>;

/** The versions of HTTP that are spoken (RFC 9110 §2.5). */
export type HttpVersion = "1.0" | "1.1" | "2";

/** What an `exchange` handler is: it answers before it returns, or later. */
export type ExchangeHandler = (x: Exchange) => void | Promise<void>;

/** How a connection is handed over to another protocol. */
export interface UpgradeOptions {
  /**
   * The protocol to name in the 101 response.
   * @default the first that the request's `Upgrade` names
   */
  readonly protocol?: string;
  /** Fields to send along, such as `Sec-WebSocket-Accept`; Connection and Upgrade are the engine's. */
  readonly fields?: Fields;
  /**
   * Sends no response: the new protocol responds. This is what other servers call hijacking.
   * @default false
   */
  readonly silent?: boolean;
}

/**
 * A connection that was handed over (RFC 9110 §7.8, §9.3.6). It is over when both directions have ended, or
 * when either breaks. No idle, head or body time holds any more; `writeTimeout` does.
 */
export interface Upgraded {
  /** What the client sends, from the first byte after the request on. */
  readonly readable: ReadableStream<Bytes>;
  /** What goes to the client. Closing it half-closes the connection; aborting it resets it. */
  readonly writable: WritableStream<Uint8Array>;
  /**
   * The `node:net` (or `node:tls`) `Socket` itself, with everything in it that came after the request, for
   * libraries that want one: on Node always, on Deno without `tls` and without the name of a host, on Bun with
   * `path`, `fd`, `tls.ca`, `tls.caFile` or `tls.serverNames`; else `undefined`. Reading this property detaches the
   * socket: the two streams fail from then on.
   */
  readonly socket: unknown;
  /**
   * Bytes that were written and that the system has not taken yet, as far as the runtime tells: they are held in this
   * process. What waits in the queue of `writable` is not among them.
   */
  readonly bufferedAmount: number;
}

/**
 * One request and its response, without web objects: the fastest way to answer. The object is used again
 * for later requests, of other clients too, so it is valid until the response is complete: copy out what you need for
 * longer, and leave nothing behind that would answer again. A handler that ends before its response is complete, or
 * fails, has an object that is not used again.
 *
 * Where the client has gone away, or broke the protocol in its body, answering is a no-op: there is
 * no client left. `signal` is aborted.
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
  /** The HTTP version that the client speaks. */
  readonly httpVersion: HttpVersion;
  /** The connection that brought the request. */
  readonly connection: Connection;
  /**
   * The client's address: the peer's, if the transport has one, or what a PROXY header (`proxyProtocol`) or a proxy of
   * `trustProxy` told. The peer's own is `connection.remoteAddr`.
   */
  readonly remoteAddr: Addr | undefined;
  /** `https` where the connection is encrypted, or as a proxy of `trustProxy` told. */
  readonly scheme: "http" | "https";
  /**
   * The host, and maybe a port, to which the request was sent: as a proxy of `trustProxy` told, or of a target with an
   * authority, or of Host. Empty where the client named none (RFC 9112 §3.3). Of CONNECT it is the target, always.
   */
  readonly authority: string;
  /**
   * Aborts when the client goes away, or half-closes, before the response is complete (a half-closed client still gets
   * its response), and when the request's body is refused. The reason is a `DOMException` named `AbortError`, whose
   * `cause` is a `ConnectionError`, or the `ProtocolError` of a refusal. It is aborted already where that has happened.
   */
  readonly signal: AbortSignal;
  /**
   * Aborts when the server, or this connection, is told to shut down, so that a response without an end can end
   * by itself. It is aborted already in a handler that is called later.
   */
  readonly draining: AbortSignal;
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
  bytes(): Promise<Bytes>;
  /** The body as text (UTF-8). Rejects as {@linkcode Exchange.bytes} does. */
  text(): Promise<string>;
  /** The body as JSON. Rejects as {@linkcode Exchange.bytes} does, and with `SyntaxError`. */
  json(): Promise<unknown>;
  /**
   * The body chunk by chunk, as `for await` takes it: the client sends no faster than that, and leaving the
   * loop drops the rest. Throws and rejects as {@linkcode Exchange.bytes} does.
   *
   * @example
   * ```ts
   * import { serve } from "@mooring/http";
   *
   * const server = await serve({
   *   port: 0,
   *   async exchange(x) {
   *     let length = 0;
   *     for await (const chunk of x.chunks()) length += chunk.length;
   *     x.respond(200, {}, `${length} bytes\n`);
   *   },
   * });
   * await server.close();
   * ```
   */
  chunks(): AsyncIterableIterator<Bytes>;
  /**
   * The body as a web stream, with backpressure up to the client; errors as {@linkcode Exchange.bytes} does.
   * What no read waits for when the response is complete is dropped, and the stream errors.
   */
  stream(): ReadableStream<Bytes>;

  /** Name (lower case) and value of each trailer field, once the body was read to its end; none before. */
  trailers(): IterableIterator<[string, string]>;

  /**
   * Sends an interim response before the final one: 102, or 103 as {@linkcode Exchange.earlyHints} does. Nothing is
   * sent to HTTP/1.0, which knows none, and while the client takes nothing.
   *
   * @param status 102 to 199
   * @throws {RangeError} on another status; 100 is sent when the body is asked for
   * @throws {TypeError} on a field that cannot travel
   * @throws {ExchangeError} when the response has begun
   */
  interim(status: number, fields?: Fields): void;
  /**
   * Sends 103 Early Hints (RFC 8297), say `{ link: "</style.css>; rel=preload; as=style" }`, so that the
   * client can fetch what it will need while the response is made. Throws as {@linkcode Exchange.interim}.
   */
  earlyHints(fields: Fields): void;
  /**
   * Hands the connection over to another protocol: answers 101 (to CONNECT 200), and gives the raw streams.
   *
   * @throws {ExchangeError} when the request asks for no upgrade, or not for this one (RFC 9110 §7.8), its body
   * was not read to the end, or the response has begun
   * @throws {ConnectionError} when the client has gone away
   * @throws {TypeError} on a field that cannot travel
   */
  upgrade(options?: UpgradeOptions): Upgraded;

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
   * Sends a chunk of the body. Bytes may be sent uncopied, so leave them alone afterwards.
   *
   * @returns whether more is welcome now; when `false`, await {@linkcode Exchange.ready} first
   * @throws {ExchangeError} before `start` or after `end`
   * @throws {TypeError} on a chunk that is neither text nor bytes
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
   * Ends the body that {@linkcode Exchange.start} began. Trailers go behind a body over HTTP/2, and over HTTP/1.1 where
   * it is chunked; elsewhere they are dropped, as any intermediary may do (RFC 9110 §6.5.1). Bytes may be sent
   * uncopied, so leave them alone afterwards.
   *
   * @throws {TypeError} on a chunk that is neither text nor bytes, on a field that cannot travel, or cannot be a trailer
   * @throws {ExchangeError} before `start` or after `end`
   * @throws {RangeError} when the body is shorter than its `content-length`; the connection ends
   */
  end(chunk?: string | Uint8Array | null, trailers?: Fields): void;
  /** Cuts the response off, visibly to the client: the connection closes without the body's proper end. */
  abort(): void;
}
