/**
 * Whether a request body comes as fast as `minBodyRate` wants, taken over all the time for which the client was
 * waited for: what came fast at first makes up for a stall. The grace period is exempt.
 */
import { ClientTime, type ClientTimeOwner } from "./client_time.ts";
import { TICK } from "./deadlines.ts";
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
export class BodyPace implements ClientTimeOwner {
  readonly #owner: BodyPaceOwner;
  readonly #keepAlive: KeepAlive;
  /** Until the next look. */
  readonly #time: ClientTime;
  /** What had come when this began. */
  #before = 0;
  /** For how long the client was waited for by the last look, in milliseconds. */
  #waited = 0;

  /** Watches nothing yet. */
  constructor(owner: BodyPaceOwner, keepAlive: KeepAlive, engine: Engine) {
    this.#owner = owner;
    this.#keepAlive = keepAlive;
    this.#time = new ClientTime(this, engine);
  }

  /** More of the body is wanted: it is the client's turn. */
  resume(): void {
    if (this.#keepAlive.limits.minBodyRate === 0) return;
    this.#time.resume();
    if (this.#time.runs) return;
    this.#before = this.#owner.bodyReceived;
    this.#waited = 0;
    this.#time.renew(this.#keepAlive.limits.bodyRateGrace);
  }

  /** No more is wanted for now. */
  pause(): void {
    this.#time.pause();
  }

  /** No body is under way. */
  stop(): void {
    this.#time.stop();
  }

  clientTimeOver(): void {
    const { minBodyRate, bodyRateGrace } = this.#keepAlive.limits;
    this.#waited += this.#time.waited;
    // The time for which what has come is enough.
    const enough = (this.#owner.bodyReceived - this.#before) * 1000 / minBodyRate;
    if (enough < this.#waited) return this.#owner.bodyTooSlow();
    // Lengths make lists of deadlines: so that these stay few, the time is rounded, and no longer than the grace.
    const left = Math.ceil((enough - this.#waited + 1) / TICK) * TICK;
    this.#time.renew(Math.min(left, bodyRateGrace));
  }
}
