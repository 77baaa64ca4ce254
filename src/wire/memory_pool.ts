/**
 * Memory that is used again: new memory costs zeroing, page faults and the collector, which is more than the copy that
 * it is for. What was not needed for a while is given back.
 */
import type { Bytes } from "../api/bytes.ts";
import { FreeList } from "./free_list.ts";

/**
 * Beyond its size each buffer has room for the head of a response, so that a body of 64 KiB does not take memory for
 * twice as much.
 */
export const HEAD_ROOM = 1024;

/** Sizes are powers of two, and the room for a head: from 1 KiB, … */
const SMALLEST_BITS = 10;
/** … to 1 MiB. Larger memory is not kept. */
const LARGEST_BITS = 20;

/** Bytes that are kept of one size, and of all. */
const MAX_KEPT_OF_SIZE = 4 * 1024 * 1024;
const MAX_KEPT = 16 * 1024 * 1024;

/** What was not needed for so long is given back, in milliseconds. */
const TRIM_INTERVAL_MS = 5_000;

/** The buffers of one size. */
class SizeClass {
  readonly size: number;
  readonly kept: FreeList<Bytes>;
  /** The fewest that were kept at any time since the last trim: so many were not needed. */
  fewest = 0;

  constructor(size: number) {
    this.size = size;
    this.kept = new FreeList(Math.floor(MAX_KEPT_OF_SIZE / size));
  }
}

/** Buffers of some sizes. */
export class MemoryPool {
  readonly #classes: readonly SizeClass[] = Array.from(
    { length: LARGEST_BITS - SMALLEST_BITS + 1 },
    (_, i) => new SizeClass((1 << (SMALLEST_BITS + i)) + HEAD_ROOM),
  );
  #keptBytes = 0;
  #trimmedAt = 0;

  /** Bytes that are kept for use again. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Memory of `count` bytes at least, with anything in it. */
  acquire(count: number): Bytes {
    const index = classOf(count);
    if (index >= this.#classes.length) return new Uint8Array(count);
    const sizeClass = this.#classes[index];
    const { kept, size } = sizeClass;
    const memory = kept.pop();
    if (memory === undefined) return new Uint8Array(size);
    this.#keptBytes -= size;
    if (kept.size < sizeClass.fewest) sizeClass.fewest = kept.size;
    return memory;
  }

  /** Keeps `memory`, to which nothing refers any more, if it came from a pool and there is room. */
  release(memory: Uint8Array): void {
    const { length } = memory;
    const index = classOf(length);
    if (index >= this.#classes.length) return;
    const { kept, size } = this.#classes[index];
    if (length !== size || this.#keptBytes + size > MAX_KEPT) return;
    if (kept.push(memory as Bytes)) this.#keptBytes += size;
  }

  /** Gives back what was not needed since the last call, if that was some seconds ago; `now` in milliseconds. */
  trim(now: number): void {
    // Servers may have different clocks.
    if (now >= this.#trimmedAt && now - this.#trimmedAt < TRIM_INTERVAL_MS) return;
    this.#trimmedAt = now;
    for (const sizeClass of this.#classes) {
      const { kept, fewest, size } = sizeClass;
      kept.drop(fewest);
      this.#keptBytes -= fewest * size;
      sizeClass.fewest = kept.size;
    }
  }
}

/** The index of the smallest size that holds `count` bytes. */
function classOf(count: number): number {
  if (count <= (1 << SMALLEST_BITS) + HEAD_ROOM) return 0;
  return 32 - Math.clz32(count - HEAD_ROOM - 1) - SMALLEST_BITS;
}

/** The pool of this thread. */
export const memoryPool: MemoryPool = new MemoryPool();
