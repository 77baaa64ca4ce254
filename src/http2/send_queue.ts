/**
 * The streams that have something to send, in the order in which they may (RFC 9218 §10).
 */
import { type Priority, URGENCIES } from "./priority.ts";

/** A stream that waits. */
export interface Queued {
  readonly priority: Priority;
  /** Whether it waits already. */
  isQueued: boolean;
}

/** A queue for each urgency. */
export class SendQueue<T extends Queued> {
  readonly #queues: T[][] = Array.from({ length: URGENCIES }, () => []);
  #size = 0;

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /** Adds `stream` behind those of its urgency, unless it is there. */
  add(stream: T): void {
    if (stream.isQueued) return;
    stream.isQueued = true;
    this.#queues[stream.priority.urgency].push(stream);
    this.#size++;
  }

  /** The stream whose turn it is, which stays where it is. */
  first(): T | undefined {
    if (this.#size === 0) return undefined;
    for (const queue of this.#queues) if (queue.length > 0) return queue[0];
    return undefined;
  }

  /** All that wait. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (const queue of this.#queues) yield* queue;
  }

  /** Removes `stream`: it is closed, or has nothing more that its window allows. */
  remove(stream: T): void {
    for (const queue of this.#queues) {
      const at = queue.indexOf(stream);
      if (at < 0) continue;
      queue.splice(at, 1);
      stream.isQueued = false;
      this.#size--;
      return;
    }
  }

  /** `stream`, which is the first, has sent a part: where parts are of use, others of its urgency are next. */
  rotate(stream: T): void {
    if (!stream.priority.incremental) return;
    const queue = this.#queues[stream.priority.urgency];
    if (queue.length > 1 && queue[0] === stream) queue.push(queue.shift()!);
  }
}
