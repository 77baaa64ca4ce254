/**
 * A timer that runs only while the connection waits for the client: time that the handler takes does not count.
 */
import { Deadline, type DeadlineOwner, TIMER_RESOLUTION_MS } from "./deadline_queue.ts";
import type { Engine } from "./engine.ts";

/** Whose timer it is. */
export interface PausableTimerOwner {
  /** The timer has run for as long as it was set to. */
  timerExpired(): void;
}

/** A reusable timer. Times are milliseconds. */
export class PausableTimer implements DeadlineOwner {
  readonly #owner: PausableTimerOwner;
  readonly #engine: Engine;
  readonly #deadline: Deadline = new Deadline(this);
  #timeout = 0;
  /** Time that has passed, up to `#resumedAt`. */
  #elapsed = 0;
  /** By the monotonic clock; `null` while it is paused. */
  #resumedAt: number | null = null;

  /** Stopped at first. */
  constructor(owner: PausableTimerOwner, engine: Engine) {
    this.#owner = owner;
    this.#engine = engine;
  }

  /** Whether it was begun, and has neither expired nor been stopped; also while it is paused. */
  get isRunning(): boolean {
    return this.#deadline.armed;
  }

  /** Milliseconds for which it has run, pauses not counted. */
  get elapsed(): number {
    this.#accumulate();
    return this.#elapsed;
  }

  /** Runs from now on, for `timeout` milliseconds; 0 never expires. */
  begin(timeout: number): void {
    this.#resumedAt = this.#engine.now;
    this.restart(timeout);
  }

  /** As `begin`, but stays paused if it is. */
  restart(timeout: number): void {
    const { deadlines, now } = this.#engine;
    this.#timeout = timeout;
    this.#elapsed = 0;
    if (this.#resumedAt !== null) this.#resumedAt = now;
    deadlines.arm(this.#deadline, timeout, now);
  }

  /** Goes on after `pause`. */
  resume(): void {
    this.#resumedAt ??= this.#engine.now;
  }

  /** Does not count time until `resume`. */
  pause(): void {
    this.#accumulate();
    this.#resumedAt = null;
  }

  /** Ends it; it does not expire. */
  stop(): void {
    this.#resumedAt = null;
    this.#engine.deadlines.disarm(this.#deadline);
  }

  /** The deadline ignores pauses: what they took is still left. */
  expired(): void {
    const left = this.#timeout - this.elapsed;
    if (left <= 0) return this.#owner.timerExpired();
    // Each duration has a list in the queue: rounding keeps these few.
    const rounded = Math.ceil(left / TIMER_RESOLUTION_MS) * TIMER_RESOLUTION_MS;
    this.#engine.deadlines.arm(this.#deadline, rounded, this.#engine.now);
  }

  #accumulate(): void {
    if (this.#resumedAt === null) return;
    const { now } = this.#engine;
    this.#elapsed += now - this.#resumedAt;
    this.#resumedAt = now;
  }
}
