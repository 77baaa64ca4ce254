/**
 * The timeouts of a connection's read side. After every event the connection says what it waits for; each such wait
 * has its own timeout. Repeating the current wait leaves its deadline alone.
 */
import { BodyRateMonitor, type BodyRateMonitorOwner } from "./body_rate_monitor.ts";
import { Deadline, type DeadlineOwner } from "./deadline_queue.ts";
import type { Engine } from "./engine.ts";
import { PausableTimer, type PausableTimerOwner } from "./pausable_timer.ts";
import type { PersistencePolicy } from "./persistence_policy.ts";
import type { ReadWait } from "./read_wait.ts";
import type { RequestTimeouts } from "./request_timeouts.ts";

/** What timed out: a wait, or `request`, head and body together. */
export type ReadTimeout = Exclude<ReadWait, "body" | "reader" | "handler" | "none"> | "request";

/**
 * `lingerTimeout` of a connection that was idle, in milliseconds: a round trip of most networks. There is no response
 * to protect, but a request may cross our end, whose client should read the end rather than a reset.
 */
const IDLE_LINGER_MS = 250;

/** The connection. */
export interface ReadTimersOwner extends BodyRateMonitorOwner {
  /** A wait took too long. */
  readTimedOut(timeout: ReadTimeout): void;
}

/** The deadlines of one connection's read side. */
export class ReadTimers implements DeadlineOwner, PausableTimerOwner {
  readonly #owner: ReadTimersOwner;
  readonly #policy: PersistencePolicy;
  readonly #timeouts: RequestTimeouts;
  readonly #engine: Engine;
  /** Of the current wait. */
  readonly #deadline: Deadline = new Deadline(this);
  /** `requestTimeout`: spans head and body. Made on first use, since most requests arrive whole. */
  #requestTimer: PausableTimer | null = null;
  /** `minBodyRate`. Made on first use. */
  #bodyRate: BodyRateMonitor | null = null;
  #wait: ReadWait = "none";

  /** Waits for nothing yet. */
  constructor(
    owner: ReadTimersOwner,
    policy: PersistencePolicy,
    timeouts: RequestTimeouts,
    engine: Engine,
  ) {
    this.#owner = owner;
    this.#policy = policy;
    this.#timeouts = timeouts;
    this.#engine = engine;
  }

  /** Waits for `wait` from now on. */
  wait(wait: ReadWait): void {
    if (wait === this.#wait) return;
    const { deadlines, settings, now } = this.#engine;
    // `headerTimeout` of the first head runs from the accept on; an idle grace is not extended to a head.
    const continues = wait === "head" && this.#wait === "first-request" && !this.#policy.retiring;
    if (!continues) deadlines.arm(this.#deadline, this.#timeout(wait), now);
    this.#wait = wait;
    switch (wait) {
      case "head":
        return this.#request.begin(settings.requestTimeout);
      case "body":
        if (this.#request.isRunning) this.#request.resume();
        else this.#request.begin(this.#timeouts.current.requestTimeout);
        return this.#rate.resume();
      case "reader":
        this.#requestTimer?.pause();
        return this.#bodyRate?.pause();
      default:
        this.#requestTimer?.stop();
        this.#bodyRate?.stop();
    }
  }

  /** A head is complete: later waits belong to its request, even where they are called the same. */
  headComplete(): void {
    if (this.#wait !== "head") this.#requestTimer?.stop(); // it belonged to the previous request
    this.#bodyRate?.stop();
    this.#wait = "handler";
  }

  get #request(): PausableTimer {
    return this.#requestTimer ??= new PausableTimer(this, this.#engine);
  }

  get #rate(): BodyRateMonitor {
    return this.#bodyRate ??= new BodyRateMonitor(this.#owner, this.#timeouts, this.#engine);
  }

  /** `requestTimeout` was set for this request: it runs from now on. */
  requestTimeoutChanged(): void {
    const hasBody = this.#wait === "body" || this.#wait === "reader";
    if (!hasBody && !this.#requestTimer?.isRunning) return;
    this.#request.begin(this.#timeouts.current.requestTimeout);
    if (this.#wait !== "body") this.#request.pause();
  }

  /** `minBodyRate` was set for this request: it is measured from now on. */
  minBodyRateChanged(): void {
    this.#bodyRate?.stop();
    if (this.#wait === "body") this.#rate.resume();
  }

  /** Limits the current wait to `timeout` milliseconds from now. */
  shorten(timeout: number): void {
    const { deadlines, now } = this.#engine;
    if (!this.#deadline.armed || this.#deadline.due > now + timeout) {
      deadlines.arm(this.#deadline, timeout, now);
    }
  }

  /** Milliseconds from `now` until the current wait times out, or `null` where it does not. */
  timeLeft(now: number): number | null {
    return this.#deadline.armed ? Math.max(0, this.#deadline.due - now) : null;
  }

  /** Disarms everything: the connection is closed. */
  stop(): void {
    this.#wait = "none";
    this.#engine.deadlines.disarm(this.#deadline);
    this.#requestTimer?.stop();
    this.#bodyRate?.stop();
  }

  expired(): void {
    this.#owner.readTimedOut(this.#wait as ReadTimeout); // the other waits have no timeout
  }

  timerExpired(): void {
    this.#owner.readTimedOut("request");
  }

  /** In milliseconds; 0 for none. */
  #timeout(wait: ReadWait): number {
    const { settings } = this.#engine;
    switch (wait) {
      case "first-request":
      case "head":
        return settings.headerTimeout;
      case "idle":
        return this.#policy.enforcedIdleTimeout;
      case "drain":
        return settings.drainTimeout;
      case "linger":
        return settings.lingerTimeout;
      case "idle-linger":
        return Math.min(settings.lingerTimeout, IDLE_LINGER_MS);
      case "body":
      case "reader":
      case "handler":
      case "none":
        return 0;
    }
  }
}
