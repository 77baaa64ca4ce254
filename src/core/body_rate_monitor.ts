/**
 * Enforces `minBodyRate`: the average rate of a request body, over the time for which the server waited for the
 * client. So a body that was fast at first may stall later. No body is too slow during the grace period.
 */
import { TIMER_RESOLUTION_MS } from "./deadline_queue.ts";
import type { Engine } from "./engine.ts";
import { PausableTimer, type PausableTimerOwner } from "./pausable_timer.ts";
import type { RequestTimeouts } from "./request_timeouts.ts";

/** The connection. */
export interface BodyRateMonitorOwner {
  /** Bytes of the body received so far, without their framing. */
  readonly bodyReceived: number;
  /** The body is slower than `minBodyRate`. */
  bodyTooSlow(): void;
}

/** Monitors one connection's request bodies, one after another. */
export class BodyRateMonitor implements PausableTimerOwner {
  readonly #owner: BodyRateMonitorOwner;
  readonly #timeouts: RequestTimeouts;
  /** Until the next check. */
  readonly #timer: PausableTimer;
  /** `bodyReceived` when monitoring began. */
  #receivedBefore = 0;
  /** Milliseconds for which the client was waited for, up to the last check. */
  #elapsed = 0;

  /** Monitors nothing yet. */
  constructor(owner: BodyRateMonitorOwner, timeouts: RequestTimeouts, engine: Engine) {
    this.#owner = owner;
    this.#timeouts = timeouts;
    this.#timer = new PausableTimer(this, engine);
  }

  /** The handler wants more of the body: time counts. */
  resume(): void {
    const { minBodyRate, bodyRateGrace } = this.#timeouts.current;
    if (minBodyRate === 0) return;
    this.#timer.resume();
    if (this.#timer.isRunning) return;
    this.#receivedBefore = this.#owner.bodyReceived;
    this.#elapsed = 0;
    this.#timer.restart(bodyRateGrace);
  }

  /** The handler wants no more for now: time does not count. */
  pause(): void {
    this.#timer.pause();
  }

  /** The body is complete, or discarded. */
  stop(): void {
    this.#timer.stop();
  }

  timerExpired(): void {
    const { minBodyRate, bodyRateGrace } = this.#timeouts.current;
    this.#elapsed += this.#timer.elapsed;
    // The time that the bytes received so far may take at this rate.
    const allowed = (this.#owner.bodyReceived - this.#receivedBefore) * 1000 / minBodyRate;
    if (allowed < this.#elapsed) return this.#owner.bodyTooSlow();
    // Each duration has a list in the deadline queue: rounding, and the grace as the maximum, keep these few.
    const left = Math.ceil((allowed - this.#elapsed + 1) / TIMER_RESOLUTION_MS) * TIMER_RESOLUTION_MS;
    this.#timer.restart(Math.min(left, bodyRateGrace));
  }
}
