/**
 * Whether a request body comes as fast as `minBodyRate` wants. Looked at once in each grace period; only
 * the time counts for which the connection waited for the client.
 */
import { Deadline, type DeadlineOwner } from "./deadlines.ts";
import type { Engine } from "./engine.ts";
import type { KeepAlive } from "./keep_alive.ts";

/** Whose body it is. */
export interface BodyPaceOwner {
  /** Bytes of the body that have come. */
  readonly bodyReceived: number;
  /** The body comes too slowly. */
  bodyTooSlow(): void;
}

/** The pace of one connection's request bodies, one after another. */
export class BodyPace implements DeadlineOwner {
  readonly #owner: BodyPaceOwner;
  readonly #keepAlive: KeepAlive;
  readonly #engine: Engine;
  readonly #deadline: Deadline = new Deadline(this);
  /** Since when the client is waited for; `null` while it is not its turn. */
  #waitsSince: number | null = null;
  /** For how long it was waited for since the last look, before `#waitsSince`. */
  #waited = 0;
  /** What had come by the last look. */
  #received = 0;

  /** Watches nothing yet. */
  constructor(owner: BodyPaceOwner, keepAlive: KeepAlive, engine: Engine) {
    this.#owner = owner;
    this.#keepAlive = keepAlive;
    this.#engine = engine;
  }

  /** More of the body is wanted: it is the client's turn. */
  resume(): void {
    if (this.#waitsSince !== null || this.#keepAlive.limits.minBodyRate === 0) return;
    this.#waitsSince = this.#engine.now;
    if (!this.#deadline.armed) this.#begin();
  }

  /** No more is wanted for now. */
  pause(): void {
    this.#count();
    this.#waitsSince = null;
  }

  /** No body is under way. */
  stop(): void {
    this.#waitsSince = null;
    this.#engine.deadlines.disarm(this.#deadline);
  }

  expired(): void {
    this.#engine.beginEvent();
    this.#count();
    const { minBodyRate, bodyRateGrace } = this.#keepAlive.limits;
    if (this.#waited < bodyRateGrace) return this.#arm();
    const came = this.#owner.bodyReceived - this.#received;
    if (came * 1000 < minBodyRate * this.#waited) this.#owner.bodyTooSlow();
    else this.#begin();
  }

  #begin(): void {
    this.#waited = 0;
    this.#received = this.#owner.bodyReceived;
    this.#arm();
  }

  #arm(): void {
    const { deadlines, now } = this.#engine;
    deadlines.arm(this.#deadline, this.#keepAlive.limits.bodyRateGrace, now);
  }

  #count(): void {
    if (this.#waitsSince === null) return;
    const { now } = this.#engine;
    this.#waited += now - this.#waitsSince;
    this.#waitsSince = now;
  }
}
