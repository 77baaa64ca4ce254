/**
 * How long a connection waits for what it waits for. It says what that is after every event; saying the
 * same again changes nothing, except that an idle connection starts anew.
 */
import { BodyPace, type BodyPaceOwner } from "./body_pace.ts";
import { Deadline, type DeadlineOwner } from "./deadlines.ts";
import type { Engine } from "./engine.ts";
import type { KeepAlive } from "./keep_alive.ts";

/**
 * What a connection can wait for: the first head after the accept, the rest of a head, of a body, the handler to
 * read more of a body, the next head while idle, the rest of a body that is dropped, the peer's end.
 */
export type Waiting =
  | "nothing"
  | "first head"
  | "head"
  | "body"
  | "reader"
  | "next head"
  | "unread body"
  | "end";

/** Who waits. */
export interface PatienceOwner extends BodyPaceOwner {
  /** What it waited for took too long; `request` is head and body together. */
  timedOut(late: Waiting | "request"): void;
}

/** The deadlines of one connection's read side. */
export class Patience implements DeadlineOwner {
  readonly #owner: PatienceOwner;
  readonly #keepAlive: KeepAlive;
  readonly #engine: Engine;
  readonly #step: Deadline = new Deadline(this);
  /** `requestTimeout` runs through head and body; most requests come whole and never need it. */
  #request: Deadline | null = null;
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
    const { deadlines, now } = this.#engine;
    // The first head has its time from the accept on.
    const goesOn = this.#waiting === "first head" && waiting === "head";
    if (!goesOn) deadlines.arm(this.#step, this.#length(waiting), now);
    this.#waiting = waiting;
    if (waiting === "head" || waiting === "body" || waiting === "reader") this.#awaitRequest();
    else if (this.#request !== null) deadlines.disarm(this.#request);
    if (waiting === "body") {
      (this.#pace ??= new BodyPace(this.#owner, this.#keepAlive, this.#engine)).resume();
    } else if (waiting === "reader") this.#pace?.pause();
    else this.#pace?.stop();
  }

  #awaitRequest(): void {
    this.#request ??= new Deadline(this);
    if (!this.#request.armed) this.extendRequest();
  }

  /** Gives the request its time anew: what came of it by now is not late. */
  extendRequest(): void {
    const { deadlines, now } = this.#engine;
    deadlines.arm(this.#request!, this.#keepAlive.limits.requestTimeout, now);
  }

  /** The owner has other limits now, which count from now on. */
  limitsChanged(): void {
    if (this.#waiting !== "body" && this.#waiting !== "reader") return;
    this.extendRequest();
    this.#pace?.stop();
    if (this.#waiting === "body") this.#pace!.resume();
  }

  /** What is awaited has at most `length` milliseconds from now. */
  hurry(length: number): void {
    const { deadlines, now } = this.#engine;
    if (!this.#step.armed || this.#step.due > now + length) deadlines.arm(this.#step, length, now);
  }

  /** Milliseconds until the step that is awaited is late, or `null` where it never is. */
  get left(): number | null {
    return this.#step.armed ? Math.max(0, this.#step.due - this.#engine.clock.now()) : null;
  }

  /** Waits for nothing any more. */
  stop(): void {
    this.await("nothing");
  }

  expired(deadline: Deadline): void {
    this.#owner.timedOut(deadline === this.#request ? "request" : this.#waiting);
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
      case "nothing":
      case "body":
      case "reader":
        return 0;
    }
  }
}
