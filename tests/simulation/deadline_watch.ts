/**
 * Knows all deadlines that were armed in a run: one that is armed when its connection is over does no harm that
 * shows, but holds on to it.
 */
import { type Deadline, DeadlineQueue } from "../../src/core/deadline_queue.ts";

const seen = new Set<Deadline>();

const { arm } = DeadlineQueue.prototype;
DeadlineQueue.prototype.arm = function (deadline, length, now): void {
  seen.add(deadline);
  arm.call(this, deadline, length, now);
};

/** Forgets the deadlines of the run before. */
export function forgetDeadlines(): void {
  seen.clear();
}

/** Those that are armed. */
export function armedDeadlines(): Deadline[] {
  return [...seen].filter(({ armed }) => armed);
}
