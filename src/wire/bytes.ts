/**
 * Byte classes and short byte-string helpers, shared by readers and writers.
 * Pure; a class is a 256-entry table, because a table look-up is the cheapest test an engine can make.
 */
import type { Bytes } from "../api/bytes.ts";

/** What a parser answers when the bytes end before what it parses does. */
export const NEED_MORE = -1;

/** Horizontal tab. */
export const HTAB = 0x09;
/** Line feed. */
export const LF = 0x0a;
/** Carriage return. */
export const CR = 0x0d;
/** Space. */
export const SP = 0x20;
/** Comma, the list separator. */
export const COMMA = 0x2c;
/** Colon, between a field's name and value. */
export const COLON = 0x3a;
/** Semicolon, before parameters and chunk extensions. */
export const SEMICOLON = 0x3b;

function byteClass(members: string, ranges: readonly (readonly [number, number])[] = []): Uint8Array {
  const table = new Uint8Array(256);
  for (let i = 0; i < members.length; i++) table[members.charCodeAt(i)] = 1;
  for (const [from, to] of ranges) table.fill(1, from, to + 1);
  return table;
}

const ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** `tchar` (RFC 9110 §5.6.2): methods, field names, tokens. */
export const IS_TOKEN: Uint8Array = byteClass("!#$%&'*+-.^_`|~" + ALPHANUMERIC);

/** `field-vchar / SP / HTAB` (RFC 9110 §5.5): visible ASCII, obs-text, blanks; no other control byte. */
export const IS_FIELD_VALUE: Uint8Array = byteClass("\t", [[0x20, 0x7e], [0x80, 0xff]]);

/**
 * What a request target may hold: visible ASCII without `#`, since a fragment never travels
 * (RFC 9112 §3.2). Wider than RFC 3986, because browsers send `|`, `^` and braces in queries unescaped.
 */
export const IS_TARGET: Uint8Array = byteClass("", [[0x21, 0x22], [0x24, 0x7e]]);

/** `reg-name`, `IP-literal` and `port` bytes of Host (RFC 3986 §3.2.2), brackets and colon aside. */
export const IS_REG_NAME: Uint8Array = byteClass("-._~%!$&'()*+,;=" + ALPHANUMERIC);

/** Value of a hexadecimal digit, or 255. */
export const HEX_VALUE: Uint8Array = (() => {
  const table = new Uint8Array(256).fill(255);
  for (let i = 0; i < 16; i++) {
    table[i.toString(16).charCodeAt(0)] = i;
    table[i.toString(16).toUpperCase().charCodeAt(0)] = i;
  }
  return table;
})();

/** ASCII letters to lower case, every other byte to itself. */
export const LOWER: Uint8Array = (() => {
  const table = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) table[byte] = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
  return table;
})();

/** Whether `bytes[start, end)` spells `lower` (lower-case ASCII), ignoring case. */
export function equalsIgnoreCase(bytes: Uint8Array, start: number, end: number, lower: string): boolean {
  if (end - start !== lower.length) return false;
  for (let i = 0; i < lower.length; i++) {
    if (LOWER[bytes[start + i]] !== lower.charCodeAt(i)) return false;
  }
  return true;
}

/** Whether `count` bytes from `start` on are those of `other` from `otherStart` on. */
export function sameBytes(
  bytes: Uint8Array,
  start: number,
  other: Uint8Array,
  otherStart: number,
  count: number,
): boolean {
  for (let i = 0; i < count; i++) if (bytes[start + i] !== other[otherStart + i]) return false;
  return true;
}

/** Whether the octet is a blank: optional whitespace (RFC 9110 §5.6.3). */
export function isBlank(code: number): boolean {
  return code === SP || code === HTAB;
}

/** The index after the blanks that start at `start`. */
export function skipBlanks(bytes: Uint8Array, start: number, end: number): number {
  while (start < end && isBlank(bytes[start])) start++;
  return start;
}

/** The end of `bytes[start, end)` without its trailing blanks. */
export function trimBlanks(bytes: Uint8Array, start: number, end: number): number {
  while (end > start && isBlank(bytes[end - 1])) end--;
  return end;
}

/**
 * Calls `visit` with the bounds of each element of the comma-separated list in `bytes[start, end)`;
 * empty elements are passed over, as RFC 9110 §5.6.1.2 asks of a recipient.
 */
export function eachListElement(
  bytes: Uint8Array,
  start: number,
  end: number,
  visit: (start: number, end: number) => void,
): void {
  let from = start;
  while (from < end) {
    let comma = from;
    while (comma < end && bytes[comma] !== COMMA) comma++;
    const first = skipBlanks(bytes, from, comma);
    const last = trimBlanks(bytes, first, comma);
    if (first < last) visit(first, last);
    from = comma + 1;
  }
}

/** Made when it is needed: the first one of a program takes milliseconds on Node. */
let decoder: TextDecoder | null = null;

/** The text that `bytes` are in UTF-8. */
export function utf8(bytes: Uint8Array): string {
  return (decoder ??= new TextDecoder()).decode(bytes);
}

/** A class of Node's that the other runtimes have too, as a global or not at all. */
const { Buffer } = globalThis as {
  Buffer?: {
    allocUnsafeSlow(count: number): Bytes;
    readonly prototype: { latin1Slice?(this: Uint8Array, start: number, end: number): string };
  };
};

/** It needs no view of the bytes, and takes any: half a decoder's time. */
const latin1Slice = Buffer?.prototype.latin1Slice;

/** Longest run that is joined by hand: for so few bytes a call costs more than the work. */
const SHORT = 8;

/**
 * `bytes[start, end)` as a string of the same code points (Latin-1), which is how field values and
 * targets read in every web API.
 */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= SHORT) return join(bytes, start, end);
  if (latin1Slice !== undefined) return latin1Slice.call(bytes, start, end);
  for (let i = start; i < end; i++) if (bytes[i] >= 0x80) return join(bytes, start, end);
  return utf8(bytes.subarray(start, end));
}

function join(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]);
  return text;
}

/** A copy of `bytes[start, end)`, a plain `Uint8Array`. */
export function copyOf(bytes: Uint8Array, start: number, end: number): Bytes {
  // It need not clear the memory that it fills; but that of Node's Buffers makes a view.
  if (bytes.constructor === Uint8Array) return bytes.slice(start, end) as Bytes;
  const copy = new Uint8Array(end - start);
  copy.set(bytes.subarray(start, end));
  return copy;
}

/** Up to this many bytes a loop copies faster than `set`, which needs a view of them. */
const SHORT_COPY = 32;

/** `bytes[start, end)`, uncopied: a view of it where it is not all of them. */
export function viewOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
}

/** Copies `bytes[start, end)` to `target` from `at` on. */
export function copyInto(
  target: Uint8Array,
  at: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  if (end - start > SHORT_COPY) return target.set(viewOf(bytes, start, end), at);
  for (let i = start; i < end; i++) target[at++] = bytes[i];
}

/** The bytes of a buffer or of any view of one, uncopied; `null` where `value` is neither. */
export function bytesIn(value: unknown): Uint8Array | null {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : null;
}

/** Memory of `count` bytes with anything in it, where the runtime gives such; for one that fills all that is looked at. */
export function unzeroed(count: number): Bytes {
  return Buffer === undefined ? new Uint8Array(count) : new Uint8Array(Buffer.allocUnsafeSlow(count).buffer);
}

/** An `ArrayBuffer` as of ES2024, which Node 20 has not yet. */
interface Transferable {
  transfer?(length: number): ArrayBuffer;
}

/**
 * The first `length` bytes of `bytes`, which begins with its buffer, in memory of just that length. `bytes` is detached
 * where the runtime can move it, so that no old copy waits for the collector.
 */
export function shrunk(bytes: Bytes, length: number): Bytes {
  const moved = (bytes.buffer as Transferable).transfer?.(length);
  return moved === undefined ? bytes.slice(0, length) : new Uint8Array(moved);
}

/** Frees the memory of `bytes`, which nothing looks at any more, without the collector where the runtime can do that. */
export function free(bytes: Uint8Array): void {
  (bytes.buffer as Transferable).transfer?.(0);
}
