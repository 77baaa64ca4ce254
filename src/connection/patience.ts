/**
 * How long a connection waits for what it waits for. It says what that is after every event, and when a
 * request's head is complete; saying the same again changes nothing, except that an idle connection starts
 * anew.
 */
import { BodyPace, type BodyPaceOwner } from "./body_pace.ts";
import { ClientTime, type ClientTimeOwner } from "./client_time.ts";
import { Deadline, type DeadlineOwner } from "./deadlines.ts";
import type { Engine } from "./engine.ts";
import type { KeepAlive } from "./keep_alive.ts";

/**
 * What a connection can wait for: the first head after the accept, the rest of a head, the next head while
 * idle, the rest of a body that is dropped, the peer's end, which after an idle connection's end is awaited
 * for a moment only; the rest of a body, the handler to read more of a body, the handler to answer; or
 * nothing that anybody could be late with.
 */
export type Waiting =
  | "first head"
  | "head"
  | "next head"
  | "unread body"
  | "end"
  | "idle end"
  | "body"
  | "reader"
  | "handler"
  | "nothing";

/** What can come too late; `request` is head and body together. */
export type Late = "first head" | "head" | "next head" | "unread body" | "end" | "idle end" | "request";

/**
 * How long a connection lingers that was idle: it has no answer to protect, but a request may cross our end,
 * whose client is to read the end rather than a reset. In milliseconds, a round trip of most networks.
 */
const IDLE_LINGER = 250;

/** Who waits. */
export interface PatienceOwner extends BodyPaceOwner {
  /** What it waited for took too long. */
  timedOut(late: Late): void;
}

/** The deadlines of one connection's read side. */
export class Patience implements DeadlineOwner, ClientTimeOwner {
  readonly #owner: PatienceOwner;
  readonly #keepAlive: KeepAlive;
  readonly #engine: Engine;
  readonly #step: Deadline = new Deadline(this);
  /** Runs through head and body; most requests come whole and never need it. */
  #request: ClientTime | null = null;
  /** Likewise for bodies that come in pieces. */
  #pace: BodyPace | null = null;
  #waiting: Waiting = "nothing";

  /** Waits for nothing yet. */
  constructor(owner: PatienceOwner, keepAlive: KeepAlive, engine: Engine) {
    this.#owner = owner;
    this.#keepAlive = keepAlive;
    this.#engine = engine;
  }

  /** Waits for `waiting` from now on. */
  await(waiting: Waiting): void {
    if (waiting === this.#waiting && waiting !== "next head") return;
    const { deadlines, settings, now } = this.#engine;
    // The first head has its time from the accept on; a grace for silent connections is none for heads.
    const goesOn = waiting === "head" && this.#waiting === "first head" && !this.#keepAlive.retiring;
    if (!goesOn) deadlines.arm(this.#step, this.#length(waiting), now);
    this.#waiting = waiting;
    switch (waiting) {
      case "head":
        return this.#requestTime.begin(settings.requestTimeout);
      case "body":
        if (this.#requestTime.runs) this.#requestTime.resume();
        else this.#requestTime.begin(this.#keepAlive.limits.requestTimeout);
        return this.#bodyPace.resume();
      case "reader":
        this.#request?.pause();
        return this.#pace?.pause();
      default:
        this.#request?.stop();
        this.#pace?.stop();
    }
  }

  /** A head is complete: what is awaited from now on belongs to its request, and is not the same again. */
  headComplete(): void {
    if (this.#waiting !== "head") this.#request?.stop(); // it was the time of the request before
    this.#pace?.stop();
    this.#waiting = "handler";
  }

  get #requestTime(): ClientTime {
    return this.#request ??= new ClientTime(this, this.#engine);
  }

  get #bodyPace(): BodyPace {
    return this.#pace ??= new BodyPace(this.#owner, this.#keepAlive, this.#engine);
  }

  /** The request has another time, from now on. */
  requestTimeoutChanged(): void {
    const hasBody = this.#waiting === "body" || this.#waiting === "reader";
    if (!hasBody && !this.#request?.runs) return;
    this.#requestTime.begin(this.#keepAlive.limits.requestTimeout);
    if (this.#waiting !== "body") this.#requestTime.pause();
  }

  /** The body has another pace, from now on. */
  minBodyRateChanged(): void {
    this.#pace?.stop();
    if (this.#waiting === "body") this.#bodyPace.resume();
  }

  /** What is awaited has at most `length` milliseconds from now. */
  hurry(length: number): void {
    const { deadlines, now } = this.#engine;
    if (!this.#step.armed || this.#step.due > now + length) deadlines.arm(this.#step, length, now);
  }

  /** Milliseconds from `now` until the step that is awaited is late, or `null` where it never is. */
  left(now: number): number | null {
    return this.#step.armed ? Math.max(0, this.#step.due - now) : null;
  }

  /** Waits for nothing any more. */
  stop(): void {
    this.#waiting = "nothing";
    this.#engine.deadlines.disarm(this.#step);
    this.#request?.stop();
    this.#pace?.stop();
  }

  expired(): void {
    this.#owner.timedOut(this.#waiting as Late); // nothing else has a length
  }

  clientTimeOver(): void {
    this.#owner.timedOut("request");
  }

  #length(waiting: Waiting): number {
    const { settings } = this.#engine;
    switch (waiting) {
      case "first head":
      case "head":
        return settings.headerTimeout;
      case "next head":
        return this.#keepAlive.idleTime;
      case "unread body":
        return settings.drainTimeout;
      case "end":
        return settings.lingerTimeout;
      case "idle end":
        return Math.min(settings.lingerTimeout, IDLE_LINGER);
      case "body":
      case "reader":
      case "handler":
      case "nothing":
        return 0;
    }
  }
}
