/**
 * How long a connection waits for what it waits for. It says what that is after every event; saying the
 * same again changes nothing, except that an idle connection starts anew.
 */
import { Deadline, type DeadlineOwner } from "./deadlines.ts";
import type { Engine } from "./engine.ts";

/**
 * What a connection can wait for: the first head after the accept, the rest of a head, of a body, the next
 * head while idle, the rest of a body that is dropped, the peer's end.
 */
export type Waiting = "nothing" | "first head" | "head" | "body" | "next head" | "unread body" | "end";

/** Who waits. */
export interface PatienceOwner {
  /** It took too long. */
  timedOut(waited: Waiting): void;
}

/** The deadlines of one connection. */
export class Patience implements DeadlineOwner {
  readonly #owner: PatienceOwner;
  readonly #engine: Engine;
  readonly #step: Deadline = new Deadline(this);
  /** `requestTimeout` runs through head and body; most requests come whole and never need it. */
  #request: Deadline | null = null;
  #waiting: Waiting = "nothing";

  /** Waits for nothing yet. */
  constructor(owner: PatienceOwner, engine: Engine) {
    this.#owner = owner;
    this.#engine = engine;
  }

  /** Waits for `waiting` from now on. */
  await(waiting: Waiting): void {
    if (waiting === this.#waiting && waiting !== "next head") return;
    const { deadlines, settings, now } = this.#engine;
    // The first head has its time from the accept on.
    const goesOn = this.#waiting === "first head" && waiting === "head";
    if (!goesOn) deadlines.arm(this.#step, this.#length(waiting), now);
    this.#waiting = waiting;
    if (waiting === "head" || waiting === "body") {
      this.#request ??= new Deadline(this);
      if (!this.#request.armed) deadlines.arm(this.#request, settings.requestTimeout, now);
    } else if (this.#request !== null) {
      deadlines.disarm(this.#request);
    }
  }

  /** Gives the request its time anew: what came of it by now is not late. */
  extendRequest(): void {
    const { deadlines, settings, now } = this.#engine;
    deadlines.arm(this.#request!, settings.requestTimeout, now);
  }

  /** Waits for nothing any more. */
  stop(): void {
    this.await("nothing");
  }

  expired(deadline: Deadline): void {
    const waited = deadline === this.#request ? "body" : this.#waiting;
    this.#owner.timedOut(waited);
  }

  #length(waiting: Waiting): number {
    const { settings } = this.#engine;
    switch (waiting) {
      case "first head":
      case "head":
        return settings.headerTimeout;
      case "next head":
        return settings.idleTimeout && settings.idleTimeout + settings.idleTimeoutBuffer;
      case "unread body":
        return settings.drainTimeout;
      case "end":
        return settings.lingerTimeout;
      case "nothing":
      case "body":
        return 0;
    }
  }
}
