/**
 * The deadlines of all connections, checked by one coarse timer. Deadlines of the same duration form one list, which is
 * therefore ordered by time: arming appends, disarming unlinks, and the timer looks at the lists' heads only. While
 * nothing is armed there is no timer.
 */
import { MAX_TIME } from "../options/table.ts";
import type { Clock } from "./clock.ts";
import { memoryPool } from "../wire/memory_pool.ts";
import { LinkedList, ListNode } from "./linked_list.ts";

/** The timer fires no more often than this, so that a deadline may expire so much later. */
export const TIMER_RESOLUTION_MS = 250;

/**
 * How often, and how long each, the sockets are polled before a deadline expires. A timer fires before the bytes are
 * read that arrived while the program was busy, and reading them all takes some turns of the event loop: what arrived
 * in time must not be found too late.
 */
const GRACE_POLLS = 5;
const GRACE_POLL_MS = 10;

/** Deadlines that expire in one turn of the event loop; closing a connection takes some microseconds. */
const MAX_EXPIRED_PER_TURN = 100;

/** What a deadline belongs to. */
export interface DeadlineOwner {
  /** `deadline` has expired, and is disarmed. */
  expired(deadline: Deadline): void;
}

/** Deadlines of one duration. */
class DeadlineList extends LinkedList<Deadline> {
  /** In milliseconds. */
  readonly duration: number;

  constructor(duration: number) {
    super();
    this.duration = duration;
  }
}

/** A reusable deadline. */
export class Deadline extends ListNode<Deadline> {
  /** When it expires, by the monotonic clock in milliseconds, while it is armed. */
  due = 0;
  /** Whose deadline it is. */
  readonly owner: DeadlineOwner;

  /** Not armed at first. */
  constructor(owner: DeadlineOwner) {
    super();
    this.owner = owner;
  }

  /** Whether it is armed. */
  get armed(): boolean {
    return this.list !== null;
  }
}

/** The deadlines of one server. */
export class DeadlineQueue {
  readonly #clock: Clock;
  readonly #beginEvent: () => void;
  /** By duration in milliseconds; the first deadline of each list is its earliest. */
  readonly #lists = new Map<number, DeadlineList>();
  #timer: unknown = null;
  #timerDue = Infinity;
  #gracePolls = 0;
  readonly #timerFired = (): void => this.#onTimer();
  readonly #polled = (): void => {
    if (--this.#gracePolls > 0) this.#poll();
    else this.#expireDue();
  };

  /** Measures with `clock`; calls `beginEvent` before each deadline that expires. */
  constructor(clock: Clock, beginEvent: () => void = () => {}) {
    this.#clock = clock;
    this.#beginEvent = beginEvent;
  }

  /** Arms `deadline` to expire `duration` milliseconds after `now`; 0 disarms it. */
  arm(deadline: Deadline, duration: number, now: number): void {
    const before = deadline.list as DeadlineList | null;
    before?.remove(deadline);
    if (duration === 0) return;
    // Most are armed again and again for the same duration.
    const list = before?.duration === duration ? before : this.#list(duration);
    deadline.due = now + duration;
    list.append(deadline);
    if (timerFor(deadline.due, now) < this.#timerDue) this.#schedule(deadline.due, now);
  }

  #list(duration: number): DeadlineList {
    let list = this.#lists.get(duration);
    if (list === undefined) this.#lists.set(duration, list = new DeadlineList(duration));
    return list;
  }

  /** Disarms `deadline`. */
  disarm(deadline: Deadline): void {
    deadline.list?.remove(deadline);
  }

  /** Cancels the timer: without connections nothing must keep the process alive. */
  stop(): void {
    if (this.#timer !== null) this.#clock.cancel(this.#timer);
    this.#timer = null;
    this.#timerDue = Infinity;
  }

  #schedule(due: number, now: number): void {
    if (this.#timer !== null) this.#clock.cancel(this.#timer);
    this.#timerDue = timerFor(due, now);
    this.#timer = this.#clock.schedule(this.#timerFired, Math.ceil(this.#timerDue - now));
  }

  /** Most often the deadline that the timer was scheduled for has been armed again since, and none is due. */
  #onTimer(): void {
    this.#timer = null;
    this.#timerDue = Infinity;
    const now = this.#clock.now();
    memoryPool.trim(now); // here, since this timer runs anyhow
    const earliest = this.#earliest();
    if (earliest > now) return this.#scheduleEarliest(earliest, now);
    this.#timerDue = now;
    this.#gracePolls = GRACE_POLLS;
    this.#poll();
  }

  #poll(): void {
    this.#timer = this.#clock.schedule(this.#polled, GRACE_POLL_MS);
  }

  /** Expires what is due, some per turn: connections that were accepted together are due together. */
  #expireDue(): void {
    this.#timer = null;
    this.#timerDue = Infinity;
    const now = this.#clock.now();
    let left = MAX_EXPIRED_PER_TURN;
    for (const list of this.#lists.values()) {
      while (list.first !== null && list.first.due <= now) {
        if (left-- === 0) return this.#expireRest(now);
        const deadline = list.first;
        list.remove(deadline);
        this.#beginEvent();
        deadline.owner.expired(deadline);
      }
    }
    this.#scheduleEarliest(this.#earliest(), now);
  }

  #expireRest(now: number): void {
    this.stop(); // an owner may have armed another deadline
    this.#timerDue = now;
    this.#gracePolls = 1;
    this.#timer = this.#clock.schedule(this.#polled, 0);
  }

  /** When the next deadline is due. Removes empty lists. */
  #earliest(): number {
    let earliest = Infinity;
    for (const [duration, { first }] of this.#lists) {
      if (first === null) this.#lists.delete(duration);
      else earliest = Math.min(earliest, first.due);
    }
    return earliest;
  }

  /** An owner that was told may have armed another deadline, and so scheduled the timer. */
  #scheduleEarliest(earliest: number, now: number): void {
    if (earliest < this.#timerDue) this.#schedule(earliest, now);
  }
}

/** When the timer should fire, as seen at `now`, for a deadline that is due at `due`. */
function timerFor(due: number, now: number): number {
  return Math.min(Math.max(due, now + TIMER_RESOLUTION_MS), now + MAX_TIME);
}
