/**
 * The state of a connection, and why it was closed. All transitions are made here, and they are these:
 *
 * | from     | to                                | when                                                   |
 * |----------|-----------------------------------|--------------------------------------------------------|
 * | new      | active, draining, closed          | the first byte of a request; retired; gone             |
 * | active   | idle, draining, upgraded, closed  | exchange over; last response sent; upgraded; gone      |
 * | idle     | active, draining, closed          | the next request; idle for too long, retired; gone     |
 * | draining | closed                            | the peer has ended too, or `lingerTimeout`             |
 * | upgraded | closed                            | the tunnel is over                                     |
 * | closed   |                                   |                                                        |
 */
import type { CloseReason, ConnectionState } from "../api/transport.ts";
import { Deferred } from "./deferred.ts";
import type { Engine, ObservedConnection } from "./engine.ts";
import { type Evictable, EvictionEntry } from "./eviction.ts";

/** Where each state may lead. */
export const TRANSITIONS: Readonly<Record<ConnectionState, readonly ConnectionState[]>> = {
  new: ["active", "draining", "closed"],
  active: ["idle", "draining", "upgraded", "closed"],
  idle: ["active", "draining", "closed"],
  draining: ["closed"],
  upgraded: ["closed"],
  closed: [],
};

/** The state of one connection. `onStateChange` may close it: check the state after a transition. */
export class Lifecycle {
  /** Since when nothing is under way, by the monotonic clock: when it became idle, or its head began. */
  idleSince = 0;
  readonly #connection: ObservedConnection;
  readonly #engine: Engine;
  readonly #entry: EvictionEntry;
  #state: ConnectionState = "new";
  #reason: CloseReason = "forced";
  #closed: Deferred<CloseReason> | null = null;

  /** The state of `connection`, which is `new`. */
  constructor(connection: ObservedConnection & Evictable, engine: Engine) {
    this.#connection = connection;
    this.#engine = engine;
    this.#entry = new EvictionEntry(connection);
  }

  /** The state. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** Why it is `draining` or `closed`; without a meaning before. */
  get reason(): CloseReason {
    return this.#reason;
  }

  /** Resolves when it is closed. */
  get closed(): Promise<CloseReason> {
    if (this.#closed === null) {
      this.#closed = new Deferred();
      if (this.#state === "closed") this.#closed.resolve(this.#reason);
    }
    return this.#closed.promise;
  }

  /** It was accepted. One that `isAdmitted` counts at the cap: it can be evicted as long as it has brought no request. */
  begin(isAdmitted: boolean): void {
    this.idleSince = this.#engine.now;
    if (isAdmitted) this.#entry.moveTo(this.#engine.eviction.pending);
    this.#engine.observer.stateChanged(this.#connection, "new");
  }

  /** Whether it can be evicted without having answered what the client sends, or is about to send. */
  get isPending(): boolean {
    return this.#entry.list === this.#engine.eviction.pending;
  }

  /** Whether there was no room for it: it only lingers, outside of the cap. */
  get isTurnedAway(): boolean {
    return this.#state === "draining" && (this.#reason === "rejected" || this.#reason === "evicted");
  }

  /** A part of a head was received; `isAlone`: no exchange is under way beside it. */
  beginHead(isAlone: boolean): void {
    if (this.#state === "idle" || isAlone && this.#entry.list === null) {
      this.idleSince = this.#engine.now;
      this.#entry.moveTo(this.#engine.eviction.pending);
    }
    this.#become("active");
  }

  /** A head is complete: an exchange is under way. */
  beginRequest(): void {
    this.#entry.leave();
    this.#become("active");
  }

  /** It is between two requests from now on, or still is: only a request ends the idle time. */
  becomeIdle(): void {
    if (this.#state === "idle") return;
    const { eviction, now } = this.#engine;
    this.idleSince = now;
    this.#entry.moveTo(eviction.idle);
    this.#become("idle");
  }

  /** It belongs to another protocol. */
  upgrade(): void {
    this.#entry.leave();
    this.#become("upgraded");
  }

  /** Its last response was written. */
  drain(reason: CloseReason): void {
    this.#reason = reason;
    this.#entry.leave();
    this.#become("draining");
  }

  /** The peer has half-closed and may be gone, or only the peer's end is awaited. */
  markEvictable(): void {
    if (this.#entry.list === null && !this.isTurnedAway) this.#entry.moveTo(this.#engine.eviction.ending);
  }

  /** It is closed: no transition leads on. `announceEnd` tells the observer, once everything is released. */
  end(reason: CloseReason): void {
    this.#reason = reason;
    this.#state = "closed";
    this.#entry.leave();
  }

  /** Tells the observer that it is closed. */
  announceEnd(): void {
    this.#engine.observer.stateChanged(this.#connection, "closed");
    this.#engine.connectionClosed(this.#reason);
    this.#closed?.resolve(this.#reason);
  }

  #become(state: ConnectionState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#engine.observer.stateChanged(this.#connection, state);
  }
}
