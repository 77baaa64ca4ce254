/**
 * Fairness: no connection starves the others. One that always has work at hand (a pipelining client, a stream that
 * never waits) would hold the event loop for as long as it likes: accepts, timers and all other connections
 * would wait. So each works for a while, then waits for its next turn, which the loop reaches after it
 * has looked at the sockets.
 */
import type { Clock } from "./clock.ts";

/** The clock is read after this many units of work at first, and then after twice as many each time, … */
const FIRST_CHECK = 4;
/** … up to this. A power of two. */
const CHECK_EVERY = 64;

/** Who takes turns. */
export interface TurnTaker {
  /** It may go on. */
  takeTurn(): void;
}

/** The connections that wait for their next turn, in order. */
export class TurnQueue {
  readonly #clock: Clock;
  #waiting: TurnTaker[] = [];
  #isScheduled = false;
  /** Since when the loop has been busy with the connections that do not wait, while others do. */
  #othersSince = 0;
  readonly #run = (): void => this.#serve();

  /** Takes turns of the event loop by `clock`. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The clock, in milliseconds. */
  now(): number {
    return this.#clock.now();
  }

  /**
   * Whether a turn that began at `began` is over. While connections wait, those that do not share one turn between
   * them, so that many busy ones do not add up.
   */
  isOver(began: number): boolean {
    return this.now() - (this.#isScheduled ? this.#othersSince : began) >= this.#clock.turnLength;
  }

  /** Calls `taker.takeTurn` in a later turn of the loop, after those that wait already. */
  enqueue(taker: TurnTaker): void {
    this.#waiting.push(taker);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#othersSince = this.now();
    this.#clock.nextTurn(this.#run);
  }

  /** Serves those that wait, all together for one turn's length at the most; the rest goes first next time. */
  #serve(): void {
    this.#isScheduled = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    const end = this.now() + this.#clock.turnLength;
    let served = 0;
    try {
      do waiting[served++].takeTurn(); while (served < waiting.length && this.now() < end);
    } finally {
      if (served < waiting.length) this.#waiting = [...waiting.slice(served), ...this.#waiting];
      if (this.#waiting.length > 0) this.#schedule();
      this.#othersSince = this.now();
    }
  }
}

/** What one connection does in its turn. */
export class Turn {
  readonly #queue: TurnQueue;
  readonly #taker: TurnTaker;
  #began: number;
  #units = 0;
  #isOver = false;

  /** The turns of `taker`, whose first began at `now`. */
  constructor(queue: TurnQueue, taker: TurnTaker, now: number) {
    this.#queue = queue;
    this.#taker = taker;
    this.#began = now;
  }

  /** Whether it is over, and the next one is awaited. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** A turn of the loop brings it something to do, at `now`; not while it waits for its turn. */
  begin(now: number): void {
    if (this.#isOver) return;
    this.#began = now;
    this.#units = 0;
  }

  /** Its turn has come. */
  resume(): void {
    this.#isOver = false;
    this.begin(this.#queue.now());
  }

  /** Counts a unit of work that was done; answers whether there may be another one in this turn. */
  spend(): boolean {
    const units = ++this.#units;
    if (this.#isOver) return false;
    const isCheck = units < CHECK_EVERY
      ? units >= FIRST_CHECK && (units & (units - 1)) === 0
      : units % CHECK_EVERY === 0;
    if (!isCheck || !this.#queue.isOver(this.#began)) return true;
    this.#isOver = true;
    this.#queue.enqueue(this.#taker);
    return false;
  }
}
