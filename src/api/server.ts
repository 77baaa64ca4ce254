/// <reference lib="esnext.disposable" preserve="true" />
/**
 * What users hold of a server. Types only.
 *
 * @module
 */
import type { Addr, CloseReason, Conn, Connection, ConnectionState, Transport } from "./transport.ts";
import type { ListenOptions } from "./options.ts";
import type { TlsOptions } from "./tls.ts";

/** What a server has counted since it started. */
export interface ServerStats {
  /** Connections let in, from the TCP accept on. */
  readonly accepted: number;
  /** Connections turned away at `maxConnections` or `maxConnectionsPerIp`. */
  readonly rejected: number;
  /** Connections that were closed to make room for others at `maxConnections`. */
  readonly evicted: number;
  /** Connections that are open now, in whatever state. */
  readonly open: number;
  /** Connections whose TLS handshake is under way, now. */
  readonly handshaking: number;
  /** Connections with a request under way, now. */
  readonly active: number;
  /** Connections between two requests, now. */
  readonly idle: number;
  /** Connections that were handed over to another protocol, and are open now. */
  readonly upgraded: number;
  /** Requests begun. */
  readonly requests: number;
  /** Requests that are under way now: with HTTP/2 a connection may have many, one on each open stream. */
  readonly inFlight: number;
  /** Requests on a connection that had brought one before. */
  readonly reused: number;
  /** `reused` as a share of `requests`, from 0 to 1; 0 before the first. */
  readonly reuseRatio: number;
  /** Bytes received. */
  readonly bytesRead: number;
  /** Bytes handed to the transports. */
  readonly bytesWritten: number;
  /** Connections that ended, by reason; those in `evicted` and `rejected` too. */
  readonly closed: Readonly<Partial<Record<CloseReason, number>>>;
}

/** A connection as it is at one moment. */
export interface ConnectionSnapshot {
  /** As `Connection.id`. */
  readonly id: number;
  /** As `Connection.state`. */
  readonly state: ConnectionState;
  /** Milliseconds since it was accepted. */
  readonly age: number;
  /** Milliseconds since it became idle; 0 when it is not. */
  readonly idleTime: number;
  /** Milliseconds until it is closed for being idle; `null` when it is not idle, or may be for ever. */
  readonly idleTimeLeft: number | null;
  /** As `Connection.requests`. */
  readonly requests: number;
  /** Requests that are under way on it: with HTTP/1.1 at most one, with HTTP/2 its open streams. */
  readonly inFlight: number;
  /** The peer's address, if the transport has one. */
  readonly remoteAddr: Addr | undefined;
}

/** How a server shuts down. */
export interface ShutdownOptions {
  /**
   * Milliseconds until what is still under way is cut off; 0 waits for as long as it takes.
   * @default 30_000
   */
  readonly timeout?: number;
  /**
   * Milliseconds for which idle connections are kept, so that a request that is on its way to one of them
   * is still answered. 0 closes them at once.
   * @default 500
   */
  readonly idleGrace?: number;
}

/** What a shutdown did with the connections that there were: each is in one of the three counts. */
export interface ShutdownReport {
  /** Connections that ended in any other way: with their last response, by the client, or by its mistake. */
  readonly finished: number;
  /** Connections that were idle, or had not asked yet, when their grace was over. */
  readonly idleClosed: number;
  /** Connections that were cut off at the deadline, or by `close()`. */
  readonly forced: number;
  /** The same connections by the reason of their end. */
  readonly closed: Readonly<Partial<Record<CloseReason, number>>>;
}

/**
 * A server.
 *
 * @example
 * ```ts
 * import { serve } from "@mooring/http";
 *
 * await using server = await serve({ port: 0, fetch: () => new Response("hello") });
 * console.assert(server.stats().requests === 0);
 * ```
 */
export interface Server {
  /**
   * Where it listens, with the port that the system chose; the first place, where it listens on several.
   *
   * @throws {ListenError} `not_listening`, before {@linkcode Server.listen} has resolved
   */
  readonly addr: Addr;
  /**
   * A URL for clients on this machine, `http+unix://…` for a Unix socket; throws as {@linkcode Server.addr} does.
   */
  readonly url: string;
  /**
   * Also listens here; resolves to the address. Port 8000 by default.
   *
   * @throws {TypeError} (rejects) on a wrong type, or an unknown option
   * @throws {RangeError} (rejects) on a number out of range
   * @throws {ListenError} (rejects) where it cannot listen, or was told to end
   * @throws {UnsupportedError} (rejects) where the runtime cannot do what an option asks for
   */
  listen(options?: ListenOptions): Promise<Addr>;
  /**
   * Serves a connection that you accepted yourself: a pair of web streams such as a `Deno.Conn`, or a
   * {@linkcode Transport}. It counts at the caps, and in `stats()`.
   *
   * @throws {TypeError} where it is neither, or a pair of streams whose `alpnProtocol` the server does not speak
   * @throws {ListenError} where the server was told to end
   */
  accept(stream: Conn | Transport): Connection;
  /** Lets the process live while the server listens, as it does at first. */
  ref(): void;
  /**
   * Lets the process end although the server listens; not on Deno with `tls`, which has no such call. Open connections keep
   * it alive as they did.
   */
  unref(): void;
  /** Resolves when the server has ended and its last connection is closed; never rejects. */
  readonly finished: Promise<void>;
  /** Whether connections persist; `false` retires each with its next response. */
  keepAlive: boolean;
  /** The counts of this moment. */
  stats(): ServerStats;
  /** The connections of this moment. */
  connections(): ConnectionSnapshot[];
  /**
   * Shuts down gracefully: stops accepting, aborts `draining`, says `Connection: close` on every response, closes idle
   * connections after a grace (so that requests on their way to them are answered), and cuts off what is left
   * at the deadline. Later calls return the same report.
   *
   * @throws {TypeError} (rejects) on a time that is no number
   * @throws {RangeError} (rejects) on a time that is no whole number of milliseconds from 0 to 2_147_483_647
   */
  shutdown(options?: ShutdownOptions): Promise<ShutdownReport>;
  /**
   * Replaces the certificates: connections from now on get the new ones, those that are open keep theirs. Without `tls`
   * the options stay as they were, and their files are read again.
   *
   * @throws {TypeError} where the server does not speak TLS, on options that are wrong, and where `ca` is given
   * although the server started without, or the other way round
   * @throws {ListenError} on what cannot be used; the old ones stay then. Its `code` is `bad_certificate`, or the
   * system's of a file that cannot be read
   */
  reloadTls(tls?: TlsOptions): void;
  /** Ends at once; exchanges under way are cut off. */
  close(): Promise<void>;
  /** As {@linkcode Server.shutdown}. */
  [Symbol.asyncDispose](): Promise<void>;
}
