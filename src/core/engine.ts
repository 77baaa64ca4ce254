/**
 * What all connections of one server share: settings, handler, clock, deadlines, output buffers, and the observer of
 * what happens.
 */
import type { CloseReason, Connection, ConnectionState } from "../api/transport.ts";
import type { ProtocolError } from "../api/errors.ts";
import type { Settings } from "../options/settings.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { RequestHandler } from "./exchange.ts";
import { DeadlineQueue } from "./deadline_queue.ts";
import { memoryPool } from "../wire/memory_pool.ts";
import { OutputBuffers } from "./output_buffers.ts";
import { ProxyPeers } from "./proxy_peers.ts";
import { TrustedProxies } from "./trusted_proxies.ts";
import { EvictionQueue } from "./eviction.ts";
import { FlushQueue } from "./flush_queue.ts";
import type { Tracer } from "./request_trace.ts";
import { TurnQueue } from "./turns.ts";

/** A connection as the observer sees it. */
export interface ObservedConnection {
  /** What users hold of it. */
  readonly facade: Connection;
}

/** Gets to know what happens on the connections. */
export interface Observer {
  /** A connection has changed its state. */
  stateChanged(connection: ObservedConnection, to: ConnectionState): void;
  /** A request head was read; it is the connection's `count`th. */
  requestBegan(count: number): void;
  /** A connection is closed. */
  connectionEnded(reason: CloseReason): void;
  /** A handler threw or rejected. */
  handlerFailed(error: unknown): void;
  /** The engine has refused a request, or a connection, with an error response. */
  requestRefused(error: ProtocolError, connection: ObservedConnection): void;
}

/**
 * How near the server is to `maxConnections`:
 * - `none`: connections persist as the options say
 * - `shorten-idle`: idle connections are kept for a part of `idleTimeout`
 * - `no-keep-alive`: that, and the first response of a connection is its last
 */
export type Pressure = "none" | "shorten-idle" | "no-keep-alive";

/** The engine of one server. */
export class Engine {
  /** Responds to the requests. */
  readonly handler: RequestHandler;
  /** The value of every option. */
  readonly settings: Settings;
  /** Gets to know what happens. */
  readonly observer: Observer;
  /** The clock. */
  readonly clock: Clock;
  /** The deadlines. */
  readonly deadlines: DeadlineQueue;
  /** The connections that wait for their next turn of the event loop. */
  readonly turns: TurnQueue;
  /** The buffers in which connections gather their output. */
  readonly output: OutputBuffers = new OutputBuffers();
  /** The connections that flush at the end of the turn of the event loop. */
  readonly flushes: FlushQueue;
  /** The peers whose connections begin with a PROXY header; `null` for none. */
  readonly proxyPeers: ProxyPeers | null;
  /** The proxies whose word is taken for where a request comes from; `null` for none. */
  readonly trustedProxies: TrustedProxies | null;
  /** Publishes requests; `null` where nothing does. */
  readonly tracer: Tracer | null;
  /** Whether connections persist; may change at run time. */
  keepAlive: boolean;
  /** How near the server is to its cap. */
  pressure: Pressure = "none";
  /** The connections that can be evicted. */
  readonly eviction: EvictionQueue = new EvictionQueue();
  /** When the current event began, by the monotonic clock in milliseconds: one look serves all that follows from it. */
  now: number;
  /** Bytes received on all connections. */
  bytesRead = 0;
  /** Bytes handed to transports on all connections. */
  bytesWritten = 0;
  #connections = 0;

  /**
   * Makes an engine whose connections respond with `handler`.
   *
   * @throws {TypeError} on an entry of `settings.proxyProtocol` or `settings.trustProxy` that names no peers
   */
  constructor(
    handler: RequestHandler,
    settings: Settings,
    observer: Observer,
    clock: Clock = systemClock,
    tracer: Tracer | null = null,
  ) {
    this.handler = handler;
    this.tracer = tracer;
    this.settings = settings;
    this.observer = observer;
    this.clock = clock;
    this.now = clock.now();
    this.deadlines = new DeadlineQueue(clock, () => this.beginEvent());
    this.turns = new TurnQueue(clock);
    this.flushes = new FlushQueue(clock, this.output, () => this.beginEvent());
    this.proxyPeers = settings.proxyProtocol === null
      ? null
      : new ProxyPeers("proxyProtocol.allow", settings.proxyProtocol);
    const { trustProxy } = settings;
    this.trustedProxies = trustProxy === null
      ? null
      : new TrustedProxies(trustProxy.allow, trustProxy.fields);
    this.keepAlive = settings.keepAlive;
  }

  /** An event begins: reads the clock, and returns it. */
  beginEvent(): number {
    return this.now = this.clock.now();
  }

  /**
   * An event begins. Queued output that it would delay for too long is flushed first. That may re-enter, and close the
   * caller.
   */
  beginTurnEvent(): void {
    this.beginEvent();
    this.flushes.eventBegins(this.now);
  }

  /** Counts a connection in. */
  connectionOpened(): void {
    this.#connections++;
  }

  /** Counts a connection out; without any, no timer runs. */
  connectionClosed(reason: CloseReason): void {
    if (--this.#connections === 0) {
      this.deadlines.stop();
      memoryPool.trim(this.now);
    }
    this.observer.connectionEnded(reason);
  }
}
