/**
 * Deadlines of all connections, checked by one coarse timer. Deadlines of the same length stand in one
 * list, which is therefore ordered by time: arming appends, disarming unlinks, and the timer looks at the
 * lists' heads alone. With nothing armed there is no timer.
 */
import { MAX_TIME } from "../settings.ts";
import { Chain, Link } from "./chain.ts";
import type { Clock } from "./clock.ts";

/** The timer fires no more often than this, in milliseconds: so late may a deadline be noticed. */
export const TICK = 250;

/**
 * How often, and for how many milliseconds each, the sockets are heard before a deadline expires. A timer
 * fires before the bytes are read that came while the program was busy, and it takes a program some turns
 * to read them all: what arrived in time must not be found too late.
 */
const HEARINGS = 5;
const HEARING = 10;

/** How many deadlines expire in one turn of the event loop; closing a connection takes some microseconds. */
const EXPIRED_AT_ONCE = 100;

/** Who has deadlines. */
export interface DeadlineOwner {
  /** `deadline` came due, and is disarmed. */
  expired(deadline: Deadline): void;
}

/** Deadlines of one length. */
class DeadlineList extends Chain<Deadline> {
  /** That length, in milliseconds. */
  readonly length: number;

  constructor(length: number) {
    super();
    this.length = length;
  }
}

/** One thing that may come due. Made once, armed often. */
export class Deadline extends Link<Deadline> {
  /** When it comes due, while it is armed. */
  due = 0;
  /** Who is told. */
  readonly owner: DeadlineOwner;

  /** Makes a deadline of `owner`. */
  constructor(owner: DeadlineOwner) {
    super();
    this.owner = owner;
  }

  /** Whether it is armed. */
  get armed(): boolean {
    return this.chain !== null;
  }
}

/** The deadlines of one server. */
export class Deadlines {
  readonly #clock: Clock;
  /** By length in milliseconds; the earliest deadline of each list is its first. */
  readonly #lists = new Map<number, DeadlineList>();
  #timer: unknown = null;
  #timerDue = Infinity;
  readonly #tick = (): void => this.#look();
  #hearings = 0;
  readonly #heard = (): void => {
    if (--this.#hearings > 0) this.#hear();
    else this.#expireDue();
  };

  /** Measures with `clock`. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Arms `deadline` to come due `length` milliseconds after `now`; 0 disarms it. */
  arm(deadline: Deadline, length: number, now: number): void {
    const before = deadline.chain as DeadlineList | null;
    before?.remove(deadline);
    if (length === 0) return;
    // Most are armed again and again for the same length.
    const list = before?.length === length ? before : this.#list(length);
    deadline.due = now + length;
    list.append(deadline);
    if (timerFor(deadline.due, now) < this.#timerDue) this.#schedule(deadline.due, now);
  }

  #list(length: number): DeadlineList {
    let list = this.#lists.get(length);
    if (list === undefined) this.#lists.set(length, list = new DeadlineList(length));
    return list;
  }

  /** Disarms `deadline`. */
  disarm(deadline: Deadline): void {
    deadline.chain?.remove(deadline);
  }

  /** Drops the timer; for when no connection is left, so that nothing holds the process. */
  stop(): void {
    if (this.#timer !== null) this.#clock.cancel(this.#timer);
    this.#timer = null;
    this.#timerDue = Infinity;
  }

  #schedule(due: number, now: number): void {
    if (this.#timer !== null) this.#clock.cancel(this.#timer);
    this.#timerDue = timerFor(due, now);
    this.#timer = this.#clock.schedule(this.#tick, Math.ceil(this.#timerDue - now));
  }

  /** The timer fired: most often what it was armed for has been armed anew since, and nothing is due. */
  #look(): void {
    this.#timer = null;
    this.#timerDue = Infinity;
    const now = this.#clock.now();
    const earliest = this.#earliest();
    if (earliest > now) return this.#scheduleEarliest(earliest, now);
    this.#timerDue = now;
    this.#hearings = HEARINGS;
    this.#hear();
  }

  #hear(): void {
    this.#timer = this.#clock.schedule(this.#heard, HEARING);
  }

  /** Expires what is due, some at a time: connections that came together are due together. */
  #expireDue(): void {
    this.#timer = null;
    this.#timerDue = Infinity;
    const now = this.#clock.now();
    let left = EXPIRED_AT_ONCE;
    for (const list of this.#lists.values()) {
      while (list.first !== null && list.first.due <= now) {
        if (left-- === 0) return this.#expireRest(now);
        const deadline = list.first;
        list.remove(deadline);
        deadline.owner.expired(deadline);
      }
    }
    this.#scheduleEarliest(this.#earliest(), now);
  }

  #expireRest(now: number): void {
    this.stop(); // what expired may have armed another
    this.#timerDue = now;
    this.#hearings = 1;
    this.#timer = this.#clock.schedule(this.#heard, 0);
  }

  /** When the next deadline comes due. Drops the lists that are empty. */
  #earliest(): number {
    let earliest = Infinity;
    for (const [length, { first }] of this.#lists) {
      if (first === null) this.#lists.delete(length);
      else earliest = Math.min(earliest, first.due);
    }
    return earliest;
  }

  /** An expiry may have armed another deadline, and so the timer. */
  #scheduleEarliest(earliest: number, now: number): void {
    if (earliest < this.#timerDue) this.#schedule(earliest, now);
  }
}

/** When the timer fires at `now` for a deadline that is due at `due`. */
function timerFor(due: number, now: number): number {
  return Math.min(Math.max(due, now + TICK), now + MAX_TIME);
}
