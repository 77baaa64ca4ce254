/**
 * How many streams may be reset, by the client or because of what it does, before the connection is ended: each costs work
 * that is thrown away (CVE-2023-44487, CVE-2025-8671). A client that gives up some requests is far below it.
 */

/** Resets at once, … */
const BURST = 1_000;
/** … and in a second after that. */
const PER_SECOND = 33;

/** A bucket of tokens. */
export class ResetBudget {
  #tokens = BURST;
  #filledAt: number;

  /** Full at `now`, in milliseconds. */
  constructor(now: number) {
    this.#filledAt = now;
  }

  /** Counts a reset; answers whether it was within the budget. */
  spend(now: number): boolean {
    this.#tokens = Math.min(BURST, this.#tokens + (now - this.#filledAt) * PER_SECOND / 1000);
    this.#filledAt = now;
    return --this.#tokens >= 0;
  }
}
