/**
 * Buffers of one size that are used again: new memory costs zeroing, page faults and the collector, which is more than
 * the copy that it is for.
 */
export class BufferPool {
  /** Bytes of each buffer. */
  readonly size: number;
  readonly #maxKept: number;
  readonly #kept: Uint8Array[] = [];

  /** Buffers of `size` bytes, of which `maxKept` are kept for use again. */
  constructor(size: number, maxKept: number) {
    this.size = size;
    this.#maxKept = maxKept;
  }

  /** A buffer with anything in it. */
  acquire(): Uint8Array {
    return this.#kept.pop() ?? new Uint8Array(this.size);
  }

  /** Keeps `buffer`, which nothing refers to any more, if it is of this size and there is room. */
  release(buffer: Uint8Array): void {
    if (buffer.length === this.size && this.#kept.length < this.#maxKept) this.#kept.push(buffer);
  }
}
