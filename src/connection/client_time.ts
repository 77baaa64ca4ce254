/**
 * Time that a client has for something. It passes only while the connection waits for the client: what the
 * handler takes is not the client's.
 */
import { Deadline, type DeadlineOwner, TICK } from "./deadlines.ts";
import type { Engine } from "./engine.ts";

/** Who gave the time. */
export interface ClientTimeOwner {
  /** `time` is over. */
  clientTimeOver(time: ClientTime): void;
}

/** One such time, used for one thing after another. */
export class ClientTime implements DeadlineOwner {
  readonly #owner: ClientTimeOwner;
  readonly #engine: Engine;
  readonly #deadline: Deadline = new Deadline(this);
  #length = 0;
  #waited = 0;
  /** Since when the client is waited for; `null` while it is not its turn. */
  #since: number | null = null;

  /** Runs not yet. */
  constructor(owner: ClientTimeOwner, engine: Engine) {
    this.#owner = owner;
    this.#engine = engine;
  }

  /** Whether it was begun and is not over. */
  get runs(): boolean {
    return this.#deadline.armed;
  }

  /** How long the client was waited for, in milliseconds. */
  get waited(): number {
    this.#count();
    return this.#waited;
  }

  /** Begins anew: it is the client's turn, for `length` milliseconds; 0 for ever. */
  begin(length: number): void {
    this.#since = this.#engine.now;
    this.renew(length);
  }

  /** Begins anew, whoever's turn it is. */
  renew(length: number): void {
    const { deadlines, now } = this.#engine;
    this.#length = length;
    this.#waited = 0;
    if (this.#since !== null) this.#since = now;
    deadlines.arm(this.#deadline, length, now);
  }

  /** It is the client's turn again. */
  resume(): void {
    this.#since ??= this.#engine.now;
  }

  /** It is not the client's turn. */
  pause(): void {
    this.#count();
    this.#since = null;
  }

  /** Ends it. */
  stop(): void {
    this.#since = null;
    this.#engine.deadlines.disarm(this.#deadline);
  }

  expired(): void {
    this.#engine.beginEvent();
    const left = this.#length - this.waited;
    if (left <= 0) return this.#owner.clientTimeOver(this);
    // Lengths make lists: so that these stay few, what is left is rounded.
    this.#engine.deadlines.arm(this.#deadline, Math.ceil(left / TICK) * TICK, this.#engine.now);
  }

  #count(): void {
    if (this.#since === null) return;
    const { now } = this.#engine;
    this.#waited += now - this.#since;
    this.#since = now;
  }
}
