/**
 * Bytes that are put together from parts, such as a body that is read whole.
 */
import type { Bytes } from "../api/bytes.ts";
import { copyInto, free, shrunk, unzeroed } from "./bytes.ts";

/** Bytes of unknown or great length get at least this much memory at first. */
const FIRST_CAPACITY = 16 * 1024;
/** Memory for a length that was promised is at most this many times the bytes that come first: mostly all of it. */
const FIRST_GROWTH = 32;
/** As they grow, it is at most this many times the bytes so far. */
const GROWTH = 8;

/** Bytes that grow. */
export interface GrowingBytes {
  /** Appends a copy of `bytes[start, end)`. */
  append(bytes: Uint8Array, start: number, end: number): void;
  /** All of them, in memory of their own. Nothing is called after it. */
  finish(): Bytes;
  /** They are not needed: frees their memory. Nothing is called after it. */
  discard(): void;
}

/** The capacity where `count` bytes come first, of `total` where so many were promised. */
export function firstCapacity(count: number, total: number | undefined): number {
  return capacityFor(count, total, FIRST_GROWTH);
}

/** The capacity where `count` bytes are needed now, of `total` where so many were promised. */
function capacityFor(count: number, total: number | undefined, growth: number): number {
  if (total === undefined) return Math.max(2 * count, FIRST_CAPACITY);
  return Math.min(total, Math.max(growth * count, FIRST_CAPACITY));
}

/** Bytes in an `ArrayBuffer` that is replaced as they grow. */
export class GrowingArray implements GrowingBytes {
  readonly #total: number | undefined;
  #bytes: Bytes;
  #length = 0;

  /** As `growingBytes`. */
  constructor(count: number, total: number | undefined) {
    this.#total = total;
    this.#bytes = unzeroed(firstCapacity(count, total));
  }

  append(bytes: Uint8Array, start: number, end: number): void {
    const length = this.#length + end - start;
    if (length > this.#bytes.length) this.#grow(capacityFor(length, this.#total, GROWTH));
    copyInto(this.#bytes, this.#length, bytes, start, end);
    this.#length = length;
  }

  /** To new memory: what `transfer` adds to the old one is cleared, and so is touched before anything comes. */
  #grow(capacity: number): void {
    const old = this.#bytes;
    this.#bytes = unzeroed(capacity);
    copyInto(this.#bytes, 0, old, 0, this.#length);
    free(old);
  }

  finish(): Bytes {
    return this.#bytes.length === this.#length ? this.#bytes : shrunk(this.#bytes, this.#length);
  }

  discard(): void {
    free(this.#bytes);
  }
}

/** As `growingBytes`. */
export type MakeGrowingBytes = (count: number, total: number | undefined) => GrowingBytes;

let make: MakeGrowingBytes = (count, total) => new GrowingArray(count, total);

/** No bytes yet; `count` are appended first, of `total` in all where so many were promised. */
export function growingBytes(count: number, total: number | undefined): GrowingBytes {
  return make(count, total);
}

/** Has `growingBytes` make them by `other`, where the runtime has something better. */
export function replaceGrowingBytes(other: MakeGrowingBytes): void {
  make = other;
}
