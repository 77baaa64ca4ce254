/**
 * Objects to be used again. An array that gets empty by `pop` gives up its memory, and `push` takes some anew: here it
 * keeps it.
 */

/** A stack of bounded size. */
export class FreeList<T> {
  readonly #items: (T | undefined)[] = [];
  readonly #maxSize: number;
  #size = 0;

  /** Keeps up to `maxSize` items. */
  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** Keeps `item`; answers whether there was room. */
  push(item: T): boolean {
    if (this.#size === this.#maxSize) return false;
    this.#items[this.#size++] = item;
    return true;
  }

  /** The item that was pushed last, which is the caller's now. */
  pop(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#items[--this.#size];
    this.#items[this.#size] = undefined;
    return item;
  }

  /** Drops `count` items, and the memory for them. */
  drop(count: number): void {
    this.#size -= count;
    this.#items.length = this.#size;
  }
}
