/**
 * Bytes that came and could not be used yet: the start of a head, a body that nobody reads, pipelined
 * requests. Usually there are none, and then there is no memory either.
 */
import { copyInto } from "../protocol/bytes.ts";

const NOTHING = new Uint8Array(0);
/** A partial head fits, mostly. */
const INITIAL_BYTES = 1024;

/** A queue of bytes, from `start` to `end` of `bytes`. */
export class Input {
  /** The memory. */
  bytes: Uint8Array = NOTHING;
  /** The first byte that is kept. */
  start = 0;
  /** The end of what is kept. */
  end = 0;

  /** How many bytes are kept. */
  get length(): number {
    return this.end - this.start;
  }

  /** Appends a copy of `bytes[start, end)`. */
  keep(bytes: Uint8Array, start: number, end: number): void {
    const count = end - start;
    if (count === 0) return;
    if (this.end + count > this.bytes.length) this.#makeRoom(count);
    copyInto(this.bytes, this.end, bytes, start, end);
    this.end += count;
  }

  /** Drops what lies before `position` in `bytes`. */
  dropUntil(position: number): void {
    this.start = position;
    // Past the end where the connection dropped it all in the meantime.
    if (this.start >= this.end) this.clear();
  }

  /** Drops everything, and the memory. */
  clear(): void {
    this.bytes = NOTHING;
    this.start = this.end = 0;
  }

  #makeRoom(count: number): void {
    const kept = this.length;
    const needed = kept + count;
    // Memory is never moved within itself: a head or a body slice may be looked at while more comes.
    const larger = new Uint8Array(Math.max(INITIAL_BYTES, needed, kept * 2));
    larger.set(this.bytes.subarray(this.start, this.end));
    this.bytes = larger;
    this.start = 0;
    this.end = kept;
  }
}
