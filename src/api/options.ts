/**
 * What can be set, with every default, documented once. Types only; `settings.ts` checks them.
 *
 * @module
 */
import type { Addr, Connection, ConnectionState } from "./transport.ts";
import type { ProtocolError } from "./errors.ts";
import type { ExchangeHandler } from "./exchange.ts";
import type { MinBodyRate } from "./timeouts.ts";
import type { FetchHandler } from "./fetch.ts";
import type { Http2Options } from "./http2.ts";
import type { ProxyProtocolOptions, TrustProxyOptions } from "./proxies.ts";
import type { TlsOptions } from "./tls.ts";

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
 * Exactly one of `fetch` and `exchange` answers the requests. A wrong option, here or in {@linkcode ServeOptions}, is a
 * `TypeError` or a `RangeError` with the `code` `bad_option` and the `option`: see {@linkcode OptionError}.
 */
export interface ConnectionOptions {
  /** Answers requests with web `Response`s. */
  readonly fetch?: FetchHandler;
  /** Answers requests through the reusable `Exchange`: the fastest way. */
  readonly exchange?: ExchangeHandler;
  /**
   * Called with every error that a handler threw or rejected with, after a 500 was sent where that was still
   * possible. A `Response` returned here (to `fetch` handlers) is sent instead of the plain 500. Not called for what
   * the client caused and the handler only rethrows: the `ConnectionError` or `AbortError` of one that has gone, the
   * `ProtocolError` of a refused body, which `onRefused` gets.
   * @default console.error
   */
  readonly onError?: (error: unknown, request?: Request) => Response | void | Promise<Response | void>;
  /**
   * Told of each request, or connection, that the engine itself refuses with a 4xx or 5xx response: 400, 408, 413, 414,
   * 417, 431, 501, 505, and 503 at `maxConnections` or `maxConnectionsPerIp`. `error.status` is the status,
   * `error.code` the reason; a handler under way has its body rejected with the same error. Told, too, of a missing or
   * malformed PROXY header (`bad_proxy_header`), to which nothing is answered; not of other connections that are closed
   * without a response. What it throws, or rejects with, goes to `onError`.
   * @default none
   *
   * @example
   * ```ts
   * import { serve } from "@mooring/http";
   *
   * const server = await serve({
   *   port: 0,
   *   fetch: () => new Response("hello"),
   *   onRefused: (error, { remoteAddr }) => console.warn(error.status, error.code, remoteAddr),
   * });
   * await server.close();
   * ```
   */
  readonly onRefused?: (error: ProtocolError, connection: Connection) => void;
  /**
   * Called on each change of a connection's state, synchronously: be quick. What it throws or rejects with goes
   * to `onError`.
   */
  readonly onStateChange?: (connection: Connection, state: ConnectionState) => void;

  /**
   * Whether HTTP/1.1 and HTTP/1.0 are spoken (RFC 9112). `false` needs `http2`: then connections speak HTTP/2 alone, and
   * over TLS (ALPN) clients that offer only HTTP/1.1 are refused.
   * @default true
   *
   * @example
   * ```ts
   * import { serve } from "@mooring/http";
   *
   * const server = await serve({ port: 0, http2: true, http1: false, fetch: () => new Response("hello") });
   * await server.close();
   * ```
   */
  readonly http1?: boolean;
  /**
   * Whether HTTP/2 is spoken (RFC 9113), on the same port as HTTP/1.1, and how: `true`, or what differs from the
   * defaults. Over TLS clients choose it by ALPN, where it is preferred (RFC 7301); without TLS they begin with its
   * connection preface (prior knowledge, RFC 9113 §3.3). `Upgrade: h2c` is not answered.
   * @default false
   *
   * @example
   * ```ts
   * import { serve } from "@mooring/http";
   *
   * const server = await serve({
   *   port: 0,
   *   http2: { maxConcurrentStreams: 50 },
   *   fetch: () => new Response("hello"),
   * });
   * await server.close();
   * ```
   */
  readonly http2?: boolean | Http2Options;
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
   * hint never loses the race between its request and our close. 0 closes it exactly at `idleTimeout`.
   * @default 5_000
   */
  readonly idleTimeoutBuffer?: number;
  /**
   * From a head's first byte to its end; on a new connection from the accept, its TLS handshake and PROXY header
   * included. Answered with 408 where some of a head has come.
   * @default 30_000
   */
  readonly headerTimeout?: number;
  /**
   * From a head's first byte to the end of its body. Answered with 408 where no answer has begun.
   *
   * It also ends an exchange in which nothing moves for this long while it cannot be seen whether the client has gone:
   * it has half-closed, or more than `highWaterMark` of what it has sent waits for the handler.
   * @default 300_000
   */
  readonly requestTimeout?: number;
  /**
   * How fast a request body must come, as bytes a second or with the grace before that counts; what is slower is
   * answered with 408 where no answer has begun. The rate is that of the whole body so far, so that one that came
   * fast may stall: after 1 MB for an hour, which `requestTimeout` shortens. Only the time counts for which the
   * server waits for the client: while the handler does not read, nothing is late. 0 lets a body trickle.
   * @default { bytesPerSecond: 240, grace: 60_000 }
   */
  readonly minBodyRate?: number | MinBodyRate;
  /**
   * How long the client may take no byte of a response that waits to be sent; then the connection is cut.
   * Progress is what the system's send buffer takes: that holds up to some megabytes on a fast network, and takes
   * more only when a part of it was acknowledged. So allow for clients that pause on purpose on a fast
   * network, such as a media player whose buffer is full: it looks stalled for longer than it is.
   * @default 60_000
   */
  readonly writeTimeout?: number;
  /**
   * How many requests one connection serves; the last response says `Connection: close`.
   * @default 0
   */
  readonly maxRequests?: number;
  /**
   * How long a connection lives: the first response after that says `Connection: close`.
   * @default 0
   */
  readonly maxAge?: number;
  /**
   * By which share of `maxAge` a connection may live shorter or longer, from 0 to 1; each draws its own, so
   * that those which came together do not leave together.
   * @default 0.1
   */
  readonly jitter?: number;
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
  /**
   * How much of an unread body is drained before the connection is ended instead.
   * @default { bytes: 262_144, timeout: 500 }
   */
  readonly drainBody?: DrainBody;
  /**
   * How long a closing connection still reads and discards, so that the peer can read the last response
   * (RFC 9112 §9.6). 0 closes at once.
   * @default 5_000
   */
  readonly lingerTimeout?: number;
  /**
   * Bytes buffered in each direction of a connection before backpressure sets in; at least 1. HTTP/2 gathers frames up to
   * half as much again.
   * @default 65_536
   */
  readonly highWaterMark?: number;
  /**
   * Takes clients' addresses from the proxies that `allow` names, by the PROXY protocol (HAProxy's, versions 1
   * and 2; `send-proxy` and `send-proxy-v2` there, `proxy_protocol on` in nginx's streams).
   *
   * A connection from one of them must begin with a PROXY header, within `headerTimeout`: where it is missing,
   * malformed or larger than 4 KiB the connection is closed at once without an answer, as `protocol_error`.
   * From then on `remoteAddr` and `localAddr` are what the header says; until then, and where the header says
   * that the proxy speaks for itself (as for a health check) or does not know, they are the transport's. Its
   * TLVs are passed over. Everybody else speaks plain HTTP, in which such a header is a malformed request (400).
   *
   * Allow no peer that could be made to pass on a header of a client's: the sender of a header chooses the address
   * that is seen here. `maxConnectionsPerIp` counts by the transport's address, which is the proxy's. Does not
   * go with `tls`, since the header comes before the handshake.
   *
   * @default no PROXY header is read
   */
  readonly proxyProtocol?: ProxyProtocolOptions;
  /**
   * Takes the client's address and the scheme of `request.url` from the fields that proxies set, `X-Forwarded-For` and
   * `X-Forwarded-Proto`, so that both are the client's behind a proxy that ends its TLS; and its host and port from
   * `X-Forwarded-Host`, `X-Forwarded-Port`, or all of it from `Forwarded` (RFC 7239), where `fields` names these.
   *
   * Requests of other peers than those in `allow` have these fields ignored. With `proxyProtocol` it is the address of the
   * PROXY header that is compared with `allow`. Of a list of addresses, the last one that is not in `allow` is the
   * client's: name all proxies through which requests come, and no range that holds clients, who would be believed as
   * proxies are.
   *
   * Of `X-Forwarded-Proto`, `-Host` and `-Port` the last value counts. Say that a client at 192.0.2.1 asks for b.example
   * and sends `X-Forwarded-Host: evil.example`, that an outer proxy at 10.0.0.3 adds to both fields, and an inner one to
   * the addresses alone. What arrives has as many hosts as proxies, and yet the first is the client's invention:
   *
   * ```http
   * X-Forwarded-For: 192.0.2.1, 10.0.0.3
   * X-Forwarded-Host: evil.example, b.example
   * ```
   *
   * The last value may be the inner proxy's, as `http` where the outer one alone ends TLS: have inner proxies leave these
   * fields alone, or use `Forwarded`, whose elements tell everything of one proxy.
   *
   * A value that is malformed, a host that would be refused as Host, or a scheme other than `http` and `https` counts as
   * not told. A client's port is 0 where it is not told. The fields stay in the request's headers.
   *
   * Each field of `fields` must be set, added to or removed by every proxy that clients can reach: one that passes on
   * what a client has sent lets the client choose what is seen here (RFC 7239 §8.1). Connections, `maxConnectionsPerIp` and
   * `onRefused` have the peer's own address.
   *
   * @default such fields are headers like others
   *
   * @example
   * ```ts
   * import { serve } from "@mooring/http";
   *
   * const server = await serve({
   *   port: 0,
   *   hostname: "127.0.0.1",
   *   trustProxy: { allow: ["127.0.0.1", "10.0.0.0/8"] },
   *   fetch: (request, info) => Response.json([request.url, info.remoteAddr]),
   * });
   * await server.close();
   * ```
   */
  readonly trustProxy?: TrustProxyOptions;
  /**
   * Whether a `fetch` handler replaces the globals `fetch`, `Request` and `Response` of this process, when the server is
   * made: so that the first two take the requests that it gets, and responses are sent without a stream.
   * docs/requests-and-responses.md says what differs. `false` leaves them alone; what looks into a request then needs
   * {@linkcode FetchInfo.nativeRequest}, and each response is read as a stream.
   * @default true
   */
  readonly globals?: boolean;
}

/** What a server needs to know, wherever its connections come from. */
export interface ServerOptions extends ConnectionOptions {
  /**
   * How many connections there may be at a time, those in their TLS handshake included. At the cap a newcomer takes
   * the place of the connection that has been idle for longest, or has brought no request yet; then of one whose
   * client has half-closed, or that lingers; where there is none it gets 503, and is closed. Near the cap the server
   * makes room before it is full: from 75 % on idle connections are kept for a quarter of `idleTimeout`
   * (which they are told), from 90 % on the first response of a connection says `Connection: close`. 0 sets no limit.
   * @default 0
   */
  readonly maxConnections?: number;
  /**
   * How many connections there may be at a time from one IP address; more get 503, and are closed. Behind a
   * proxy all connections come from the proxy's, also with `proxyProtocol`. 0 sets no limit.
   * @default 0
   */
  readonly maxConnectionsPerIp?: number;
}

/** Where a server listens: on one of `port` (with `hostname`), `path` and `fd`. */
export interface ListenOptions {
  /**
   * The port, 0 to 65535, also as a string of digits such as `process.env.PORT`; 0 lets the system choose one (see
   * `server.addr`).
   * @default 8000
   */
  readonly port?: number | string;
  /**
   * The address to listen on: of IPv4 or IPv6 (`"::1"`, also `"[::1]"`), or a name of one. `"0.0.0.0"` stands for all
   * of IPv4, `"::"` for all of both. An IPv4 client has its IPv4 address as `remoteAddr` there, too.
   * @default "::", or "0.0.0.0" where IPv6 cannot be had
   */
  readonly hostname?: string;
  /**
   * The path of a Unix domain socket to listen on instead of a port. A socket without a listener
   * is replaced; it is removed when the server ends. On Linux a path that begins with NUL is a name without a
   * file (not on Node 20).
   */
  readonly path?: string;
  /**
   * Permissions of the socket file at `path`, such as `0o660`.
   * @default what the process's umask leaves
   */
  readonly mode?: number;
  /**
   * An inherited socket that listens already, by its file descriptor; or `"systemd"` for the first that
   * systemd passes (`LISTEN_FDS`).
   */
  readonly fd?: number | "systemd";
  /**
   * Speaks TLS with these certificates; `server.reloadTls()` replaces them. Offers `http/1.1` and `http/1.0` by ALPN
   * (RFC 7301), with `http2` also `h2`, which is preferred, and with `http1: false` that alone.
   */
  readonly tls?: TlsOptions;
  /**
   * Lets several processes listen on the same port, among which the system spreads connections.
   * @default false
   */
  readonly reusePort?: boolean;
  /**
   * How many connections may wait to be accepted, at least 1, where the runtime takes such a number (Node, and Deno
   * without `path`). The operating system may cap it.
   * @default 1024
   */
  readonly backlog?: number;
}

/** What `serve()` needs to know: a server, and where it listens. */
export interface ServeOptions extends ServerOptions, ListenOptions {
  /** Ends the server when it aborts, as `server.shutdown()` does. */
  readonly signal?: AbortSignal;
  /**
   * Told the address once the server listens. What it throws ends the server, and is thrown by `serve()`; what it
   * rejects with goes to `onError`.
   */
  readonly onListen?: (addr: Addr) => void;
}
