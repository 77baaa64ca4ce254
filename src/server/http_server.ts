/**
 * The server: takes transports from its listeners and from the program, knows its connections, counts, and drains.
 */
import type { Addr, CloseReason, ConnectionState, Transport } from "../api/transport.ts";
import { Admission } from "./admission.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { HttpConnection } from "../core/connection.ts";
import { Deferred } from "../core/deferred.ts";
import type { RequestHandler } from "../core/exchange.ts";
import { Engine, type ObservedConnection, type Observer } from "../core/engine.ts";
import type { Tracer } from "../core/request_trace.ts";
import { tracedHandler } from "../core/traced_handler.ts";
import { ListenError, type ProtocolError } from "../api/errors.ts";
import { fetchHandler } from "../fetch/fetch_handler.ts";
import { ServerProtocols } from "./protocols.ts";
import type { ConnectionOptions } from "../api/options.ts";
import type { TlsOptions } from "../api/tls.ts";
import { checkTls } from "../options/tls_settings.ts";
import type { AdmissionSettings, Settings } from "../options/settings.ts";
import { checkNumber } from "../options/checks.ts";
import { typeError } from "../options/option_error.ts";
import { urlHost } from "../wire/ip_address.ts";
import type { Listener } from "./listener.ts";
import type { InOwnContext } from "./platform.ts";
import { type CloseCounts, shutdownReport } from "./shutdown_report.ts";
import type { ConnectionSnapshot, ServerStats, ShutdownOptions, ShutdownReport } from "../api/server.ts";

const DEFAULT_TIMEOUT = 30_000;
const DEFAULT_IDLE_GRACE = 500;

/**
 * How many connections at a time are told that they are turned away. That takes as long as the client takes
 * to read it; more are closed without a word, since the caps are there to bound what connections cost.
 */
const MAX_TURNED_AWAY_WITH_503 = 256;

/** A server: its listeners and its connections. */
export class HttpServer implements Observer {
  readonly #engine: Engine;
  readonly #protocols: ServerProtocols;
  readonly #connections = new Set<HttpConnection>();
  readonly #onError: (error: unknown) => void;
  readonly #onStateChange: ConnectionOptions["onStateChange"];
  readonly #onRefused: ConnectionOptions["onRefused"];
  readonly #finished = new Deferred<void>();
  readonly #closed: CloseCounts = {};
  readonly #admission: Admission;
  readonly #listeners: Listener[] = [];
  #isReferenced = true;
  #accepting = true;
  /** Listeners whose address is not free yet. */
  #closing = 0;
  #accepted = 0;
  #rejected = 0;
  #evicted = 0;
  #requests = 0;
  #reused = 0;
  /** Whether it ends, and how. */
  #ending: "no" | { readonly idleGrace: number } | "at once" = "no";
  #shutdown: Promise<ShutdownReport> | null = null;

  /**
   * Makes a server of checked options. The runtime gives `clock`, and `inOwnContext`, which keeps the asynchronous
   * contexts of requests apart; tests bring their own, or none.
   */
  constructor(
    options: ConnectionOptions,
    settings: Settings & AdmissionSettings,
    clock?: Clock,
    inOwnContext: InOwnContext = (handler) => handler,
    tracer: Tracer | null = null,
  ) {
    const onError = options.onError ?? ((error: unknown): void => console.error(error));
    this.#onError = (error) => void report(() => onError(error));
    this.#onStateChange = options.onStateChange;
    this.#onRefused = options.onRefused;
    const { exchange } = options;
    const handler: RequestHandler = exchange !== undefined
      ? (x) => exchange(x.facade)
      : fetchHandler(options.fetch!, onError, settings.globals);
    const traced = tracer === null ? handler : tracedHandler(handler, tracer, clock ?? systemClock);
    this.#engine = new Engine(inOwnContext(traced), settings, this, clock, tracer);
    this.#protocols = new ServerProtocols(this.#engine);
    this.#admission = new Admission(settings);
  }

  /**
   * Makes sure that it has not been told to end.
   *
   * @throws {ListenError} where it has
   */
  assertOpen(): void {
    if (!this.#accepting) throw new ListenError("server_closed", "the server was shut down or closed");
  }

  /**
   * Serves what `listener` brings, until the server ends.
   *
   * @throws {ListenError} (rejects) where it was told to end meanwhile; the listener is closed then
   */
  async addListener(listener: Listener): Promise<void> {
    if (!this.#accepting) await listener.close();
    this.assertOpen();
    this.#listeners.push(listener);
    if (!this.#isReferenced) listener.unref?.();
  }

  /** The value of every option. */
  get settings(): Settings {
    return this.#engine.settings;
  }

  /** Resolves when the protocols are loaded. */
  get loaded(): Promise<void> {
    return this.#protocols.loaded;
  }

  /** Whether the listeners keep the process alive. */
  setReferenced(isReferenced: boolean): void {
    this.#isReferenced = isReferenced;
    for (const listener of this.#listeners) isReferenced ? listener.ref?.() : listener.unref?.();
  }

  /** Serves a transport that a listener brings: it may have been under way when the server ended. */
  take(transport: Transport): void {
    if (this.#isOver) transport.close(false);
    else this.accept(transport);
  }

  /** Starts a connection on `transport`, if only to reject it. */
  accept(transport: Transport): HttpConnection {
    const isWelcome = this.#admission.hasRoomFor(transport.remoteAddr) &&
      (this.#admission.hasRoom || this.#makeRoom());
    const connection = new HttpConnection(this.#engine, transport, this.#protocols);
    this.#connections.add(connection);
    if (isWelcome) this.#letIn(connection);
    else this.#reject(connection);
    return connection;
  }

  /** Closes a connection that can be spared; answers whether there is room now. */
  #makeRoom(): boolean {
    const { eviction, flushes } = this.#engine;
    flushes.flush(); // connections that have responded in this turn become idle by this, or end
    if (this.#admission.hasRoom) return true;
    const spared = eviction.first(this.#admission.size);
    if (spared === undefined) return false;
    this.#admission.leave(spared); // first: it may linger, and what its end calls may accept another one
    if (spared.state !== "draining") this.#evicted++;
    spared.evict(this.#maySend503);
    return this.#admission.hasRoom; // such a one may have taken the place
  }

  /** Whether one more connection that is turned away may linger for its 503. */
  get #maySend503(): boolean {
    return this.#connections.size - this.#admission.size <= MAX_TURNED_AWAY_WITH_503;
  }

  #letIn(connection: HttpConnection): void {
    this.#accepted++;
    this.#admission.enter(connection, connection.endpoints.remoteAddr);
    this.#engine.pressure = this.#admission.pressure;
    connection.start();
    // It may have come while the listener was about to close.
    if (this.#ending === "at once") connection.close();
    else if (this.#ending !== "no") connection.retire(this.#ending.idleGrace);
  }

  #reject(connection: HttpConnection): void {
    this.#rejected++;
    connection.reject(this.#maySend503 && this.#ending !== "at once");
  }

  // What connections tell.

  stateChanged(connection: ObservedConnection, to: ConnectionState): void {
    if (to === "closed") this.#forget(connection as HttpConnection);
    if (this.#onStateChange !== undefined) this.#call(() => this.#onStateChange!(connection.facade, to));
  }

  #forget(connection: HttpConnection): void {
    this.#connections.delete(connection);
    this.#admission.leave(connection);
    this.#engine.pressure = this.#admission.pressure;
  }

  /** Calls a function of the user's that only listens: what it throws or rejects with goes to `onError`. */
  #call(listener: () => unknown): void {
    try {
      this.watch(listener());
    } catch (error) {
      this.#onError(error);
    }
  }

  /** Tells `onError` where `result`, of a function of the user's, is a promise that rejects. */
  watch(result: unknown): void {
    if (typeof (result as PromiseLike<unknown> | undefined)?.then === "function") {
      Promise.resolve(result).catch(this.#onError);
    }
  }

  requestBegan(count: number): void {
    this.#requests++;
    if (count > 1) this.#reused++;
  }

  connectionEnded(reason: CloseReason): void {
    this.#closed[reason] = (this.#closed[reason] ?? 0) + 1;
    this.#finishIfDone();
  }

  handlerFailed(error: unknown): void {
    this.#onError(error);
  }

  requestRefused(error: ProtocolError, connection: ObservedConnection): void {
    if (this.#onRefused !== undefined) this.#call(() => this.#onRefused!(error, connection.facade));
  }

  // What users see.

  get #first(): Listener {
    const [listener] = this.#listeners;
    if (listener === undefined) {
      throw new ListenError("not_listening", "the server does not listen: call listen() first");
    }
    return listener;
  }

  get addr(): Addr {
    return this.#first.addr;
  }

  get url(): string {
    const { addr, isSecure } = this.#first;
    if (addr.transport === "unix") return `http+unix://${encodeURIComponent(addr.path)}`;
    // The address that means "all" is none to connect to.
    const isAny = addr.hostname === "0.0.0.0" || addr.hostname === "::";
    const host = isAny ? "localhost" : urlHost(addr.hostname);
    return `${isSecure ? "https" : "http"}://${host}:${addr.port}/`;
  }

  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  get keepAlive(): boolean {
    return this.#engine.keepAlive;
  }

  set keepAlive(persist: boolean) {
    this.#engine.keepAlive = persist;
  }

  stats(): ServerStats {
    // Counted when asked for: connections change their state with every request.
    const count = { handshaking: 0, new: 0, active: 0, idle: 0, upgraded: 0, draining: 0, closed: 0 };
    let inFlight = 0;
    for (const connection of this.#connections) {
      count[connection.state]++;
      inFlight += connection.protocol.exchanges;
      if (connection.isHandshaking) count.handshaking++;
    }
    return {
      accepted: this.#accepted,
      rejected: this.#rejected,
      evicted: this.#evicted,
      open: this.#connections.size,
      handshaking: count.handshaking,
      active: count.active,
      idle: count.idle,
      upgraded: count.upgraded,
      requests: this.#requests,
      inFlight,
      reused: this.#reused,
      reuseRatio: this.#requests === 0 ? 0 : this.#reused / this.#requests,
      bytesRead: this.#engine.bytesRead,
      bytesWritten: this.#engine.bytesWritten,
      closed: { ...this.#closed },
    };
  }

  connections(): ConnectionSnapshot[] {
    const now = this.#engine.clock.now();
    return Array.from(this.#connections, (connection) => {
      const { id, state, acceptedAt, idleSince, timers, policy, protocol, endpoints } = connection;
      const isIdle = state === "idle";
      return {
        id,
        state,
        age: now - acceptedAt,
        idleTime: isIdle ? now - idleSince : 0,
        idleTimeLeft: isIdle ? timers.timeLeft(now) : null,
        requests: policy.requests,
        inFlight: protocol.exchanges,
        remoteAddr: endpoints.remoteAddr,
      };
    });
  }

  // The end.

  async shutdown(options: ShutdownOptions = {}): Promise<ShutdownReport> {
    const { timeout = DEFAULT_TIMEOUT, idleGrace = DEFAULT_IDLE_GRACE } = options;
    checkNumber("timeout", timeout, { kind: "time" });
    checkNumber("idleGrace", idleGrace, { kind: "time" });
    return await (this.#shutdown ??= this.#drain(timeout, idleGrace));
  }

  async #drain(timeout: number, idleGrace: number): Promise<ShutdownReport> {
    const { clock } = this.#engine;
    const before = { ...this.#closed };
    this.#ending = { idleGrace };
    this.#stopAccepting();
    for (const connection of this.#connections) connection.retire(idleGrace);
    const deadline = timeout > 0 ? clock.schedule(() => this.#force(), timeout) : undefined;
    await this.finished;
    clock.cancel(deadline);
    return shutdownReport(before, this.#closed);
  }

  reloadTls(tls?: TlsOptions): void {
    const secure = this.#listeners.filter(({ isSecure, prepareTls }) => isSecure && prepareTls !== undefined);
    if (secure.length === 0) {
      throw typeError("tls", 'reloadTls(): the server was started without option "tls"');
    }
    this.assertOpen();
    const checked = tls === undefined ? undefined : checkTls(tls);
    // All or none: each is checked before the first is replaced.
    const replacements = secure.map((listener) => listener.prepareTls!(checked));
    for (const replace of replacements) replace();
  }

  async close(): Promise<void> {
    this.#stopAccepting();
    this.#force();
    await this.finished;
  }

  #force(): void {
    this.#ending = "at once";
    for (const connection of this.#connections) connection.close();
  }

  #stopAccepting(): void {
    if (!this.#accepting) return;
    this.#accepting = false;
    this.#closing = this.#listeners.length;
    for (const listener of this.#listeners) void this.#close(listener);
    this.#finishIfDone();
  }

  async #close(listener: Listener): Promise<void> {
    try {
      await listener.close();
    } catch (error) {
      this.#onError(error);
    }
    this.#closing--;
    this.#finishIfDone();
  }

  #finishIfDone(): void {
    if (this.#isOver && this.#closing === 0) this.#finished.resolve();
  }

  get #isOver(): boolean {
    return !this.#accepting && this.#connections.size === 0;
  }
}

/** Calls `report` and lets nothing out of it, now or later. */
async function report(call: () => unknown): Promise<void> {
  try {
    await call();
  } catch (error) {
    console.error(error);
  }
}
