/**
 * Where a request's block has its `:path`, without decoding it. Most clients give `:path` as a literal that is not indexed,
 * behind pseudo-fields of an octet each, and what is around it repeats from request to request.
 */
import { STATIC_NAMES } from "./hpack_static_table.ts";

/** An indexed field of one octet (RFC 7541 §6.1); all ones in its prefix are the beginning of a longer one. */
const INDEXED = 0x80;
const LONG_INDEX = 0xff;
/** A literal field without indexing, or never indexed, which is this bit (RFC 7541 §6.2.2, §6.2.3). */
const NEVER_INDEXED = 0x10;
/** The length of a string that does not fit into its first octet, whose highest bit is the Huffman code (RFC 7541 §5.2). */
const LONG_STRING = 0x7f;

/** The index of a name in the static table, which has `:path` twice. */
const PATH = STATIC_NAMES.indexOf(":path");
const LAST_PATH = STATIC_NAMES.lastIndexOf(":path");

/** Where the string begins that is the value of `:path` in `bytes[start, end)`, or -1 where it does not stand out. */
export function findPathLiteral(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] >= INDEXED && bytes[at] !== LONG_INDEX) at++;
  if (at + 1 >= end) return -1;
  const name = bytes[at] & ~NEVER_INDEXED;
  if (name < PATH || name > LAST_PATH || (bytes[at + 1] & LONG_STRING) === LONG_STRING) return -1;
  return pathLiteralEnd(bytes, at + 1) <= end ? at + 1 : -1;
}

/** The end of the string that begins at `at`. */
export function pathLiteralEnd(bytes: Uint8Array, at: number): number {
  return at + 1 + (bytes[at] & LONG_STRING);
}
