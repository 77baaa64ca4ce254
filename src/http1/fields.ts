/**
 * Field lines (headers and trailers) as offsets into the bytes that they lie in.
 * Reading a line costs no allocation; a string is made when a value is read.
 */
import { ProtocolError } from "../api/errors.ts";
import type { RequestFields } from "../core/protocol.ts";
import {
  COLON,
  CR,
  equalsIgnoreCase,
  IS_FIELD_VALUE,
  IS_TOKEN,
  latin1,
  LF,
  LOWER,
  NEED_MORE,
  skipBlanks,
  trimBlanks,
} from "../wire/bytes.ts";

/** Offsets kept for each line: name start, name end, value start, value end. */
const SLOTS = 4;
/** Lines that a new table has room for; a browser sends about 15. */
const INITIAL_LINES = 16;

const NOTHING = new Uint8Array(0);

/** A list of field lines. Offsets are relative to `base`, so that the bytes may be moved. */
export class FieldTable implements RequestFields {
  /** The bytes that the offsets point into. */
  bytes: Uint8Array = NOTHING;
  /** Where in `bytes` offset 0 lies. */
  base = 0;
  /** How many lines there are. */
  count = 0;
  #offsets = new Int32Array(INITIAL_LINES * SLOTS);

  /** Says where the bytes lie (now). */
  bind(bytes: Uint8Array, base: number): void {
    this.bytes = bytes;
    this.base = base;
  }

  /** Forgets all lines, and the bytes. */
  clear(): void {
    this.count = 0;
    this.bytes = NOTHING;
    this.base = 0;
  }

  /** Appends a line, by absolute positions in `bytes`. */
  add(nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void {
    const at = this.count++ * SLOTS;
    if (at === this.#offsets.length) {
      const larger = new Int32Array(at * 2);
      larger.set(this.#offsets);
      this.#offsets = larger;
    }
    const { base } = this;
    this.#offsets[at] = nameStart - base;
    this.#offsets[at + 1] = nameEnd - base;
    this.#offsets[at + 2] = valueStart - base;
    this.#offsets[at + 3] = valueEnd - base;
  }

  /** Where in `bytes` the name of line `line` starts. */
  nameStart(line: number): number {
    return this.base + this.#offsets[line * SLOTS];
  }

  /** Where in `bytes` the name of line `line` ends. */
  nameEnd(line: number): number {
    return this.base + this.#offsets[line * SLOTS + 1];
  }

  /** Where in `bytes` the value of line `line` starts, after its blanks. */
  valueStart(line: number): number {
    return this.base + this.#offsets[line * SLOTS + 2];
  }

  /** Where in `bytes` the value of line `line` ends, before its blanks. */
  valueEnd(line: number): number {
    return this.base + this.#offsets[line * SLOTS + 3];
  }

  /** Whether line `line` is called `lower` (lower case). */
  isNamed(line: number, lower: string): boolean {
    return equalsIgnoreCase(this.bytes, this.nameStart(line), this.nameEnd(line), lower);
  }

  /** The index of the first line called `lower` (lower case) at or after `from`, or -1. */
  find(lower: string, from = 0): number {
    for (let line = from; line < this.count; line++) if (this.isNamed(line, lower)) return line;
    return -1;
  }

  /** Whether there is a line called `lower` (lower case). */
  has(lower: string): boolean {
    return this.find(lower) >= 0;
  }

  /** The name of line `line`, in lower case. */
  name(line: number): string {
    return lowerName(this.bytes, this.nameStart(line), this.nameEnd(line));
  }

  /** The value of line `line`, without blanks around it. */
  value(line: number): string {
    return latin1(this.bytes, this.valueStart(line), this.valueEnd(line));
  }

  /** The values of all lines called `lower`, joined (RFC 9110 §5.3; Cookie by RFC 6265 §5.4), or null. */
  get(lower: string): string | null {
    let line = this.find(lower);
    if (line < 0) return null;
    let value = this.value(line);
    while ((line = this.find(lower, line + 1)) >= 0) {
      value += (lower === "cookie" ? "; " : ", ") + this.value(line);
    }
    return value;
  }

  /** Name and value of each line, in the order of arrival, names in lower case. */
  *[Symbol.iterator](): IterableIterator<[string, string]> {
    for (let line = 0; line < this.count; line++) yield [this.name(line), this.value(line)];
  }
}

/** Names that nearly every request repeats, so that asking for them all makes no new string. */
const KNOWN_NAMES: readonly (readonly string[])[] = ((): string[][] => {
  const byLength: string[][] = [];
  const names =
    "host accept accept-encoding accept-language authorization cache-control connection content-length " +
    "content-type cookie date dnt expect forwarded from if-match if-modified-since if-none-match if-range " +
    "keep-alive origin pragma priority proxy-authorization range referer sec-ch-ua sec-ch-ua-mobile " +
    "sec-ch-ua-platform sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user te traceparent trailer " +
    "transfer-encoding upgrade upgrade-insecure-requests user-agent via x-forwarded-for x-forwarded-host " +
    "x-forwarded-proto x-real-ip x-request-id x-requested-with";
  for (const name of names.split(" ")) (byLength[name.length] ??= []).push(name);
  return byLength;
})();

function lowerName(bytes: Uint8Array, start: number, end: number): string {
  for (const known of KNOWN_NAMES[end - start] ?? []) {
    if (equalsIgnoreCase(bytes, start, end, known)) return known;
  }
  let name = "";
  for (let i = start; i < end; i++) name += String.fromCharCode(LOWER[bytes[i]]);
  return name;
}

/**
 * Reads one field line, `field-name ":" OWS field-value OWS CRLF` (RFC 9112 §5), that starts at `start`,
 * and appends it to `table`. Strict: no blank before the colon (§5.1), no obs-fold (§5.2), no bare CR or
 * LF (§2.2), no control byte in a value (RFC 9110 §5.5).
 *
 * @returns the index after the line, or `NEED_MORE`
 * @throws {ProtocolError} `bad_field`, 400
 */
export function readFieldLine(bytes: Uint8Array, start: number, end: number, table: FieldTable): number {
  let i = start;
  while (i < end && IS_TOKEN[bytes[i]]) i++;
  if (i === end) return NEED_MORE;
  if (i === start) {
    throw badField("a header line must start with a field name (folded lines are not accepted)");
  }
  if (bytes[i] !== COLON) throw badField("a field name must be a token that a colon follows at once");
  const nameEnd = i;
  const valueStart = skipBlanks(bytes, i + 1, end);
  i = valueStart;
  while (i < end && IS_FIELD_VALUE[bytes[i]]) i++;
  if (i === end) return NEED_MORE;
  if (bytes[i] !== CR) throw badField("a field value must not hold control bytes");
  if (i + 1 === end) return NEED_MORE;
  if (bytes[i + 1] !== LF) throw badField("a CR must be followed by LF");
  table.add(start, nameEnd, valueStart, trimBlanks(bytes, valueStart, i));
  return i + 2;
}

function badField(message: string): ProtocolError {
  return new ProtocolError("bad_field", 400, message);
}
