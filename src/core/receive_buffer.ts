/**
 * Received bytes that cannot be processed yet: a partial head, a body that the handler does not read, pipelined
 * requests. Mostly there are none, and then no memory is held.
 */
import { copyInto } from "../wire/bytes.ts";

const EMPTY = new Uint8Array(0);
/** Enough for most partial heads. */
const INITIAL_BYTES = 1024;

/** A queue of bytes: `bytes[start, end)`, in memory of its own, or in what a transport gave. */
export class ReceiveBuffer {
  /** The memory. */
  bytes: Uint8Array = EMPTY;
  /** The first byte that was not consumed. */
  start = 0;
  /** The end of the bytes. */
  end = 0;
  /** Whether a reader has taken the memory that a transport gave. */
  #isTaken = false;

  /** How many bytes are buffered. */
  get length(): number {
    return this.end - this.start;
  }

  /** Appends a copy of `bytes[start, end)`. */
  append(bytes: Uint8Array, start: number, end: number): void {
    const count = end - start;
    if (count === 0) return;
    if (this.end + count > this.bytes.length) this.#grow(count);
    copyInto(this.bytes, this.end, bytes, start, end);
    this.end += count;
  }

  /** Appends `bytes[start, end)`: where `mayKeep`, and nothing is buffered, their memory itself, until `giveBack`. */
  add(bytes: Uint8Array, start: number, end: number, mayKeep: boolean): void {
    this.#isTaken = false;
    if (!mayKeep || this.length > 0) return this.append(bytes, start, end);
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  /**
   * What is left of `bytes`, which `add` was allowed to keep, stays here: where that is little, as a copy.
   *
   * @returns whether the memory is not needed any more
   */
  giveBack(bytes: Uint8Array): boolean {
    if (this.#isTaken) return false;
    if (this.bytes !== bytes) return true;
    const { start, end, length } = this;
    if (2 * length >= bytes.length) return false;
    this.clear();
    this.append(bytes, start, end);
    return true;
  }

  /** Lets go of the memory of `bytes[start, end)`, which is the caller's, if it is all that there is in it. */
  take(bytes: Uint8Array, start: number, end: number): boolean {
    if (bytes !== this.bytes || start > 0 || end < this.end || end < bytes.length) return false;
    this.clear();
    this.#isTaken = true;
    return true;
  }

  /** Consumes the bytes before `position` of `bytes`. */
  consumeTo(position: number): void {
    this.start = position;
    // Past the end where the connection was closed, and cleared it, in the meantime.
    if (this.start >= this.end) this.clear();
  }

  /** Drops all bytes, and the memory. */
  clear(): void {
    this.bytes = EMPTY;
    this.start = this.end = 0;
  }

  #grow(count: number): void {
    const { length } = this;
    const needed = length + count;
    // Always new memory: a head or a part of a body in the old one may still be read.
    const larger = new Uint8Array(Math.max(INITIAL_BYTES, needed, length * 2));
    larger.set(this.bytes.subarray(this.start, this.end));
    this.bytes = larger;
    this.start = 0;
    this.end = length;
  }
}
