/**
 * Whether a request body comes as fast as `minBodyRate` wants: looked at again and again, each time when the
 * client has had the grace period.
 */
import { ClientTime, type ClientTimeOwner } from "./client_time.ts";
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
  readonly #time: ClientTime;
  /** What had come by the last look. */
  #received = 0;

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
    if (!this.#time.runs) this.#look();
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
    const came = this.#owner.bodyReceived - this.#received;
    if (came * 1000 < this.#keepAlive.limits.minBodyRate * this.#time.waited) this.#owner.bodyTooSlow();
    else this.#look();
  }

  #look(): void {
    this.#received = this.#owner.bodyReceived;
    this.#time.renew(this.#keepAlive.limits.bodyRateGrace);
  }
}
