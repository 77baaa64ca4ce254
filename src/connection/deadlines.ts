/**
 * Deadlines of all connections, checked by one coarse timer. Deadlines of the same length stand in one
 * list, which is therefore ordered by time: arming appends, disarming unlinks, and the timer looks at the
 * lists' heads alone. With nothing armed there is no timer.
 */
import { MAX_TIME } from "../options.ts";
import type { Clock } from "./clock.ts";

/** How late a deadline may be noticed, and how seldom the timer fires at the most, in milliseconds. */
export const TICK = 250;

/** Who has deadlines. */
export interface DeadlineOwner {
  /** `deadline` came due, and is disarmed. */
  expired(deadline: Deadline): void;
}

/** One thing that may come due, linked into at most one list. Made once, armed often. */
export class Deadline {
  /** @internal */ previous: Deadline | null = null;
  /** @internal */ next: Deadline | null = null;
  /** @internal */ list: DeadlineList | null = null;
  /** @internal */ due = 0;
  /** Who is told. */
  readonly owner: DeadlineOwner;

  /** Makes a deadline of `owner`. */
  constructor(owner: DeadlineOwner) {
    this.owner = owner;
  }

  /** Whether it is armed. */
  get armed(): boolean {
    return this.list !== null;
  }
}

/** Deadlines of one length, the earliest first. */
class DeadlineList {
  first: Deadline | null = null;
  last: Deadline | null = null;
  readonly length: number;

  constructor(length: number) {
    this.length = length;
  }

  append(deadline: Deadline): void {
    deadline.list = this;
    deadline.previous = this.last;
    deadline.next = null;
    if (this.last === null) this.first = deadline;
    else this.last.next = deadline;
    this.last = deadline;
  }

  remove(deadline: Deadline): void {
    if (deadline.previous === null) this.first = deadline.next;
    else deadline.previous.next = deadline.next;
    if (deadline.next === null) this.last = deadline.previous;
    else deadline.next.previous = deadline.previous;
    deadline.list = deadline.previous = deadline.next = null;
  }
}

/** The deadlines of one server. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #lists = new Map<number, DeadlineList>();
  #timer: unknown = null;
  #timerDue = Infinity;
  readonly #tick = (): void => this.#expireDue();

  /** Measures with `clock`. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Arms `deadline` to come due `length` milliseconds after `now`; 0 disarms it. */
  arm(deadline: Deadline, length: number, now: number): void {
    deadline.list?.remove(deadline);
    if (length === 0) return;
    let list = this.#lists.get(length);
    if (list === undefined) this.#lists.set(length, list = new DeadlineList(length));
    deadline.due = now + length;
    list.append(deadline);
    if (deadline.due < this.#timerDue) this.#schedule(deadline.due, now);
  }

  /** Drops the timer; for when no connection is left, so that nothing holds the process. */
  stop(): void {
    if (this.#timer !== null) this.#clock.cancel(this.#timer);
    this.#timer = null;
    this.#timerDue = Infinity;
  }

  /** Disarms `deadline`. */
  disarm(deadline: Deadline): void {
    deadline.list?.remove(deadline);
  }

  #schedule(due: number, now: number): void {
    if (this.#timer !== null) this.#clock.cancel(this.#timer);
    const delay = Math.min(Math.max(TICK, due - now), MAX_TIME);
    this.#timerDue = now + delay;
    this.#timer = this.#clock.schedule(this.#tick, Math.ceil(delay));
  }

  #expireDue(): void {
    this.#timer = null;
    this.#timerDue = Infinity;
    const now = this.#clock.now();
    let earliest = Infinity;
    for (const [length, list] of this.#lists) {
      while (list.first !== null && list.first.due <= now) {
        const deadline = list.first;
        list.remove(deadline);
        deadline.owner.expired(deadline);
      }
      if (list.first === null) this.#lists.delete(length);
      else earliest = Math.min(earliest, list.first.due);
    }
    // An expiry may have armed another deadline, and so the timer.
    if (earliest < this.#timerDue) this.#schedule(earliest, now);
  }
}
