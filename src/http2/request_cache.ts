/**
 * The last requests of a connection, by the octets of the blocks that they were decoded from: clients repeat themselves, as
 * a whole or but for the path.
 */
import { copyOf, sameBytes } from "../wire/bytes.ts";
import { findPathLiteral, pathLiteralEnd } from "./path_literal.ts";
import type { Http2Request } from "./request.ts";

/** Requests that are kept, of blocks up to so many octets. */
const MAX_KEPT = 4;
const MAX_BYTES = 1024;
/** Where so many in a row were different, … */
const MANY_MISSES = 16;
/** … only one of as many is kept: keeping costs a copy. */
const KEPT_OF = 16;

/** A request, and what it was decoded from. */
export interface KeptRequest {
  readonly request: Http2Request;
  /** Octets of its fields, as `maxHeaderBytes` counts them. */
  readonly size: number;
  readonly block: Uint8Array;
  /** Of the dynamic table, which the block has not changed. */
  readonly generation: number;
  /** Where the string is in the block that is the path; -1 where that does not stand out. */
  readonly pathAt: number;
}

/** The requests of one connection. */
export class RequestCache {
  #kept: KeptRequest[] | null = null;
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
    if (this.#kept === null) return null;
    const count = end - start;
    for (const { block, generation: known, request } of this.#kept) {
      if (block.length !== count || known !== generation || request.endsStream !== endsStream) continue;
      if (!sameBytes(block, 0, bytes, start, count)) continue;
      this.#misses = 0;
      return request;
    }
    return null;
  }

  /** A request whose block differs from `bytes[start, end)` in nothing but its path, which is at `pathAt`; or `null`. */
  findButForPath(
    bytes: Uint8Array,
    start: number,
    end: number,
    pathAt: number,
    endsStream: boolean,
    generation: number,
  ): KeptRequest | null {
    if (this.#kept === null) return null;
    const before = pathAt - start;
    const pathEnd = pathLiteralEnd(bytes, pathAt);
    const behind = end - pathEnd;
    for (const kept of this.#kept) {
      const { block, request } = kept;
      if (kept.pathAt !== before || kept.generation !== generation) continue;
      if (request.endsStream !== endsStream) continue;
      const keptEnd = pathLiteralEnd(block, before);
      if (block.length - keptEnd !== behind || !sameBytes(block, 0, bytes, start, before)) continue;
      if (sameBytes(block, keptEnd, bytes, pathEnd, behind)) return kept;
    }
    return null;
  }

  /** Keeps `request`, whose fields have `size` octets, and which was not found, unless that is of little use. */
  add(
    bytes: Uint8Array,
    start: number,
    end: number,
    generation: number,
    request: Http2Request,
    size: number,
  ): void {
    const misses = ++this.#misses;
    if (end - start > MAX_BYTES || (misses > MANY_MISSES && misses % KEPT_OF !== 0)) return;
    const block = copyOf(bytes, start, end);
    const pathAt = findPathLiteral(block, 0, block.length);
    this.#kept ??= [];
    this.#kept[this.#oldest] = { request, size, block, generation, pathAt };
    this.#oldest = (this.#oldest + 1) % MAX_KEPT;
  }
}
