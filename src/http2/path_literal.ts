/**
 * Where a request's block has its `:path`, without decoding it. Most clients give `:path` as a literal that is not indexed,
 * behind pseudo-fields of an octet each, and what is around it repeats from request to request.
 */
import { INDEXED, NEVER_INDEXED, PREFIX_7 } from "./hpack_representations.ts";
import { STATIC_NAMES } from "./hpack_static_table.ts";

/** The first octet of an indexed field that has more of them (RFC 7541 §6.1). */
const LONG_INDEX = INDEXED | PREFIX_7;

/** The index of a name in the static table, which has `:path` twice. */
const PATH = STATIC_NAMES.indexOf(":path");
const LAST_PATH = STATIC_NAMES.lastIndexOf(":path");

/** Where the string begins that is the value of `:path` in `bytes[start, end)`, or -1 where it does not stand out. */
export function findPathLiteral(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] >= INDEXED && bytes[at] !== LONG_INDEX) at++;
  if (at + 1 >= end) return -1;
  const name = bytes[at] & ~NEVER_INDEXED; // without indexing is no bit (RFC 7541 §6.2.2, §6.2.3)
  if (name < PATH || name > LAST_PATH || (bytes[at + 1] & PREFIX_7) === PREFIX_7) return -1;
  return pathLiteralEnd(bytes, at + 1) <= end ? at + 1 : -1;
}

/** The end of the string that begins at `at`. */
export function pathLiteralEnd(bytes: Uint8Array, at: number): number {
  return at + 1 + (bytes[at] & PREFIX_7);
}
