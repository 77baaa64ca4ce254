/**
 * Writes a response's head (RFC 9112 §4, §5). Everything that the user gives is checked while it is
 * copied: CR, LF, NUL and other control bytes throw, and the caller takes back what was written.
 */
import type { Fields } from "../api/exchange.ts";
import { IS_FIELD_VALUE, IS_TOKEN } from "../wire/bytes.ts";
import type { ByteWriter } from "../wire/byte_writer.ts";
import { fieldNameError, fieldValueError } from "../wire/field_errors.ts";
import { type FieldLines, linesOf, releaseLines } from "../wire/field_lines.ts";

/** The user left Content-Length to the engine. */
export const LENGTH_NOT_GIVEN = -1;

/** Which fields are written as given. */
export interface FieldFilter {
  /**
   * Whether to write the field as it is given.
   *
   * @throws {TypeError} where it must not be given at all
   */
  accept(name: string, value: string): boolean;
}

/** What the engine must know of the fields that the user gave. */
export class ReservedFields implements FieldFilter {
  /** The value of Content-Length, or `LENGTH_NOT_GIVEN`. */
  contentLength: number = LENGTH_NOT_GIVEN;
  /** Whether Date was given. */
  date = false;
  /** Whether `Connection: close` was given. */
  close = false;

  /** Forgets everything. */
  reset(): void {
    this.contentLength = LENGTH_NOT_GIVEN;
    this.date = false;
    this.close = false;
  }

  /**
   * Notes a field. Connection, Keep-Alive and Transfer-Encoding belong to the connection: of the first,
   * `close` is honoured, the rest is left out.
   */
  accept(name: string, value: string): boolean {
    return !mayConcernUs(name.length) || this.#note(name.toLowerCase(), value);
  }

  #note(name: string, value: string): boolean {
    switch (name) {
      case "date":
        this.date = true;
        return true;
      case "content-length":
        this.contentLength = parseLength(value);
        return false;
      case "connection":
        this.close ||= value.split(",").some((option) => option.trim().toLowerCase() === "close");
        return false;
      case "keep-alive":
      case "transfer-encoding":
        return false;
      default:
        return true;
    }
  }
}

/** Lengths of the names that are noted: date, connection and keep-alive, the next two. */
function mayConcernUs(length: number): boolean {
  return length === 4 || length === 10 || length === 14 || length === 17;
}

/**
 * What must be known before the body, or says how it is framed, routed or authorized, is no trailer
 * (RFC 9110 §6.5.1).
 */
const NO_TRAILERS = new Set(
  ("transfer-encoding content-length content-encoding content-type content-range trailer host connection " +
    "keep-alive te upgrade cache-control expect max-forwards pragma range authorization proxy-authenticate " +
    "proxy-authorization www-authenticate set-cookie age expires date location retry-after vary warning")
    .split(" "),
);

/** What holds for trailer fields. */
export const TRAILER_RULES: FieldFilter = {
  accept(name) {
    if (!NO_TRAILERS.has(name.toLowerCase())) return true;
    throw new TypeError(`${JSON.stringify(name)} must not be a trailer (RFC 9110 §6.5.1)`);
  },
};

/**
 * Appends the user's fields, as far as `rules` admit them.
 *
 * @throws {TypeError} on a name that is no token, or a value that cannot travel
 */
export function writeFields(out: ByteWriter, fields: Fields, rules: FieldFilter): void {
  const lines = linesOf(fields);
  writeLines(out, lines, rules);
  releaseLines(lines);
}

/** As `writeFields`, of lines. */
export function writeLines(out: ByteWriter, { names, values, count }: FieldLines, rules: FieldFilter): void {
  for (let i = 0; i < count; i++) {
    if (rules.accept(names[i], values[i])) writeLine(out, names[i], values[i]);
  }
}

function parseLength(value: string): number {
  const length = Number(value);
  if (!/^[0-9]+$/.test(value) || !Number.isSafeInteger(length)) {
    throw new TypeError(`content-length must be a whole number of bytes, not ${JSON.stringify(value)}`);
  }
  return length;
}

/** Appends `name ": " value CRLF`. */
function writeLine(out: ByteWriter, name: string, value: string): void {
  out.reserve(name.length + value.length + 4);
  const { bytes } = out;
  let at = out.length;
  if (name.length === 0) throw fieldNameError(name);
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code > 0x7f || IS_TOKEN[code] === 0) throw fieldNameError(name);
    bytes[at++] = code;
  }
  bytes[at++] = 0x3a;
  bytes[at++] = 0x20;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code > 0xff || IS_FIELD_VALUE[code] === 0) throw fieldValueError(name, value, i);
    bytes[at++] = code;
  }
  bytes[at++] = 0x0d;
  bytes[at++] = 0x0a;
  out.length = at;
}
