/**
 * The life of a connection: its public state, every transition of it, and why it ended. All transitions are
 * made here, and they are these:
 *
 * | from     | to                                | when                                                   |
 * |----------|-----------------------------------|--------------------------------------------------------|
 * | new      | active, draining, closed          | the first byte of a request; told to end; gone         |
 * | active   | idle, draining, upgraded, closed  | exchange over; last response sent; handed over; gone   |
 * | idle     | active, draining, closed          | the next request; idle for too long, told to end; gone |
 * | draining | closed                            | the peer is done too, or has had its time              |
 * | upgraded | closed                            | the other protocol is done                             |
 * | closed   |                                   |                                                        |
 */
import type { CloseReason, Connection, ConnectionState } from "../conn.ts";
import { Deferred } from "./deferred.ts";
import type { Engine } from "./engine.ts";
import { Place, type Sparable } from "./spare.ts";

/** Where each state may lead. */
export const TRANSITIONS: Readonly<Record<ConnectionState, readonly ConnectionState[]>> = {
  new: ["active", "draining", "closed"],
  active: ["idle", "draining", "upgraded", "closed"],
  idle: ["active", "draining", "closed"],
  draining: ["closed"],
  upgraded: ["closed"],
  closed: [],
};

/** The life of one connection. Whoever is told of a change may close the connection: look again after it. */
export class Lifecycle {
  /** Since when nothing is under way: when it became idle, or its head began to come. */
  idleSince = 0;
  readonly #connection: Connection;
  readonly #engine: Engine;
  readonly #place: Place;
  #state: ConnectionState = "new";
  #reason: CloseReason = "forced";
  #closed: Deferred<CloseReason> | null = null;

  /** Begins the life of `connection`. */
  constructor(connection: Connection & Sparable, engine: Engine) {
    this.#connection = connection;
    this.#engine = engine;
    this.#place = new Place(connection);
  }

  /** Where it is. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** Why it ends or ended; nothing before it is `draining` or `closed`. */
  get reason(): CloseReason {
    return this.#reason;
  }

  /** Resolves when it is over. */
  get closed(): Promise<CloseReason> {
    if (this.#closed === null) {
      this.#closed = new Deferred();
      if (this.#state === "closed") this.#closed.resolve(this.#reason);
    }
    return this.#closed.promise;
  }

  /** It is there, and can be spared as long as it has brought no request. */
  begin(): void {
    this.idleSince = this.#engine.now;
    this.#place.moveTo(this.#engine.spare.unasked);
    this.#engine.observer.stateChanged(this.#connection, "new");
  }

  /** A head has begun to come, and may never end. */
  beginHead(): void {
    if (this.#state === "idle") {
      this.idleSince = this.#engine.now;
      this.#place.moveTo(this.#engine.spare.unasked);
    }
    this.#become("active");
  }

  /** A head is complete: something is under way. */
  beginRequest(): void {
    this.#place.leave();
    this.#become("active");
  }

  /** It is between two requests, from now on. Said again it is idle anew, which nobody is told. */
  rest(): void {
    const { spare, now } = this.#engine;
    this.idleSince = now;
    this.#place.moveTo(spare.idle);
    this.#become("idle");
  }

  /** It is another protocol's. */
  upgrade(): void {
    this.#place.leave();
    this.#become("upgraded");
  }

  /** It has said its last, for this reason. */
  drain(reason: CloseReason): void {
    this.#reason = reason;
    this.#place.leave();
    this.#become("draining");
  }

  /** The peer has ended and may be gone, or its last response was taken and only its end is awaited. */
  mayBeSpared(): void {
    // One that was turned away takes nobody's room.
    if (this.#place.chain === null && !(this.#state === "draining" && this.#reason === "rejected")) {
      this.#place.moveTo(this.#engine.spare.ending);
    }
  }

  /** It is over, for this reason: from now on nothing leads back into it. Nobody is told yet. */
  end(reason: CloseReason): void {
    this.#reason = reason;
    this.#state = "closed";
    this.#place.leave();
  }

  /** Tells that it is over. */
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
