/**
 * Writes a response's head (RFC 9112 §4, §5). Everything that the user gives is checked while it is
 * copied: CR, LF, NUL and other control bytes throw, and the caller takes back what was written.
 */
import type { Fields } from "../api/exchange.ts";
import { IS_FIELD_VALUE, IS_TOKEN } from "../wire/bytes.ts";
import type { ByteWriter } from "../wire/byte_writer.ts";
import type { FieldFilter } from "../core/reserved_fields.ts";
import type { EncodeHead } from "../core/response_head_cache.ts";
import { type FieldLines, linesOf, releaseLines } from "../wire/field_lines.ts";
import { fieldNameError, fieldValueError } from "../wire/field_errors.ts";
import { statusLine } from "./status_line.ts";

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

/** The status line, and the lines but for those that are `reserved`. */
export const encodeHead: EncodeHead = (out, status, lines, reserved) => {
  out.copy(statusLine(status));
  writeLines(out, lines, reserved);
};

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
