/**
 * Bytes without end for tests of large bodies: made without work and without memory, and no two pieces of them
 * are the same in the same place.
 */
import { createHash } from "node:crypto";
import { patternBytes } from "./bytes.ts";

/** Bytes of a piece. */
export const PIECE: number = 64 * 1024;
/** Bytes of a large body. */
export const GIBIBYTE: number = 1024 * 1024 * 1024;
/** Whoever reads such a body stops each time it has read so many bytes, until it is told to go on. */
export const STOP_EVERY: number = 256 * 1024 * 1024;

const BASE = patternBytes(1024 * 1024 + PIECE);
/** Prime, so that the pieces begin everywhere. */
const STRIDE = 10_007;

/** Piece `index`: a view of memory that never changes. */
export function piece(index: number): Uint8Array<ArrayBuffer> {
  const at = (index * STRIDE) % (BASE.length - PIECE);
  return BASE.subarray(at, at + PIECE);
}

const hashes = new Map<number, string>();

/** The hash of a body of `length` bytes, a multiple of `PIECE`. */
export function hashOfPieces(length: number): string {
  let hex = hashes.get(length);
  if (hex === undefined) {
    const hash = createHash("sha256");
    for (let index = 0; index < length / PIECE; index++) hash.update(piece(index));
    hashes.set(length, hex = hash.digest("hex"));
  }
  return hex;
}
