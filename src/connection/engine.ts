/**
 * What all connections of one server share: settings, handler, clock, deadlines, the output buffer, and
 * who is told of what happens.
 */
import type { CloseReason, Connection, ConnectionState } from "../conn.ts";
import type { ProtocolError } from "../errors.ts";
import type { ExchangeHandler } from "../exchange.ts";
import type { Settings } from "../settings.ts";
import { DateLine } from "../protocol/date.ts";
import { type Clock, systemClock } from "./clock.ts";
import { Deadlines } from "./deadlines.ts";
import { Output } from "./output.ts";
import { ProxyPeers } from "./proxy_peers.ts";
import { Spare } from "./spare.ts";
import { HeadEnds } from "./standard_fields.ts";
import { TurnQueue } from "./turns.ts";

/** Who is told of what happens on the connections. */
export interface Observer {
  /** A connection changed its state. */
  stateChanged(connection: Connection, to: ConnectionState): void;
  /** A request head was read. */
  requestBegan(connection: Connection): void;
  /** A connection is over. */
  connectionEnded(reason: CloseReason): void;
  /** A handler threw or rejected. */
  handlerFailed(error: unknown): void;
  /** The engine has answered a request, or a connection, with an error response by itself. */
  requestRefused(error: ProtocolError, connection: Connection): void;
}

/**
 * How near the server is to `maxConnections`, which decides what connections are told:
 * - `none`: what the options say
 * - `shorter`: idle connections are kept for a part of `idleTimeout`
 * - `refusing`: that, and the first response of a connection is its last
 */
export type Pressure = "none" | "shorter" | "refusing";

/** The engine of one server. */
export class Engine {
  /** The handler that answers. */
  readonly handler: ExchangeHandler;
  /** Every option's value. */
  readonly settings: Settings;
  /** Who is told. */
  readonly observer: Observer;
  /** The server's time. */
  readonly clock: Clock;
  /** The server's deadlines. */
  readonly deadlines: Deadlines;
  /** The connections that wait for their next turn. */
  readonly turns: TurnQueue;
  /** The server's output buffer. */
  readonly output: Output = new Output();
  /** Whose connections begin with a PROXY header, if anybody's do. */
  readonly proxyPeers: ProxyPeers | null;
  /** How the heads of responses end. */
  readonly headEnds: HeadEnds;
  /** Whether connections persist; may change at run time. */
  keepAlive: boolean;
  /** How near the server is to its cap. */
  pressure: Pressure = "none";
  /** The connections that can be closed for others to come in. */
  readonly spare: Spare = new Spare();
  /** When the event at hand happened: one look at the clock serves all that follows from it. */
  now: number;
  /** Bytes received on all connections. */
  bytesRead = 0;
  /** Bytes handed to transports on all connections. */
  bytesWritten = 0;
  readonly #date = new DateLine();
  readonly #calendar: () => number;
  #connections = 0;

  /**
   * Makes an engine whose connections answer with `handler`.
   *
   * @throws {TypeError} on a name among `settings.proxies` that is no peer's
   */
  constructor(handler: ExchangeHandler, settings: Settings, observer: Observer, clock: Clock = systemClock) {
    this.handler = handler;
    this.settings = settings;
    this.observer = observer;
    this.clock = clock;
    this.now = clock.now();
    this.deadlines = new Deadlines(clock);
    this.turns = new TurnQueue(clock);
    this.proxyPeers = settings.proxies === null ? null : new ProxyPeers(settings.proxies);
    this.headEnds = new HeadEnds(settings);
    this.keepAlive = settings.keepAlive;
    this.#calendar = () => clock.calendar();
  }

  /** An event begins: looks at the clock. */
  beginEvent(): void {
    this.now = this.clock.now();
  }

  /** `date: …` CRLF, now. */
  dateLine(): Uint8Array {
    return this.#date.at(this.now, this.#calendar);
  }

  /** Counts a connection in. */
  connectionOpened(): void {
    this.#connections++;
  }

  /** Counts a connection out; without any, no timer runs. */
  connectionClosed(reason: CloseReason): void {
    if (--this.#connections === 0) this.deadlines.stop();
    this.observer.connectionEnded(reason);
  }
}
