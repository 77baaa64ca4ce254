/**
 * One connection on a transport, whatever protocol it speaks: passes on what is received, limits how long it waits and
 * how much it does at a time, and closes in stages. Bytes come in by `receive` and go out by `transport.write`; where
 * handlers respond synchronously nothing in between waits.
 */
import type {
  CloseReason,
  Connection,
  ConnectionState,
  Transport,
  TransportEvents,
} from "../api/transport.ts";
import type { ConnectionError, ProtocolError } from "../api/errors.ts";
import type { Timeouts } from "../api/timeouts.ts";
import { NEED_MORE } from "../wire/bytes.ts";
import type { Endpoints } from "../wire/proxy_header.ts";
import { errorForPending, writeTimedOut } from "./client_errors.ts";
import { ConnectionFacade, type FacadedConnection } from "./connection_facade.ts";
import { ConnectionMonitor, type Input, type MonitoredConnection } from "./connection_monitor.ts";
import { firstInput, type OpeningConnection, readOpening, turnAway } from "./connection_opening.ts";
import { ConnectionTunnelPort, type TunnelledConnection } from "./connection_tunnel.ts";
import { ConnectionWriter, type ConnectionWriterOwner } from "./connection_writer.ts";
import type { Engine } from "./engine.ts";
import type { Evictable } from "./eviction.ts";
import { LazyAbort } from "./lazy_abort.ts";
import { Lifecycle } from "./lifecycle.ts";
import { PersistencePolicy } from "./persistence_policy.ts";
import type { ProtocolConnection } from "./protocol.ts";
import type { Protocols } from "./protocol_choice.ts";
import type { ProtocolHost } from "./protocol_host.ts";
import type { ReadTimers } from "./read_timers.ts";
import { ReceiveBuffer } from "./receive_buffer.ts";
import { RequestTimeouts } from "./request_timeouts.ts";
import { SerializedTransport } from "./serialized_transport.ts";
import { Tunnel } from "./tunnel.ts";
import { Turn, type TurnTaker } from "./turns.ts";

/** The reason of `draining`. */
const aboutToEnd = (): DOMException => new DOMException("the connection is about to end", "AbortError");

let lastId = 0;

/** A connection at work. */
export class HttpConnection
  implements
    ConnectionWriterOwner,
    Evictable,
    FacadedConnection,
    MonitoredConnection,
    OpeningConnection,
    ProtocolHost,
    TransportEvents,
    TunnelledConnection,
    TurnTaker {
  readonly id: number = ++lastId;
  /** When it was accepted, by the monotonic clock. */
  readonly acceptedAt: number;
  readonly isSecure: boolean;
  /** What it shares with the server's other connections. */
  readonly engine: Engine;
  /** Its write side. */
  readonly out: ConnectionWriter;
  /** Whether it persists. */
  readonly policy: PersistencePolicy;
  /** The timeouts in force. */
  readonly timeouts: RequestTimeouts;
  /** Its state. */
  readonly life: Lifecycle;
  /** What moves its bytes. */
  readonly transport: SerializedTransport;
  /** What it speaks; another one may be chosen by the first octets. */
  protocol: ProtocolConnection;
  // See `OpeningConnection` and `MonitoredConnection`.
  readonly protocols: Protocols;
  readonly received: ReceiveBuffer = new ReceiveBuffer();
  input: Input;
  inputEnded = false;
  tunnel: Tunnel | null = null;
  hasResponded = false;
  /** The transport's addresses, or those of a PROXY header. */
  endpoints: Endpoints;
  readonly #monitor: ConnectionMonitor;
  #facade: Connection | null = null;
  /** Made when it has more to do than one request. */
  #turn: Turn | null = null;
  readonly #draining = new LazyAbort();
  /** Re-entrancy guard: true while `#process` is on the stack; calls from handlers then return at once. */
  #isProcessing = false;

  /** Makes a connection of a transport that was not started; `start` it. */
  constructor(engine: Engine, transport: Transport, protocols: Protocols) {
    engine.beginEvent();
    this.engine = engine;
    this.transport = new SerializedTransport(transport, this);
    this.endpoints = transport;
    this.isSecure = transport.isSecure === true;
    this.protocols = protocols;
    this.input = firstInput(this);
    this.acceptedAt = engine.now;
    this.timeouts = new RequestTimeouts(engine.settings);
    this.life = new Lifecycle(this, engine);
    this.policy = new PersistencePolicy(engine, this.timeouts);
    this.out = new ConnectionWriter(this, this.timeouts, engine, this.transport);
    this.#monitor = new ConnectionMonitor(this);
    this.protocol = protocols.connect(this);
    engine.connectionOpened();
  }

  /** Starts the transport, and waits for the first request. */
  start(): void {
    this.transport.start();
    this.timers.wait("first-request");
    this.life.begin(true);
  }

  // State.

  /** What users hold of it. */
  get facade(): Connection {
    return this.#facade ??= new ConnectionFacade(this);
  }

  get state(): ConnectionState {
    return this.life.state;
  }

  /** Its read side's deadlines. */
  get timers(): ReadTimers {
    return this.#monitor.timers;
  }

  get isHandshaking(): boolean {
    return this.state !== "closed" && this.transport.handshaking;
  }

  /** Whether received bytes are being processed: that goes on by itself, and need not be resumed. */
  get isProcessing(): boolean {
    return this.#isProcessing;
  }

  /** When it became idle, by the monotonic clock. */
  get idleSince(): number {
    return this.life.idleSince;
  }

  // Retirement, and what the server and users end it with.

  /** Aborts when it is retired or closed. */
  get draining(): AbortSignal {
    return this.#draining.signal;
  }

  /**
   * Closes it with its next response, or after it was idle for `idleGrace` milliseconds: a client that has not heard of
   * this may have sent a request already.
   */
  retire(idleGrace: number): void {
    this.engine.beginEvent();
    this.policy.retire(idleGrace);
    this.#draining.abort(aboutToEnd);
    this.protocol.retire(idleGrace);
    if (this.state !== "new" && this.state !== "idle") return;
    if (idleGrace === 0) this.lingeringClose("shutdown_idle");
    else this.timers.shorten(idleGrace);
  }

  close(): void {
    this.out.flush();
    // One that only waits for the peer's end has finished, and is not cut off.
    const isFinished = this.life.isTurnedAway || this.state === "draining" && !this.out.isBackpressured;
    const error = errorForPending(this, "closed", "the server closed the connection");
    this.#draining.abort(aboutToEnd);
    this.closeNow(isFinished ? this.life.reason : "forced", error);
  }

  evict(maySend503: boolean): void {
    this.out.flush();
    if (maySend503 && this.life.isPending && !this.isHandshaking) return turnAway(this, "evicted");
    const error = errorForPending(this, "closed", "the connection was evicted for another one");
    this.closeNow(this.state === "draining" ? this.life.reason : "evicted", error);
  }

  /** Instead of `start`: closes it, with a 503 where `maySend503`. */
  reject(maySend503: boolean): void {
    this.transport.start();
    this.life.begin(false);
    if (this.state !== "new") return;
    if (maySend503) turnAway(this, "rejected");
    else this.closeNow("rejected", null);
  }

  /** Tells the client that nothing of what it sends is served, and closes. */
  refuseClient(error: ProtocolError, reason: CloseReason): void {
    this.protocol.writeRefusal(error);
    this.lingeringClose(reason);
    this.engine.observer.requestRefused(error, this);
  }

  // Events of the transport.

  receive(bytes: Uint8Array, start: number, end: number, mayKeep = false): boolean {
    const { engine } = this;
    engine.beginTurnEvent(); // first, since it may close this connection
    if (this.state === "closed") return true;
    engine.bytesRead += end - start;
    if (this.input === "discard") return true;
    this.#turn?.begin(engine.now);
    const isAdopted = mayKeep && this.received.length === 0;
    this.#isProcessing = true;
    try {
      if (isAdopted) this.received.adopt(bytes, start, end);
      else if (this.received.length > 0) this.received.append(bytes, start, end);
      if (this.received.length > 0) this.#processReceived();
      else this.received.append(bytes, this.#process(bytes, start, end), end); // where it lies: only the rest is copied
    } finally {
      this.#isProcessing = false;
      this.#turn?.pause();
      this.out.flush();
    }
    this.#monitor.update();
    return !isAdopted || this.received.settle();
  }

  receiveEnd(): void {
    this.engine.beginTurnEvent();
    if (this.state === "closed") return;
    this.inputEnded = true;
    if (this.state === "active") this.life.markEvictable();
    this.protocol.peerHalfClosed();
    this.#monitor.update();
  }

  drained(): void {
    if (this.state === "closed") return this.out.releaseRetained();
    this.out.drained();
    this.resumeProcessing();
  }

  transportClosed(error?: unknown): void {
    const gone = errorForPending(this, "peer_gone", "the client went away", error);
    this.out.close(gone); // what was not sent has no receiver
    if (this.state === "draining") this.closeNow(this.life.reason, gone);
    else if (this.state === "upgraded") this.#tunnelClosed(error, gone);
    else if (this.state === "active") this.closeNow("client_gone", gone);
    else this.closeNow(this.protocol.pendingCloseReason ?? "client_closed", gone);
  }

  // Processing.

  /** Resumes processing, after something other than `receive` has unblocked it. */
  resumeProcessing(): void {
    if (this.#isProcessing || this.state === "closed") return;
    this.#isProcessing = true; // first: where this one is flushed now, what to wait for is decided after the processing
    this.transport.enter();
    try {
      this.engine.beginTurnEvent();
      this.#processReceived();
    } finally {
      this.#isProcessing = false;
      this.#turn?.pause();
      this.transport.leave();
      this.out.flushSoon();
    }
  }

  /** It is known now whether there is backpressure, which decides what to wait for. */
  flushed(): void {
    if (!this.#isProcessing) this.#monitor.update();
  }

  #processReceived(): void {
    const { bytes, start, end } = this.received;
    this.received.consumeTo(this.#process(bytes, start, end));
  }

  /** Processes `bytes[start, end)` as far as possible; answers where it stopped. */
  #process(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    for (;;) {
      switch (this.input) {
        case "protocol":
          at = this.protocol.receive(bytes, at, end);
          if (this.input === "protocol") return at;
          break;
        case "proxy-header":
        case "preface": {
          const next = readOpening(this, bytes, at, end);
          if (next === NEED_MORE) return at;
          at = next;
          break;
        }
        case "tunnel":
          return this.tunnel!.feed(bytes, at, end);
        case "discard":
          return end;
      }
    }
  }

  /** Counts a unit of work; answers whether there may be another one in this turn of the event loop. */
  spendTurn(): boolean {
    this.#turn ??= new Turn(this.engine.turns, this, this.engine.now, this.#isProcessing);
    return this.#turn.spend();
  }

  get turnIsOver(): boolean {
    return this.#turn !== null && this.#turn.isOver;
  }

  takeTurn(): void {
    this.#turn!.resume();
    this.out.resume();
    this.resumeProcessing();
  }

  /** The handler sets timeouts for its request. */
  setTimeouts(timeouts: Timeouts): void {
    this.timeouts.override(timeouts);
    this.engine.beginEvent();
    if (timeouts.requestTimeout !== undefined) this.timers.requestTimeoutChanged();
    if (timeouts.minBodyRate !== undefined) this.timers.minBodyRateChanged();
    if (timeouts.writeTimeout !== undefined) this.out.writeTimeoutChanged();
  }

  // The tunnel of an upgraded connection.

  /** The response that switches protocols was written. */
  openTunnel(): Tunnel {
    this.tunnel = new Tunnel(new ConnectionTunnelPort(this));
    this.resumeProcessing();
    return this.tunnel;
  }

  /** The exchange that has opened a tunnel is over: what is received is the tunnel's. Answers whether there is one. */
  switchToTunnel(): boolean {
    if (this.tunnel === null) return false;
    this.input = "tunnel";
    this.life.upgrade();
    return true;
  }

  #tunnelClosed(error: unknown, gone: ConnectionError | null): void {
    const endedWell = error === undefined && this.inputEnded && this.tunnel!.outputEnded &&
      !this.out.isBackpressured;
    // What came before the end can still be read, without the connection.
    const { bytes, start, end } = this.received;
    if (endedWell) this.tunnel!.keep(bytes, start, end);
    this.closeNow("upgraded", gone);
  }

  // The end: every way leads through `lingeringClose` or `closeNow`.

  writeTimedOut(): void {
    this.closeNow(this.life.isTurnedAway ? this.life.reason : "write_timeout", writeTimedOut(), true);
  }

  /** Lingering close (RFC 9112 §9.6): sends what is left, half-closes, and discards until the peer ends too. */
  lingeringClose(reason: CloseReason): void {
    if (this.state === "draining" || this.state === "closed") return;
    // No response can be sent before the handshake is over, and none was: there is nothing to linger for.
    if (this.isHandshaking && !this.hasResponded) return this.closeNow(reason, null);
    this.input = "discard";
    if (this.state === "active") this.hasResponded = true;
    this.received.clear();
    this.protocol.finish();
    this.out.end();
    if (this.life.state === "closed") return; // by the transport, from inside of that
    this.life.drain(reason);
    this.engine.beginEvent();
    this.flushed();
  }

  /** A response that refuses the connection, or its request, was written: the peer should get to read it. */
  refusalWritten(): void {
    this.hasResponded = true;
  }

  /**
   * Closes at once. First all resources are released; then pending calls fail with `error`, whose callers may do anything
   * with the connection. `abruptly`: the peer should see a failure.
   */
  closeNow(reason: CloseReason, error: unknown, abruptly = false): void {
    if (this.state === "closed") return;
    abruptly ||= this.protocol.closeTruncates;
    this.life.end(reason);
    this.input = "discard";
    const { bytes, start, end } = this.received;
    const lost = this.protocol.close(bytes, start, end);
    this.received.clear();
    this.#monitor.stop();
    this.out.close(error, abruptly);
    lost?.connectionLost(error);
    this.tunnel?.fail(error);
    this.life.announceEnd();
  }
}
