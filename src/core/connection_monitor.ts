/**
 * Decides after each event what a connection waits for, whether its transport is paused, and which timeout
 * ends it.
 */
import { ProtocolError } from "../api/errors.ts";
import { peerGone, requestTimedOut } from "./client_errors.ts";
import { PeerWatch, type PeerWatchOwner } from "./peer_watch.ts";
import type { ProtocolConnection } from "./protocol.ts";
import type { ProtocolHost } from "./protocol_host.ts";
import { type ReadTimeout, ReadTimers, type ReadTimersOwner } from "./read_timers.ts";
import type { SerializedTransport } from "./serialized_transport.ts";
import type { Tunnel } from "./tunnel.ts";

/**
 * What takes the received bytes:
 * - `proxy-header`: the PROXY header before the first request, where a proxy sends one
 * - `preface`: the choice of the protocol, where there is one
 * - `protocol`: the protocol
 * - `tunnel`: the upgraded connection's streams
 * - `discard`: nothing; the last response was written
 */
export type Input = "proxy-header" | "preface" | "protocol" | "tunnel" | "discard";

/**
 * How long a streamed response may pause where its client has half-closed, in milliseconds. Few clients read on after
 * that; without a limit the source of an event stream would be asked for events for ever.
 */
const QUIET_STREAM_TIMEOUT_MS = 1_000;

/** What is monitored of a connection. */
export interface MonitoredConnection extends ProtocolHost {
  readonly protocol: ProtocolConnection;
  readonly transport: SerializedTransport;
  /** What takes the received bytes. */
  readonly input: Input;
  /** The streams of an upgraded connection. */
  readonly tunnel: Tunnel | null;
  /** Whether the peer may still have to read a response, once the connection ends. */
  readonly hasResponded: boolean;
  /** Whether its TLS handshake is under way. */
  readonly isHandshaking: boolean;
}

/** Monitors one connection. */
export class ConnectionMonitor implements PeerWatchOwner, ReadTimersOwner {
  /** The deadlines of the read side. */
  readonly timers: ReadTimers;
  readonly #connection: MonitoredConnection;
  /** Made when its client cannot be heard. */
  #peerWatch: PeerWatch | null = null;
  #isPaused = false;

  /** Monitors `connection`. */
  constructor(connection: MonitoredConnection) {
    const { policy, timeouts, engine } = connection;
    this.#connection = connection;
    this.timers = new ReadTimers(this, policy, timeouts, engine);
  }

  /** The connection is closed. */
  stop(): void {
    this.timers.stop();
    this.#peerWatch?.stop();
  }

  /** An event was handled. Processing that it resumes calls this again from inside, which is harmless. */
  update(): void {
    const { life, inputEnded } = this.#connection;
    if (inputEnded) this.#handleEndOfInput();
    if (life.state === "closed") return;
    this.#updatePause();
    this.#updatePeerWatch();
    // Last, since `onStateChange` may close the connection.
    this.#updateTimers();
  }

  /** The peer sends no more: what is incomplete stays so. */
  #handleEndOfInput(): void {
    const connection = this.#connection;
    const isProcessed = connection.received.length === 0;
    if (connection.input === "protocol") {
      const { wait, pendingCloseReason } = connection.protocol;
      if (this.#readsHead) {
        connection.lingeringClose(pendingCloseReason ?? (wait === "head" ? "client_gone" : "client_closed"));
      } else if (isProcessed) connection.protocol.abandonIncomplete();
    } else if (connection.input === "tunnel") {
      if (isProcessed) connection.tunnel!.endInput();
    } else if (connection.input === "proxy-header" || connection.input === "preface") {
      connection.lingeringClose("client_closed");
    }
    if (connection.input === "discard" && !connection.out.isBackpressured) {
      connection.closeNow(connection.life.reason, null);
    }
  }

  #updateTimers(): void {
    const connection = this.#connection;
    const { timers } = this;
    switch (connection.input) {
      case "protocol":
        return this.#updateProtocolTimers();
      case "proxy-header":
      case "preface": // both count as part of the first request
        return;
      case "tunnel":
        if (!connection.tunnel!.isOver || connection.out.isBackpressured) {
          return timers.wait("none");
        }
        if (connection.inputEnded || connection.engine.settings.lingerTimeout === 0) {
          return connection.closeNow("upgraded", null);
        }
        return timers.wait("linger"); // closed at once, it could lose what the peer has not read yet
      case "discard":
        if (connection.out.isBackpressured) {
          return timers.wait(connection.isHandshaking ? "first-request" : "none");
        }
        if (connection.engine.settings.lingerTimeout === 0) {
          return connection.closeNow(connection.life.reason, null);
        }
        connection.life.markEvictable();
        return timers.wait(connection.hasResponded ? "linger" : "idle-linger");
    }
  }

  #updateProtocolTimers(): void {
    const connection = this.#connection;
    const { wait, readsHead } = connection.protocol;
    // The next request is not read before the peer takes responses, and before the connection's next turn. The first
    // one keeps its deadline, which runs since the accept: a protocol may have written before it.
    const isDeferred = readsHead && !this.#readsHead && connection.life.state !== "new";
    if (isDeferred) return this.timers.wait("none");
    if (wait === "head") {
      this.timers.wait("head");
      connection.life.beginHead(connection.protocol.exchanges === 0);
    } else if (wait !== "idle") {
      this.timers.wait(wait);
    } else if (connection.policy.closesWhenIdle && !connection.protocol.pendingCloseReason) {
      connection.lingeringClose("shutdown");
    } else if (connection.life.state !== "new") {
      connection.protocol.becomeIdle();
      this.timers.wait("idle");
      connection.life.becomeIdle();
    }
  }

  /** Whether the next head is read as soon as it comes. */
  get #readsHead(): boolean {
    const { input, protocol, out, turnIsOver } = this.#connection;
    return input === "protocol" && protocol.readsHead && !out.isBackpressured && !turnIsOver;
  }

  /** Backpressure: the transport is paused while what it receives could only pile up. */
  #updatePause(): void {
    const connection = this.#connection;
    // A head is read however long it gets, and so is what comes before it.
    const { input } = connection;
    const readsOn = this.#readsHead || input === "proxy-header" || input === "preface" ||
      (input === "protocol" && connection.protocol.needsRest === true);
    const pause = !readsOn && connection.received.length >= connection.engine.settings.highWaterMark;
    if (pause === this.#isPaused) return;
    this.#isPaused = pause;
    connection.transport.setPaused(pause);
  }

  /** While the handler or tunnel is awaited, a client that is paused or half-closed could vanish unnoticed. */
  #updatePeerWatch(): void {
    const connection = this.#connection;
    const isHandlersTurn = connection.input === "protocol" && connection.protocol.awaitsHandler;
    const cannotBeHeard = this.#isPaused || (connection.inputEnded && isHandlersTurn);
    if (cannotBeHeard && !connection.out.isBackpressured) {
      (this.#peerWatch ??= new PeerWatch(this, connection.engine)).start();
    } else {
      this.#peerWatch?.stop();
    }
  }

  get progress(): number {
    const connection = this.#connection;
    return connection.out.bytesTaken + connection.policy.requests + connection.protocol.bodyReceived;
  }

  get progressTimeout(): number {
    const connection = this.#connection;
    if (connection.input === "tunnel") return 0;
    const isQuietStream = connection.inputEnded && connection.protocol.isStreaming;
    return isQuietStream ? QUIET_STREAM_TIMEOUT_MS : connection.timeouts.current.requestTimeout;
  }

  probePeer(): void {
    this.#connection.transport.probe();
  }

  // Timeouts.

  peerPresumedGone(): void {
    const message = "the client cannot be heard any more, and nothing moves";
    this.#connection.closeNow("client_gone", peerGone(message));
  }

  get bodyReceived(): number {
    return this.#connection.protocol.bodyReceived;
  }

  readTimedOut(timeout: ReadTimeout): void {
    const connection = this.#connection;
    switch (timeout) {
      case "head": {
        const error = new ProtocolError("head_timeout", 408, "the request head took too long");
        return connection.protocol.refuse(error, "header_timeout");
      }
      case "request":
        return connection.protocol.refuse(requestTimedOut(), "request_timeout");
      case "first-request":
        if (connection.life.state === "draining") {
          return connection.closeNow(connection.life.reason, null);
        }
        return connection.protocol.closeIdle(connection.policy.retiring ? "shutdown_idle" : "header_timeout");
      case "idle":
        return connection.protocol.closeIdle(connection.policy.retiring ? "shutdown_idle" : "idle_timeout");
      case "drain":
        return connection.lingeringClose("unread_body");
      case "linger":
      case "idle-linger":
        return connection.closeNow(connection.tunnel === null ? connection.life.reason : "upgraded", null);
    }
  }

  bodyTooSlow(): void {
    const { minBodyRate } = this.#connection.timeouts.current;
    const message = `the request body came with less than ${minBodyRate} bytes a second`;
    this.#connection.protocol.refuse(new ProtocolError("body_too_slow", 408, message), "slow_body");
  }
}
