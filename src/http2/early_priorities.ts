/**
 * Priorities of requests that have not come yet: PRIORITY_UPDATE may be ahead of HEADERS (RFC 9218 §7.1).
 */
import type { Priority } from "./priority.ts";

/** Of more requests they are not kept, however many streams there may be: they are hints, and cost memory. */
const MAX_KEPT = 256;

/** The priorities by streams. */
export class EarlyPriorities {
  readonly #most: number;
  readonly #priorities: Map<number, Priority> = new Map();

  /** Of no more requests than `maxStreams`, as many as may be open. */
  constructor(maxStreams: number) {
    this.#most = Math.min(maxStreams, MAX_KEPT);
  }

  /** Notes the priority of `stream`, which is above `last`, the highest that was opened. */
  set(stream: number, priority: Priority, last: number): void {
    const priorities = this.#priorities;
    if (priorities.size >= this.#most) {
      for (const id of priorities.keys()) if (id <= last) priorities.delete(id);
    }
    if (priorities.size < this.#most || priorities.has(stream)) priorities.set(stream, priority);
  }

  /** The priority of `stream`, which is opened now; `undefined` where none was told. */
  take(stream: number): Priority | undefined {
    const priority = this.#priorities.get(stream);
    this.#priorities.delete(stream);
    return priority;
  }
}
