/**
 * The field section of a request head: its lines, and what they say about framing, persistence and the
 * host. Clients repeat themselves: a section that comes again, after two of one length, is known by its bytes,
 * and what was read of it holds once more.
 */
import { ProtocolError } from "../api/errors.ts";
import { CR, equalsIgnoreCase, LF, NEED_MORE, sameBytes } from "../wire/bytes.ts";
import { isHost } from "../wire/authority.ts";
import { FieldTable, readFieldLine } from "./fields.ts";
import { checkTransferEncoding, contentLength, type Framing, NO_LENGTH, requestFraming } from "./framing.ts";
import { connectionOptions } from "./connection_options.ts";

/** Sections from here on are read anew each time: what is remembered is kept while nothing happens. In bytes. */
const MAX_REMEMBERED = 2048;

const NOTHING = new Uint8Array(0);

/** One field section, reusable: `matchCached`, or `begin`, `readLine` until it ends, and `complete`. */
export class FieldSection {
  /** The field lines. */
  readonly fields: FieldTable = new FieldTable();
  /** Options of Connection, as `connectionOptions` tells them. */
  connection = 0;
  /** How the body's end is known. */
  framing: Framing = 0;
  /** Whether the client waits for 100 before it sends the body (RFC 9110 §10.1.1). */
  expectsContinue = false;

  /** Changes when the lines do. */
  generation = 0;
  #minor = 1;
  #contentLength = NO_LENGTH;
  #transferEncodingLines = 0;
  #hostLines = 0;
  /** The bytes of the section that was read last, if it was as long as the one before. */
  #cachedBytes = NOTHING;
  /** How many bytes of `#cachedBytes` these are; 0 where nothing is remembered. */
  #remembered = 0;
  /** How long the section was that was read last. */
  #lastLength = 0;

  /**
   * Whether `bytes[start, end)` begins with the section that is remembered, for a request of the same
   * version. Then everything that was read of that holds for this one.
   *
   * @returns the section's length, or 0
   */
  matchCached(bytes: Uint8Array, start: number, end: number, minor: number, maxLines: number): number {
    const length = this.#remembered;
    if (length === 0 || length > end - start || minor !== this.#minor) return 0;
    if (maxLines > 0 && this.fields.count > maxLines) return 0;
    // Another length shows at once where the section should end.
    if (bytes[start + length - 3] !== LF || bytes[start + length - 1] !== LF) return 0;
    if (!sameBytes(bytes, start, this.#cachedBytes, 0, length)) return 0;
    this.fields.bind(bytes, start);
    return length;
  }

  /** A section of a request of this version begins at `start`. */
  begin(bytes: Uint8Array, start: number, minor: number): void {
    this.generation++;
    this.fields.clear();
    this.fields.bind(bytes, start);
    this.connection = 0;
    this.framing = 0;
    this.expectsContinue = false;
    this.#minor = minor;
    this.#contentLength = NO_LENGTH;
    this.#transferEncodingLines = 0;
    this.#hostLines = 0;
    this.#remembered = 0;
  }

  /**
   * Reads the line at `at`.
   *
   * @returns the index after it, `at` itself where the section ends there, or `NEED_MORE`
   * @throws {ProtocolError}
   */
  readLine(bytes: Uint8Array, at: number, end: number, maxLines: number): number {
    if (at < end && bytes[at] === CR) {
      if (at + 1 === end) return NEED_MORE;
      if (bytes[at + 1] !== LF) throw new ProtocolError("bad_field", 400, "a CR must be followed by LF");
      return at;
    }
    const next = readFieldLine(bytes, at, end, this.fields);
    if (next === NEED_MORE) return NEED_MORE;
    const { count } = this.fields;
    if (maxLines > 0 && count > maxLines) {
      throw new ProtocolError("too_many_fields", 431, `the request has more than ${maxLines} header lines`);
    }
    this.#notice(count - 1);
    return next;
  }

  /**
   * All of `bytes[start, end)` was read: decides.
   *
   * @throws {ProtocolError} where the lines contradict each other, or Host is not there once
   */
  complete(bytes: Uint8Array, start: number, end: number): void {
    // RFC 9112 §3.2: exactly one Host in HTTP/1.1; HTTP/1.0 knew none.
    if (this.#hostLines > 1) throw new ProtocolError("bad_host", 400, "Host is repeated");
    if (this.#hostLines === 0 && this.#minor > 0) throw new ProtocolError("bad_host", 400, "Host is missing");
    this.framing = requestFraming(this.#minor, this.#contentLength, this.#transferEncodingLines);
    this.#remember(bytes, start, end - start);
  }

  /** Keeps the section in mind if it is as long as the one before: heads of another length each time cost nothing. */
  #remember(bytes: Uint8Array, start: number, length: number): void {
    const repeats = length === this.#lastLength;
    this.#lastLength = length;
    if (!repeats || length > MAX_REMEMBERED) return;
    if (this.#cachedBytes.length < length) this.#cachedBytes = new Uint8Array(length);
    this.#cachedBytes.set(bytes.subarray(start, start + length));
    this.#remembered = length;
  }

  /** Takes from a line what decides about framing and persistence. Few names have these lengths. */
  #notice(line: number): void {
    const { fields } = this;
    const { bytes } = fields;
    const valueStart = fields.valueStart(line);
    const valueEnd = fields.valueEnd(line);
    switch (fields.nameEnd(line) - fields.nameStart(line)) {
      case 4:
        if (!fields.isNamed(line, "host")) return;
        this.#hostLines++;
        if (!isHost(bytes, valueStart, valueEnd)) {
          throw new ProtocolError("bad_host", 400, "Host is malformed");
        }
        return;
      case 6:
        if (!fields.isNamed(line, "expect") || this.#minor === 0) return;
        if (!equalsIgnoreCase(bytes, valueStart, valueEnd, "100-continue")) {
          throw new ProtocolError(
            "unsupported_expectation",
            417,
            "only the expectation 100-continue is known",
          );
        }
        this.expectsContinue = true;
        return;
      case 10:
        if (fields.isNamed(line, "connection")) {
          this.connection |= connectionOptions(bytes, valueStart, valueEnd);
        }
        return;
      case 14:
        if (fields.isNamed(line, "content-length")) {
          this.#contentLength = contentLength(bytes, valueStart, valueEnd, this.#contentLength);
        }
        return;
      case 17:
        if (!fields.isNamed(line, "transfer-encoding")) return;
        this.#transferEncodingLines++;
        checkTransferEncoding(bytes, valueStart, valueEnd);
    }
  }
}
