/**
 * What `fetch` handlers are, and get. Types only.
 *
 * @module
 */
import type { Addr, Connection, PeerCertificate } from "./transport.ts";
import type { Fields, HttpVersion, Upgraded, UpgradeOptions } from "./exchange.ts";
import type { Timeouts } from "./timeouts.ts";

/** What a `fetch` handler learns beside the request. */
export interface FetchInfo {
  /**
   * The client's address: the peer's, if the transport has one, or what a PROXY header (`proxyProtocol`) or a proxy of
   * `trustProxy` told. The peer's own is `connection.remoteAddr`.
   */
  readonly remoteAddr: Addr | undefined;
  /** The HTTP version that the client speaks (RFC 9110 §2.5). */
  readonly httpVersion: HttpVersion;
  /** The connection that brought the request. */
  readonly connection: Connection;
  /** The client's certificate, as `connection.peerCertificate`. */
  readonly peerCertificate: PeerCertificate | undefined;
  /**
   * Resolves when the response was handed to the transport completely; rejects with a `ConnectionError`
   * when the connection, or its stream (HTTP/2), ended first, or with a `ProtocolError` where the client broke the
   * protocol. Nothing needs to await it.
   */
  readonly completed: Promise<void>;
  /**
   * Aborts when the server, or this connection, is told to shut down, so that a response without an end (an
   * event stream, long polling) can end by itself. It is aborted already in a handler that is called later.
   *
   * @example
   * ```ts
   * import { serve } from "@mooring/http";
   *
   * const server = await serve({
   *   port: 0,
   *   fetch(_request, { draining }) {
   *     const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
   *     const writer = writable.getWriter();
   *     draining.addEventListener("abort", () => void writer.close().catch(() => {}));
   *     return new Response(readable, { headers: { "content-type": "text/event-stream" } });
   *   },
   * });
   * await server.shutdown(); // the streams end, and so do their connections
   * ```
   */
  readonly draining: AbortSignal;
  /** The trailer fields of the request, once its body was read to the end; empty before (RFC 9110 §6.5). */
  readonly trailers: Headers;
  /**
   * Sends 103 Early Hints (RFC 8297) before the response, say `{ link: "</style.css>; rel=preload; as=style" }`,
   * so that the client can fetch what it will need. To HTTP/1.0, which knows no interim responses, nothing is
   * sent.
   *
   * @throws {TypeError} on a field that cannot travel
   * @throws {ExchangeError} when the response has begun
   */
  earlyHints(fields: Fields): void;
  /**
   * Trailer fields to send behind the response's body, or a function that is called at its end. They go behind
   * a body over HTTP/2, and over HTTP/1.1 where it is chunked; elsewhere they are dropped, as any intermediary may do
   * (RFC 9110 §6.5.1).
   */
  sendTrailers(trailers: Fields | (() => Fields)): void;
  /**
   * Hands the connection over to another protocol: answers 101 (to CONNECT 200), and gives the raw streams.
   * Return its `response` then.
   *
   * @throws {ExchangeError} when the request asks for no upgrade, or not for this one (RFC 9110 §7.8), its body
   * was not read to the end, or the response has begun
   * @throws {ConnectionError} when the client has gone away
   * @throws {TypeError} on a field that cannot travel
   */
  upgrade(options?: UpgradeOptions): Upgraded & { readonly response: Response };
  /**
   * The request as an object of the platform's own `Request` class, for code that looks into one: a `Request` or
   * `fetch` that was referenced before the server started, `Bun.write()`, and both globals with the
   * option `globals: false`. Called again it answers the same object. The body moves there, unless it is being read
   * already: read it from one of both.
   *
   * @example
   * ```ts
   * import { serve } from "@mooring/http";
   *
   * const server = await serve({
   *   port: 0,
   *   globals: false,
   *   fetch: (_request, info) => fetch(new Request("http://127.0.0.1:8001/", info.nativeRequest())),
   * });
   * await server.close();
   * ```
   */
  nativeRequest(): Request;
  /**
   * Sets times for this request and the idle time after it, in place of the server's. A wrong one is told of as a
   * wrong option is, by an {@linkcode OptionError}.
   *
   * @throws {TypeError} on a name that is none of {@linkcode Timeouts}, or a value of the wrong type
   * @throws {RangeError} on a value out of range
   * @throws {ExchangeError} when the exchange is over
   */
  setTimeouts(timeouts: Timeouts): void;
}

/** Answers a request with a response, now or later. */
export type FetchHandler = (request: Request, info: FetchInfo) => Response | Promise<Response>;
