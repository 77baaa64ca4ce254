/**
 * Received bytes that cannot be processed yet: a partial head, a body that the handler does not read, pipelined
 * requests. Mostly there are none, and then no memory is held.
 */
import { copyInto } from "../wire/bytes.ts";

const EMPTY = new Uint8Array(0);
/** Enough for most partial heads. */
const INITIAL_BYTES = 1024;

/** A queue of bytes: `bytes[start, end)`, in memory of its own, or of a chunk. */
export class ReceiveBuffer {
  /** The memory. */
  bytes: Uint8Array = EMPTY;
  /** The first byte that was not consumed. */
  start = 0;
  /** The end of the bytes. */
  end = 0;
  /** The memory of the chunk under way, where it was adopted, and no reader has taken it. */
  #adopted: Uint8Array | null = null;

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

  /** Takes over the memory of `bytes[start, end)`, a chunk, until `settle`; nothing may be buffered before. */
  adopt(bytes: Uint8Array, start: number, end: number): void {
    this.#adopted = this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  /**
   * The chunk that was adopted was processed: keeps its memory only where half of it or more waits, which bounds what a
   * connection holds.
   *
   * @returns whether its owner has the memory back
   */
  settle(): boolean {
    const adopted = this.#adopted;
    this.#adopted = null;
    if (adopted === null) return false; // a reader has it
    if (this.bytes !== adopted) return true;
    const { start, end, length } = this;
    if (2 * length >= adopted.length) return false;
    this.clear();
    this.append(adopted, start, end);
    return true;
  }

  /** Hands the memory over to the caller if `bytes[start, end)` fills it: then nothing else, such as a head, lies in it. */
  take(bytes: Uint8Array, start: number, end: number): boolean {
    if (bytes !== this.bytes || start > 0 || end < bytes.length) return false;
    this.#adopted = null;
    this.clear();
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
