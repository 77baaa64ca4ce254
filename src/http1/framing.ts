/**
 * How the end of a request's body is known (RFC 9112 §6), decided strictly: whatever two
 * implementations could read differently is refused, since that is how requests are smuggled.
 */
import { ProtocolError } from "../api/errors.ts";
import { eachListElement, equalsIgnoreCase } from "../wire/bytes.ts";

/** Framing of a body: `CHUNKED`, or its length in bytes (0: none). */
export type Framing = number;

/** The body is chunked. */
export const CHUNKED = -1;

/** Content-Length was not there. */
export const NO_LENGTH = -1;

/**
 * Reads one Content-Length line. A further line may only say the same (RFC 9110 §8.6); a list in one line
 * is refused, although a recipient may accept one of equal members: no client sends one.
 *
 * @param earlier the value of the lines before it, or `NO_LENGTH`
 * @throws {ProtocolError} `bad_content_length` 400, for a number past 2^53 - 1 too: RFC 9110 §8.6 warns of those
 * that a recipient's integers do not hold
 */
export function contentLength(bytes: Uint8Array, start: number, end: number, earlier: number): number {
  if (start === end) throw badLength("Content-Length is empty");
  const length = decimal(bytes, start, end);
  if (earlier !== NO_LENGTH && earlier !== length) throw badLength("Content-Length has two values");
  return length;
}

/** `1*DIGIT`: no sign, no blank, no hexadecimal. */
function decimal(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = bytes[i] - 0x30;
    if (digit < 0 || digit > 9) throw badLength("Content-Length must be decimal digits");
    value = value * 10 + digit;
  }
  if (value > Number.MAX_SAFE_INTEGER) throw badLength("Content-Length is larger than any body can be");
  return value;
}

function badLength(message: string): ProtocolError {
  return new ProtocolError("bad_content_length", 400, message);
}

/**
 * Checks one Transfer-Encoding line. Mooring reads `chunked` alone; a coding before it is one that the
 * server does not understand (501, RFC 9112 §6.1), and a body whose last coding is another has no known
 * end (400, §6.3).
 *
 * @throws {ProtocolError} `bad_transfer_encoding` 400, `unknown_transfer_encoding` 501
 */
export function checkTransferEncoding(bytes: Uint8Array, start: number, end: number): void {
  if (equalsIgnoreCase(bytes, start, end, "chunked")) return;
  let codings = 0;
  let chunked = 0;
  let lastIsChunked = false;
  eachListElement(bytes, start, end, (from, to) => {
    codings++;
    lastIsChunked = equalsIgnoreCase(bytes, from, to, "chunked");
    if (lastIsChunked) chunked++;
  });
  if (!lastIsChunked || chunked > 1 || codings === 1) {
    throw new ProtocolError(
      "bad_transfer_encoding",
      400,
      "Transfer-Encoding must end in chunked, applied once",
    );
  }
  throw new ProtocolError("unknown_transfer_encoding", 501, "of transfer codings only chunked is understood");
}

/**
 * The framing of a request (RFC 9112 §6.3), from what was noticed in its head.
 *
 * @throws {ProtocolError} `bad_transfer_encoding`, 400: together with Content-Length, on HTTP/1.0, repeated
 */
export function requestFraming(minor: number, length: number, transferEncodingLines: number): Framing {
  if (transferEncodingLines === 0) return length === NO_LENGTH ? 0 : length;
  if (transferEncodingLines > 1) throw badCoding("Transfer-Encoding is repeated");
  if (length !== NO_LENGTH) throw badCoding("Transfer-Encoding and Content-Length exclude each other");
  if (minor === 0) throw badCoding("HTTP/1.0 has no Transfer-Encoding");
  return CHUNKED;
}

function badCoding(message: string): ProtocolError {
  return new ProtocolError("bad_transfer_encoding", 400, message);
}
