/**
 * The last requests of a connection, by the octets of the blocks that they were decoded from: clients repeat themselves.
 */
import { copyOf, sameBytes } from "../wire/bytes.ts";
import type { Http2Request } from "./request.ts";

/** Requests that are kept, of blocks up to so many octets. */
const MAX_KEPT = 4;
const MAX_BYTES = 1024;
/** Where so many in a row were different, … */
const MANY_MISSES = 16;
/** … only one of as many is kept: keeping costs a copy. */
const KEPT_OF = 16;

/** A request, and what it was decoded from. */
interface Entry {
  readonly block: Uint8Array;
  /** Of the dynamic table, which the block has not changed. */
  readonly generation: number;
  readonly request: Http2Request;
}

/** The requests of one connection. */
export class RequestCache {
  #entries: Entry[] | null = null;
  /** Which of them is replaced next. */
  #oldest = 0;
  #misses = 0;

  /** The request of the block `bytes[start, end)`, or `null` where it is not known. */
  find(
    bytes: Uint8Array,
    start: number,
    end: number,
    endsStream: boolean,
    generation: number,
  ): Http2Request | null {
    const entries = this.#entries;
    if (entries === null) return null;
    const count = end - start;
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i];
      if (entry.block.length !== count || entry.generation !== generation) continue;
      if (entry.request.endsStream !== endsStream || !sameBytes(entry.block, 0, bytes, start, count)) {
        continue;
      }
      this.#misses = 0;
      return entry.request;
    }
    return null;
  }

  /** Keeps `request`, which was not found, unless that is of little use. */
  add(bytes: Uint8Array, start: number, end: number, generation: number, request: Http2Request): void {
    const misses = ++this.#misses;
    if (end - start > MAX_BYTES || (misses > MANY_MISSES && misses % KEPT_OF !== 0)) return;
    this.#entries ??= [];
    this.#entries[this.#oldest] = { block: copyOf(bytes, start, end), generation, request };
    this.#oldest = (this.#oldest + 1) % MAX_KEPT;
  }
}
