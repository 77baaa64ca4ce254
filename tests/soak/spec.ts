/**
 * What clients ask for and servers answer, each by itself from the request's target: `/<what>/<id>/<seed>/<size>`.
 * So a byte that is wrong, or another request's, is seen.
 */
import { patternBytes } from "../support/bytes.ts";

/** What a request is for. */
export interface Spec {
  readonly what: string;
  /** No other request has it; the answer says it again, in its field `x-id`. */
  readonly id: string;
  readonly seed: number;
  /** Bytes of the answer's body, where it is made from the seed. */
  readonly size: number;
}

/** The target of a request. */
export function targetOf({ what, id, seed, size }: Spec): string {
  return `/${what}/${id}/${seed}/${size}`;
}

/** What a target asks for. */
export function specOf(target: string): Spec {
  const [, what, id, seed, size] = target.split("/");
  return { what, id, seed: Number(seed), size: Number(size) };
}

/** Bytes of the largest body. */
export const MAX_BODY: number = 512 * 1024;

const BASE = patternBytes(1024 * 1024 + MAX_BODY);
/** Prime, so that bodies begin everywhere. */
const STRIDE = 10_007;

/** `size` bytes that belong to `seed`: a view of memory that never changes. */
export function bodyOf(seed: number, size: number): Uint8Array<ArrayBuffer> {
  const at = (seed * STRIDE) % (BASE.length - MAX_BODY);
  return BASE.subarray(at, at + size);
}

/** One event of an event stream. */
export function eventOf(id: string, count: number): string {
  return `id: ${count}\ndata: ${id}-${count}\n\n`;
}
