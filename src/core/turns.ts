/**
 * Fairness: no connection starves the others. One that always has work (a pipelining client, a stream that never
 * waits) would hold the event loop for as long as it likes: accepts, timers and all other connections would wait. So
 * each works for a while, then waits for its next turn, which the loop reaches after it has polled the sockets.
 */
import type { Clock } from "./clock.ts";

/** The clock is read after this many units of work at first, and then after twice as many each time, … */
const FIRST_CHECK = 4;
/** … up to this. A power of two. */
const CHECK_EVERY = 64;

/** The share of a turn's length from which on a connection counts as busy. */
const BUSY = 0.1;

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
  /** Since when all busy connections together have had the loop in this turn of it; valid while `#isScheduled`. */
  #busySince = 0;
  readonly #run = (): void => this.#serve();

  /** Takes turns of the event loop by `clock`. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How long a connection may work while others wait, in milliseconds. */
  get turnLength(): number {
    return this.#clock.turnLength;
  }

  /** The clock, in milliseconds. */
  now(): number {
    return this.#clock.now();
  }

  /**
   * Whether a connection's turn that began at `began` is over. Those that have worked for a while share one turn of the
   * loop, so that many of them do not add up. `isCurrent`: it has worked since `began`, except for waits of less than a
   * turn's length. Otherwise it may have waited for most of that time, which nothing tells apart: it is measured from this
   * check on.
   */
  isOver(began: number, isCurrent: boolean): boolean {
    const now = this.now();
    if (now - began < this.#clock.turnLength * BUSY) return false;
    if (!this.#isScheduled) {
      this.#busySince = isCurrent ? began : now;
      this.#schedule();
    }
    return now - this.#busySince >= this.#clock.turnLength;
  }

  /** Calls `taker.takeTurn` in a later turn of the loop, after those that wait already. */
  enqueue(taker: TurnTaker): void {
    this.#waiting.push(taker);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.nextTurn(this.#run);
  }

  /** Serves those that wait, all together for one turn's length at the most; the rest goes first next time. */
  #serve(): void {
    this.#isScheduled = false;
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    const end = this.now() + this.#clock.turnLength;
    let served = 0;
    try {
      do waiting[served++].takeTurn(); while (served < waiting.length && this.now() < end);
    } finally {
      if (served < waiting.length) this.#waiting = [...waiting.slice(served), ...this.#waiting];
      if (this.#waiting.length > 0) this.#schedule();
      this.#busySince = this.now();
    }
  }
}

/** What one connection does in its turn. */
export class Turn {
  readonly #queue: TurnQueue;
  readonly #taker: TurnTaker;
  /** When the first event came that may be of this turn of the loop. */
  #began: number;
  /** Whether an event is on the stack; what runs in microtasks may have waited for long. */
  #isCurrent: boolean;
  #units = 0;
  #isOver = false;

  /** The turns of `taker`, whose first began at `now`; `isCurrent` until it pauses. */
  constructor(queue: TurnQueue, taker: TurnTaker, now: number, isCurrent: boolean) {
    this.#queue = queue;
    this.#taker = taker;
    this.#began = now;
    this.#isCurrent = isCurrent;
  }

  /** Whether it is over, and the next one is awaited. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** An event brings it something to do, at `now`; not while it waits for its turn. */
  begin(now: number): void {
    if (this.#isOver) return;
    this.#isCurrent = true;
    // The loop may not have turned since: Node reads a connection up to 32 times in one turn. Where it has, a wait of less
    // than a turn's length counts as work, which costs the connection a turn at the worst.
    if (now - this.#began >= this.#queue.turnLength) this.#restart(now);
  }

  #restart(now: number): void {
    this.#began = now;
    this.#units = 0;
  }

  /** The event is over: what follows runs in microtasks, or after a wait. */
  pause(): void {
    this.#isCurrent = false;
  }

  /** Its turn has come. */
  resume(): void {
    this.#isOver = false;
    this.#isCurrent = true;
    this.#restart(this.#queue.now());
  }

  /** Counts a unit of work that was done; answers whether there may be another one in this turn. */
  spend(): boolean {
    const units = ++this.#units;
    if (this.#isOver) return false;
    const isCheck = units < CHECK_EVERY
      ? units >= FIRST_CHECK && (units & (units - 1)) === 0
      : units % CHECK_EVERY === 0;
    if (!isCheck) return true;
    if (!this.#queue.isOver(this.#began, this.#isCurrent)) {
      if (!this.#isCurrent) this.#units = 0; // this check may have begun the measurement: the next one comes soon
      return true;
    }
    this.#isOver = true;
    this.#queue.enqueue(this.#taker);
    return false;
  }
}
