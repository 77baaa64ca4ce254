/**
 * What a connection is to its user (`Connection`), to who accepts it (`Conn`) and to the engine
 * (`Transport`). Types, and the names of the reasons for its end.
 *
 * @module
 */

/** An address on the internet, as Deno writes it too. */
export interface NetAddr {
  /** Always `"tcp"`. */
  readonly transport: "tcp";
  /** The numeric IP address. */
  readonly hostname: string;
  /** The port. */
  readonly port: number;
}

/** The address of a Unix domain socket. */
export interface UnixAddr {
  /** Always `"unix"`. */
  readonly transport: "unix";
  /** Where the socket lies in the file system; empty for a peer without a name. */
  readonly path: string;
}

/** An address of either kind. */
export type Addr = NetAddr | UnixAddr;

/** An address of a `Conn`: also as Deno's types have it, which allow for datagrams. */
export type ConnAddr =
  | { readonly transport: "tcp" | "udp"; readonly hostname: string; readonly port: number }
  | { readonly transport: "unix" | "unixpacket"; readonly path: string };

/**
 * A byte stream in both directions that you accepted yourself. `Deno.Conn` fits as it is, and so does
 * any pair of web streams.
 *
 * @example
 * ```ts
 * import { type Conn, serveConn } from "@mooring/http";
 *
 * const toServer = new TransformStream<Uint8Array, Uint8Array>();
 * const toClient = new TransformStream<Uint8Array, Uint8Array>();
 * const conn: Conn = { readable: toServer.readable, writable: toClient.writable };
 * const connection = serveConn(conn, { fetch: () => new Response("hello") });
 * connection.close();
 * ```
 */
export interface Conn {
  /** What the peer sends. */
  readonly readable: ReadableStream<Uint8Array>;
  /** What goes to the peer. */
  readonly writable: WritableStream<Uint8Array>;
  /** The peer's address, if there is one. */
  readonly remoteAddr?: ConnAddr;
  /** Our address, if there is one. */
  readonly localAddr?: ConnAddr;
  /** Whether the bytes travel encrypted, so that URLs begin with `https`. */
  readonly isSecure?: boolean;
  /**
   * The protocol that a TLS handshake has agreed upon (ALPN), if one has: it must be one that is spoken here, as options
   * `http1` and `http2` say.
   */
  readonly alpnProtocol?: string | null;
  /** Releases the stream at once; called when the connection is over. */
  close?(): void;
}

/**
 * What moves a connection's bytes: the engine calls these, and the adapter calls `TransportEvents`.
 * Adapters implement it; users meet `Conn`.
 *
 * - The adapter hands over a transport as soon as the stream is accepted, before any handshake on it, and never
 *   one that is closed already. The engine calls `start` once, before anything else, and nothing after `close`.
 * - Calls on a stream that the peer has closed or reset do nothing; they do not throw.
 * - Events may come at any time, from inside of a call of `Transport` too: the engine takes up such a one when
 *   the call has returned.
 */
export interface Transport {
  /** The peer's address; `undefined` where there is none, or where the runtime does not know it any more. */
  readonly remoteAddr: Addr | undefined;
  /** Our address; `undefined` likewise. */
  readonly localAddr: Addr | undefined;
  /** Whether the bytes travel encrypted, so that URLs begin with `https`. */
  readonly isSecure?: boolean;
  /**
   * The protocol that the TLS handshake has agreed upon (ALPN, RFC 7301), such as `"h2"`; `null` where it has agreed upon
   * none. `undefined` before the handshake is over, and where there was none.
   */
  readonly alpnProtocol?: string | null | undefined;
  /** The peer's certificate, if it was asked for one and has sent it; `undefined` before the TLS handshake is over. */
  readonly peerCertificate?: PeerCertificate | undefined;
  /**
   * Whether responses of asynchronous handlers wait for the end of the turn of the event loop, to leave together with those
   * of other connections, which saves wake-ups of their peer, unless handlers compute for long. Otherwise a complete
   * response over HTTP/1.1 is written at once. Parts of streamed ones wait for the end of the turn on any transport.
   *
   * @default false
   */
  readonly batchesResponses?: boolean;
  /** Whether the TLS handshake is still under way; what is written meanwhile is sent after it. */
  readonly handshaking?: boolean;
  /** Tells `events` what happens from now on. */
  start(events: TransportEvents): void;
  /**
   * Sends `bytes[start, end)` after all that was sent before.
   *
   * @returns `true` when every byte was taken and the memory may be used again; `false` when the
   * transport keeps the memory until it calls `drained`
   */
  write(bytes: Uint8Array, start: number, end: number): boolean;
  /**
   * Written bytes that the system has not taken yet. While this does not change the peer reads none, as far as
   * the system knows: `writeTimeout` runs.
   */
  unsent(): number;
  /**
   * Gives the socket itself away: from now on bytes that come go there, and of `TransportEvents` only
   * `transportClosed` is told. Missing where there is no socket that others could use.
   */
  detach?(): DetachedSocket;
  /** Stops `receive`. One more call may come that was under way. */
  pause(): void;
  /** Goes on with `receive`. */
  resume(): void;
  /**
   * Looks whether the peer has reset the stream, which some systems do not tell while it is paused, or once the peer
   * has half-closed: `transportClosed` follows then. Missing where a reset is told anyway, or cannot be found out.
   */
  probe?(): void;
  /**
   * Half-closes: the peer reads the end after everything that was written. Called once.
   *
   * @returns `true` when nothing is left to send, so that `close` loses nothing; `false` when `drained` will
   * tell
   */
  end(): boolean;
  /**
   * Releases the stream at once, both ways, a handshake under way included. What was not sent yet is lost. No
   * event follows but `drained`.
   *
   * @param abruptly the peer is to see a failure (a reset) instead of an end, where the transport has one
   */
  close(abruptly: boolean): void;
}

/** A socket that a transport gave away. */
export interface DetachedSocket {
  /** The runtime's own socket: a `node:net` (or `node:tls`) `Socket`. */
  readonly socket: unknown;
  /** Gives it bytes to read before all that come from now on. */
  unshift(bytes: Uint8Array): void;
}

/**
 * What an adapter tells the engine of a transport. `transportClosed` comes once, and nothing but `drained` comes after it.
 */
export interface TransportEvents {
  /**
   * Bytes came: `bytes[start, end)`. With `mayKeep` the adapter offers the whole `bytes.buffer`, which it must not share: the
   * engine may write to it, and hand it over to the handler, instead of copying.
   *
   * @returns whether the caller still owns the memory: `false` only where `mayKeep`
   */
  receive(bytes: Uint8Array, start: number, end: number, mayKeep?: boolean): boolean;
  /** The peer half-closed: no more bytes will come. */
  receiveEnd(): void;
  /**
   * All that `write` and `end` kept was sent. Where the transport was closed before, this may come once after
   * `close`, as soon as the kept memory is not read any more: then it is used again.
   */
  drained(): void;
  /** The stream is gone, both ways; `error` says why if it broke. */
  transportClosed(error?: unknown): void;
}

/**
 * Where a connection is in its life: `new` accepted, nothing asked yet; `active` a request is being read
 * or answered; `idle` between two requests; `draining` its last response was sent, and it ends; `upgraded` it
 * speaks another protocol; `closed`.
 */
export type ConnectionState = "new" | "active" | "idle" | "draining" | "upgraded" | "closed";

/**
 * Why a connection ended:
 * - `client_closed`: the peer closed it between requests, or before its first
 * - `client_gone`: the peer went away while something was under way
 * - `close_requested`: the request had `Connection: close` (or was HTTP/1.0 without `keep-alive`)
 * - `response_close`: the handler's response had `Connection: close`, or its framing left no other way
 * - `max_requests`: `maxRequests` were answered
 * - `max_age`: it was older than `maxAge`
 * - `keep_alive_off`: `keepAlive` is `false`
 * - `pressure`: it was new, and the server near `maxConnections`
 * - `idle_timeout`, `header_timeout`, `request_timeout`: a deadline passed
 * - `slow_body`: a request body came slower than `minBodyRate`
 * - `write_timeout`: the peer took no byte of a response for `writeTimeout`
 * - `evicted`: it was idle, had brought no request yet, or its client had half-closed, and it made room for a newcomer
 *   at `maxConnections`
 * - `rejected`: it came at `maxConnections` or `maxConnectionsPerIp`, and got 503
 * - `protocol_error`: the request was malformed or over a limit, or a PROXY header missing or malformed
 * - `unread_body`: more of an unread body was left than is worth draining
 * - `handler_error`: the handler failed after its response had begun
 * - `upgraded`: it was handed over to another protocol, and that has ended
 * - `shutdown`: the server, or `connection.shutdown()`, let it finish its last exchange
 * - `shutdown_idle`: it was idle, or had not asked yet, when the server or `connection.shutdown()` ended it
 * - `forced`: `close()` ended it at once
 */
export type CloseReason = typeof CLOSE_REASONS[number];

/** Every {@linkcode CloseReason}, for counts that begin at 0. */
export const CLOSE_REASONS = [
  "client_closed",
  "client_gone",
  "close_requested",
  "response_close",
  "max_requests",
  "max_age",
  "keep_alive_off",
  "pressure",
  "idle_timeout",
  "header_timeout",
  "request_timeout",
  "slow_body",
  "write_timeout",
  "evicted",
  "rejected",
  "protocol_error",
  "unread_body",
  "handler_error",
  "upgraded",
  "shutdown",
  "shutdown_idle",
  "forced",
] as const;

/**
 * The certificate with which a client has proved who it is (RFC 5280, RFC 8446 §4.4.2).
 *
 * @example
 * ```ts
 * import { serve } from "@mooring/http";
 *
 * await serve({
 *   port: 443,
 *   tls: { keyFile: "key.pem", certFile: "cert.pem", caFile: "clients.pem" },
 *   fetch: (_request, info) => new Response(`hello ${info.peerCertificate?.subject.CN}`),
 * });
 * ```
 */
export interface PeerCertificate {
  /** Whether it was issued by one of `tls.ca` and is valid now; always, unless `tls.rejectUnauthorized` is `false`. */
  readonly authorized: boolean;
  /** Whom it names, by attribute: `{ CN: "client", O: "Example" }`; an array where one is there several times. */
  readonly subject: { readonly [attribute: string]: string | readonly string[] | undefined };
  /** Who has issued it, likewise. */
  readonly issuer: { readonly [attribute: string]: string | readonly string[] | undefined };
  /** Other names, as `"DNS:a.example, IP Address:192.0.2.1"`, if it has any. */
  readonly subjectAltName: string | undefined;
  /** Its number, in hexadecimal. */
  readonly serialNumber: string;
  /** SHA-256 of `raw`, in hexadecimal with colons. */
  readonly fingerprint256: string;
  /** From when it is valid. */
  readonly validFrom: Date;
  /** Until when it is valid. */
  readonly validTo: Date;
  /** The certificate itself, as DER. */
  readonly raw: Uint8Array;
}

/**
 * One accepted byte stream, and what became of it.
 *
 * @example
 * ```ts
 * import { serve } from "@mooring/http";
 *
 * const server = await serve({
 *   port: 0,
 *   fetch: (_request, info) => new Response(`request ${info.connection.requests} of this connection`),
 *   onStateChange: (connection, state) => console.log(connection.id, state),
 * });
 * await server.close();
 * ```
 */
export interface Connection {
  /** A number that no other connection of this process has. */
  readonly id: number;
  /** Where it is in its life. */
  readonly state: ConnectionState;
  /** How many requests it has brought, the one under way included. */
  readonly requests: number;
  /** The peer's address, if the transport has one; or the client's, once a PROXY header has told it. */
  readonly remoteAddr: Addr | undefined;
  /** Our address, if the transport has one; or the proxy's that the client came to, likewise. */
  readonly localAddr: Addr | undefined;
  /** Whether it is encrypted (TLS). */
  readonly isSecure: boolean;
  /**
   * The client's certificate: where `tls.ca` asks for one, and the client has sent it. Look at `authorized` where
   * `tls.rejectUnauthorized` is `false`.
   */
  readonly peerCertificate: PeerCertificate | undefined;
  /** Resolves when the connection is over, with why; never rejects. */
  readonly closed: Promise<CloseReason>;
  /**
   * Lets the exchange under way finish with `Connection: close`, then ends; ends at once when idle. Aborts `draining`.
   */
  shutdown(): void;
  /** Ends at once; an exchange under way is cut off. */
  close(): void;
}
