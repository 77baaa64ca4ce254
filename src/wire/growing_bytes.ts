/**
 * Bytes that are put together from parts, such as a body that is read whole.
 */
import type { Bytes } from "../api/bytes.ts";
import { copyInto, resized, unzeroed } from "./bytes.ts";

/** Bytes of unknown or great length get this much memory at first. */
const FIRST_CAPACITY = 16 * 1024;
/** Beyond that, memory for a length that was promised is at most this many times the bytes so far. */
const GROWTH = 32;

/** Bytes that grow. */
export interface GrowingBytes {
  /** Appends a copy of `bytes[start, end)`. */
  append(bytes: Uint8Array, start: number, end: number): void;
  /** All of them, in memory of their own. Called once, and last. */
  finish(): Bytes;
}

/** Memory for so many more bytes than the `count` at hand, of `total` where that many were promised. */
export function capacityFor(count: number, total: number | undefined): number {
  if (total === undefined) return Math.max(2 * count, FIRST_CAPACITY);
  return Math.min(total, Math.max(GROWTH * count, FIRST_CAPACITY));
}

/** Bytes in an `ArrayBuffer` that is replaced as they grow. */
class GrowingArray implements GrowingBytes {
  readonly #total: number | undefined;
  #bytes: Bytes;
  #length = 0;

  constructor(count: number, total: number | undefined) {
    this.#total = total;
    this.#bytes = unzeroed(capacityFor(count, total));
  }

  append(bytes: Uint8Array, start: number, end: number): void {
    const length = this.#length + end - start;
    if (length > this.#bytes.length) this.#bytes = resized(this.#bytes, capacityFor(length, this.#total));
    copyInto(this.#bytes, this.#length, bytes, start, end);
    this.#length = length;
  }

  finish(): Bytes {
    return this.#bytes.length === this.#length ? this.#bytes : resized(this.#bytes, this.#length);
  }
}

/** Makes room for `count` bytes at first, of `total` where that many were promised. */
export type MakeGrowingBytes = (count: number, total: number | undefined) => GrowingBytes;

let make: MakeGrowingBytes = (count, total) => new GrowingArray(count, total);

/** Empty bytes, of which `count` come at once; `total`: how many there will be, where that was promised. */
export function growingBytes(count: number, total: number | undefined): GrowingBytes {
  return make(count, total);
}

/** Has `growingBytes` make them by `other`, where the runtime has something better. */
export function replaceGrowingBytes(other: MakeGrowingBytes): void {
  make = other;
}
