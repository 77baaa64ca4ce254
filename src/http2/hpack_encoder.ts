/**
 * Encodes the fields of responses (RFC 7541 §6) without a dynamic table and without the Huffman code: what is written
 * depends on nothing before, so that a block can be written once and sent often, on any connection. What the user
 * gives is checked while it is copied; where it throws, the caller takes back what was written.
 */
import { IS_FIELD_VALUE, IS_TOKEN, isBlank, LOWER } from "../wire/bytes.ts";
import type { ByteWriter } from "../wire/byte_writer.ts";
import { fieldNameError, fieldValueError } from "../wire/field_errors.ts";
import { INDEXED, NEVER_INDEXED, PREFIX_4, PREFIX_7, WITHOUT_INDEXING } from "./hpack_representations.ts";
import { NAME_INDEX, STATIC_VALUES, STATUS, STATUS_INDEX } from "./hpack_static_table.ts";

/**
 * A dynamic table size update to 0, with which the first block of a connection begins: the peer's decoder keeps no
 * table then, and no later change of its SETTINGS_HEADER_TABLE_SIZE asks for an update (RFC 9113 §4.3.1).
 */
export const NO_DYNAMIC_TABLE: Uint8Array = Uint8Array.of(0x20);

/** Octets beside name and value at most: two lengths of strings, and what is before them. */
const MAX_OVERHEAD = 16;

/** Secrets, sent as never-indexed literals: in a shared compression context they could be guessed (§7.1.3). */
const SET_COOKIE = NAME_INDEX.get("set-cookie");
const AUTHORIZATION = NAME_INDEX.get("authorization");

/** Appends `:status`, of a status of three digits. */
export function encodeStatus(out: ByteWriter, status: number): void {
  out.reserve(MAX_OVERHEAD);
  const index = STATUS_INDEX.get(status);
  if (index !== undefined) {
    out.bytes[out.length++] = INDEXED | index;
    return;
  }
  out.bytes[out.length++] = WITHOUT_INDEXING | STATUS;
  out.bytes[out.length++] = 3;
  out.decimal(status);
}

/**
 * Appends a field, its name in lower case (RFC 9113 §8.2) and its value without the blanks around it, which are no
 * part of a value (RFC 9110 §5.5) and malformed here (RFC 9113 §8.2.1).
 *
 * @throws {TypeError} on a name that is no token, or a value that cannot travel
 */
export function encodeField(out: ByteWriter, name: string, value: string): void {
  out.reserve(name.length + value.length + MAX_OVERHEAD);
  const index = NAME_INDEX.get(name);
  if (index !== undefined) return writeIndexedName(out, index, name, value);
  const mark = out.length;
  if (writeLiteralName(out, name)) return writeValue(out, name, value);
  const indexOfLower = NAME_INDEX.get(name.toLowerCase());
  if (indexOfLower === undefined) return writeValue(out, name, value);
  out.length = mark;
  writeIndexedName(out, indexOfLower, name, value);
}

function writeIndexedName(out: ByteWriter, index: number, name: string, value: string): void {
  if (index === SET_COOKIE || index === AUTHORIZATION) {
    writeInteger(out, NEVER_INDEXED, PREFIX_4, index);
  } else if (value === STATIC_VALUES[index]) {
    return writeInteger(out, INDEXED, PREFIX_7, index);
  } else {
    writeInteger(out, WITHOUT_INDEXING, PREFIX_4, index);
  }
  writeValue(out, name, value);
}

/** Writes a name that the static table does not have, in lower case; tells whether it was that already. */
function writeLiteralName(out: ByteWriter, name: string): boolean {
  if (name.length === 0) throw fieldNameError(name);
  out.bytes[out.length++] = WITHOUT_INDEXING;
  writeInteger(out, 0, PREFIX_7, name.length);
  const { bytes } = out;
  let at = out.length;
  let changed = 0;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code > 0x7f || IS_TOKEN[code] === 0) throw fieldNameError(name);
    const lower = LOWER[code];
    changed |= lower ^ code;
    bytes[at++] = lower;
  }
  out.length = at;
  return changed === 0;
}

function writeValue(out: ByteWriter, name: string, value: string): void {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) start++;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--;
  writeInteger(out, 0, PREFIX_7, end - start);
  const { bytes } = out;
  let at = out.length;
  for (let i = start; i < end; i++) {
    const code = value.charCodeAt(i);
    if (code > 0xff || IS_FIELD_VALUE[code] === 0) throw fieldValueError(name, value, i);
    bytes[at++] = code;
  }
  out.length = at;
}

/** Writes an integer behind the bits `pattern`, for which there is room (§5.1). */
function writeInteger(out: ByteWriter, pattern: number, prefix: number, value: number): void {
  const { bytes } = out;
  if (value < prefix) {
    bytes[out.length++] = pattern | value;
    return;
  }
  bytes[out.length++] = pattern | prefix;
  let rest = value - prefix;
  for (; rest > 0x7f; rest >>>= 7) bytes[out.length++] = (rest & 0x7f) | 0x80;
  bytes[out.length++] = rest;
}
