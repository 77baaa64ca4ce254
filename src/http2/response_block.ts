/**
 * Encodes a response's fields (RFC 9113 §8.2, §8.3.2), whichever may be sent: what speaks of the connection is left out
 * (§8.2.2).
 */
import type { Fields } from "../api/exchange.ts";
import { type FieldFilter, TRAILER_RULES } from "../core/reserved_fields.ts";
import { ResponseHeadCache } from "../core/response_head_cache.ts";
import { ByteWriter } from "../wire/byte_writer.ts";
import { type FieldLines, linesOf, releaseLines } from "../wire/field_lines.ts";
import { copyOf } from "../wire/bytes.ts";
import { encodeField, encodeStatus } from "./hpack_encoder.ts";

/** Shared, because a head is written in one go. */
export const heads: ResponseHeadCache = new ResponseHeadCache((out, status, lines, reserved) => {
  encodeStatus(out, status);
  encodeLines(out, lines, reserved);
});

/** Fields of connections that `ReservedFields` leaves in, by their lengths: those of `upgrade` and `proxy-connection`. */
const isOfConnection = (name: string): boolean =>
  (name.length === 7 || name.length === 16) && /^(?:upgrade|proxy-connection)$/i.test(name);

/** Appends the lines that `rules` admit. */
export function encodeLines(out: ByteWriter, { names, values, count }: FieldLines, rules: FieldFilter): void {
  for (let i = 0; i < count; i++) {
    if (rules.accept(names[i], values[i]) && !isOfConnection(names[i])) encodeField(out, names[i], values[i]);
  }
}

/** The field block of trailers. */
export function trailerBlock(trailers: Fields): Uint8Array {
  const out = new ByteWriter(128);
  const lines = linesOf(trailers);
  encodeLines(out, lines, TRAILER_RULES);
  releaseLines(lines);
  return copyOf(out.bytes, 0, out.length);
}

const encoder = new TextEncoder();
/** `content-length` in the static table, as the name of a literal without indexing (RFC 7541 §6.2.2, Appendix A). */
const CONTENT_LENGTH = Uint8Array.of(0x0f, 28 - 15);
/** `date`, likewise. */
const DATE = Uint8Array.of(0x0f, 33 - 15);

/** Appends Content-Length. */
export function encodeLength(out: ByteWriter, length: number): void {
  out.copy(CONTENT_LENGTH);
  out.reserve(1);
  const at = out.length++;
  out.decimal(length);
  out.bytes[at] = out.length - at - 1;
}

/** Date as a field line. */
export function dateField(date: string): Uint8Array {
  const value = encoder.encode(date);
  return Uint8Array.from([...DATE, value.length, ...value]);
}
