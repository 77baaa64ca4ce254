/**
 * Reads a request's head: start line and field section (RFC 9112 §3, §5), whole or in pieces.
 * `parse` answers the head's length, or `NEED_MORE`, or throws what the peer did wrong. A line is read
 * when its end is here, and the search for that end goes on where it stopped: no byte is searched twice.
 */
import type { HttpVersion } from "../api/exchange.ts";
import { ProtocolError } from "../api/errors.ts";
import { hasAuthority, isTargetFor } from "./request_target.ts";
import { CR, IS_TARGET, IS_TOKEN, latin1, LF, NEED_MORE, SP } from "../wire/bytes.ts";
import { headTooLarge, targetTooLong } from "../core/client_errors.ts";
import { persists } from "./connection_options.ts";
import type { RequestView } from "../core/protocol.ts";
import { FieldSection } from "./field_section.ts";
import type { FieldTable } from "./fields.ts";
import type { Framing } from "./framing.ts";
import { RequestSnapshot } from "./request_snapshot.ts";

/** Limits of a head; 0 switches one off. */
export interface HeadLimits {
  /** Bytes of the start line and the field section together. */
  readonly maxHeaderBytes: number;
  /** Field lines. */
  readonly maxHeaders: number;
  /** Bytes of the request target. */
  readonly maxTargetBytes: number;
}

/** Empty lines passed over before a request line: RFC 9112 §2.2 asks for one; some clients send more. */
const MAX_EMPTY_LINES = 4;

/** Room in a start line beside its target: a method, two spaces, the version, CRLF. */
const OTHER_START_LINE = 48;

/** CRLF, which ends the field section. */
const EMPTY_LINE = 2;

const DOT = 0x2e;

const NOTHING = new Uint8Array(0);
/** Room for most heads. */
const MIN_OWNED_BYTES = 1024;

/** One request's head, reusable: `parse` until it answers a length, look at it, `reset`. */
export class RequestHead implements RequestView {
  /** The method, as sent: methods are case-sensitive (RFC 9110 §9.1). */
  method = "";
  /** The minor version: 0, or 1 for 1.1 and whatever 1.x comes after. */
  minor = 1;
  /** How many bytes the head has, once it is complete. */
  length = 0;
  /** Whether the client still waits for 100 before it sends the body (RFC 9110 §10.1.1). */
  expectsContinue = false;
  /** The last snapshot of this head, or of an earlier one. */
  #snapshot: RequestSnapshot | null = null;
  /** Memory of its own, for `retain`. */
  #owned: Uint8Array = NOTHING;
  /** The bytes that the head lies in. */
  bytes: Uint8Array = NOTHING;
  /** Where in `bytes` it starts. */
  base = 0;

  /** Where the field section starts, relative to the head. */
  sectionStart = 0;

  readonly #section = new FieldSection();
  #startLineRead = false;
  #targetStart = 0;
  #targetEnd = 0;
  #targetHasAuthority = false;
  #emptyLines = 0;
  /** Where the first line that was not read yet starts, relative to the head. */
  #line = 0;
  /** Up to where that line's LF was searched, relative to the head. */
  #searched = 0;

  /** Makes the head ready for the next request, which mostly repeats what the section remembers of this one. */
  reset(): void {
    this.moveTo(NOTHING, 0);
    this.#startLineRead = false;
    this.#emptyLines = 0;
    this.#line = 0;
    this.#searched = 0;
  }

  /** The head lies there now. */
  moveTo(bytes: Uint8Array, base: number): void {
    this.bytes = bytes;
    this.base = base;
    this.#section.fields.bind(bytes, base + this.sectionStart);
  }

  /** The field lines. */
  get fields(): FieldTable {
    return this.#section.fields;
  }

  /** Changes when the field lines do. */
  get generation(): number {
    return this.#section.generation;
  }

  /** Options of Connection, as `connectionOptions` tells them. */
  get connection(): number {
    return this.#section.connection;
  }

  /** How the body's end is known. */
  get framing(): Framing {
    return this.#section.framing;
  }

  get httpVersion(): HttpVersion {
    return this.minor === 0 ? "1.0" : "1.1";
  }

  /** HTTP/1.1 has Upgrade for that. */
  get protocol(): null {
    return null;
  }

  get hasBody(): boolean {
    return this.framing !== 0;
  }

  get persists(): boolean {
    return persists(this.minor, this.connection);
  }

  /** Copies the head into memory of its own, unless it is there: what it was parsed from is about to be reused. */
  retain(): void {
    const { bytes, base, length } = this;
    if (bytes === this.#owned) return;
    if (this.#owned.length < length) this.#owned = new Uint8Array(Math.max(MIN_OWNED_BYTES, length));
    this.#owned.set(bytes.subarray(base, base + length));
    this.moveTo(this.#owned, 0);
  }

  /** Clients repeat their requests: one that equals the last that was copied shares its snapshot. */
  snapshot(): RequestView {
    const last = this.#snapshot;
    return last !== null && last.equals(this)
      ? last
      : (this.#snapshot = new RequestSnapshot(this, parseAgain));
  }

  /** The request target, as sent. */
  get target(): string {
    return latin1(this.bytes, this.base + this.#targetStart, this.base + this.#targetEnd);
  }

  /** Whether a byte of the request was read; empty lines before it do not count. */
  get begun(): boolean {
    return this.#startLineRead || this.#searched > this.#line;
  }

  /**
   * Reads `bytes[start, end)`. After `NEED_MORE`, call again with the same bytes and more behind them,
   * wherever they lie by then.
   *
   * @returns the head's length in bytes, or `NEED_MORE`
   * @throws {ProtocolError} with the status to answer
   */
  parse(bytes: Uint8Array, start: number, end: number, limits: HeadLimits): number {
    this.moveTo(bytes, start);
    if (this.#searched > 0 && !this.#lineHasEnded(bytes, start, end)) {
      return this.#needMore(start, end, limits);
    }
    let at = start + this.#line;
    while (!this.#startLineRead) {
      const next = this.#readStartLine(bytes, at, end, limits);
      if (next === NEED_MORE) return this.#needMore(start, end, limits);
      at = next;
      this.#line = at - start;
      if (!this.#startLineRead) continue; // that was an empty line
      const repeated = this.#beginSection(bytes, at, end, limits);
      if (repeated > 0) return this.#complete(at + repeated - start, limits);
    }
    for (;;) {
      const next = this.#section.readLine(bytes, at, end, limits.maxHeaders);
      if (next === NEED_MORE) return this.#needMore(start, end, limits);
      if (next === at) break;
      at = next;
      this.#line = at - start;
    }
    const length = at + EMPTY_LINE - start;
    checkHeadSize(length, limits);
    this.#section.complete(bytes, start + this.sectionStart, at + EMPTY_LINE);
    return this.#complete(length, limits);
  }

  /** Answers the length of a section that was read before, or 0. */
  #beginSection(bytes: Uint8Array, at: number, end: number, { maxHeaders }: HeadLimits): number {
    this.sectionStart = at - this.base;
    const repeated = this.#section.matchCached(bytes, at, end, this.minor, maxHeaders);
    if (repeated > 0) return repeated;
    this.#section.begin(bytes, at, this.minor);
    return 0;
  }

  #complete(length: number, limits: HeadLimits): number {
    checkHeadSize(length, limits);
    // RFC 9112 §3.2: Host is identical to the authority of the target, and has a value where there is one.
    if (this.#targetHasAuthority && this.fields.get("host") === "") {
      throw new ProtocolError("bad_host", 400, "Host is empty, although the target has an authority");
    }
    this.expectsContinue = this.#section.expectsContinue;
    return this.length = length;
  }

  /** Whether the line that was incomplete has its LF now; goes on where the last search stopped. */
  #lineHasEnded(bytes: Uint8Array, start: number, end: number): boolean {
    for (let i = start + this.#searched; i < end; i++) if (bytes[i] === LF) return true;
    return false;
  }

  #needMore(start: number, end: number, limits: HeadLimits): typeof NEED_MORE {
    this.#searched = end - start;
    // A line that has not ended has at least one byte more.
    if (!this.#startLineRead) checkStartLineSize(this.#searched - this.#line + 1, limits);
    checkHeadSize(this.#searched, limits);
    return NEED_MORE;
  }

  /** `method SP request-target SP HTTP-version CRLF` (RFC 9112 §3), and the empty lines before it (§2.2). */
  #readStartLine(bytes: Uint8Array, at: number, end: number, limits: HeadLimits): number {
    if (at === end) return NEED_MORE;
    if (bytes[at] === CR) {
      if (at + 1 === end) return NEED_MORE;
      if (bytes[at + 1] !== LF || ++this.#emptyLines > MAX_EMPTY_LINES) {
        throw badLine("only a few empty lines may stand before a request line");
      }
      return at + 2;
    }
    let i = at;
    while (i < end && IS_TOKEN[bytes[i]]) i++;
    if (i === end) return NEED_MORE;
    if (i === at || bytes[i] !== SP) throw badLine("a request line must start with a method and one space");
    const methodEnd = i;
    const target = ++i;
    while (i < end && IS_TARGET[bytes[i]]) i++;
    if (limits.maxTargetBytes > 0 && i - target > limits.maxTargetBytes) {
      throw targetTooLong(limits.maxTargetBytes);
    }
    if (i === end) return NEED_MORE;
    if (i === target || bytes[i] !== SP) {
      throw new ProtocolError(
        "bad_target",
        400,
        "a request target must be visible ASCII, and one space behind it",
      );
    }
    const targetEnd = i;
    const version = i + 1;
    if (version + VERSION_LINE > end) {
      // "HTTP/1.1" is as long as any version, so a line that ended already is malformed.
      for (i = version; i < end; i++) if (bytes[i] === LF) throw badVersion();
      return NEED_MORE;
    }
    checkStartLineSize(version + VERSION_LINE - at, limits);
    this.minor = readVersion(bytes, version);
    this.method = methodName(bytes, at, methodEnd);
    if (!isTargetFor(this.method, bytes, target, targetEnd)) {
      throw new ProtocolError("bad_target", 400, "the request target has none of the forms of RFC 9112 §3.2");
    }
    this.#targetStart = target - this.base;
    this.#targetEnd = targetEnd - this.base;
    this.#targetHasAuthority = hasAuthority(bytes[target]);
    this.#startLineRead = true;
    return version + VERSION_LINE;
  }
}

/** The head was accepted once: it is parsed again without limits. */
const NO_LIMITS: HeadLimits = { maxHeaderBytes: 0, maxHeaders: 0, maxTargetBytes: 0 };

function parseAgain(bytes: Uint8Array, start: number, end: number): RequestView {
  const head = new RequestHead();
  head.parse(bytes, start, end, NO_LIMITS);
  return head;
}

/** Methods that are told by length and bytes, so that naming them makes no string. */
const METHODS: readonly (readonly string[])[] = [[], [], [], ["GET", "PUT"], ["POST", "HEAD"], [
  "PATCH",
  "TRACE",
], [
  "DELETE",
], ["OPTIONS", "CONNECT"]];

function methodName(bytes: Uint8Array, start: number, end: number): string {
  const candidates = METHODS[end - start];
  if (candidates !== undefined) {
    for (const method of candidates) {
      let i = 0;
      while (i < method.length && bytes[start + i] === method.charCodeAt(i)) i++;
      if (i === method.length) return method;
    }
  }
  return latin1(bytes, start, end);
}

/** "HTTP/1.1" CRLF. */
const VERSION_LINE = 10;
const HTTP_SLASH = [0x48, 0x54, 0x54, 0x50, 0x2f];

/** `HTTP-version` CRLF (RFC 9112 §2.3); answers the minor version, at most 1, which is all we speak. */
function readVersion(bytes: Uint8Array, at: number): number {
  for (let i = 0; i < HTTP_SLASH.length; i++) if (bytes[at + i] !== HTTP_SLASH[i]) throw badVersion();
  const major = bytes[at + 5] - 0x30;
  const minor = bytes[at + 7] - 0x30;
  const wellFormed = major >= 0 && major <= 9 && bytes[at + 6] === DOT && minor >= 0 && minor <= 9 &&
    bytes[at + 8] === CR && bytes[at + 9] === LF;
  if (!wellFormed) throw badVersion();
  if (major !== 1) {
    throw new ProtocolError("unsupported_version", 505, `HTTP/${major}.${minor} is not spoken here`);
  }
  return Math.min(minor, 1);
}

function checkHeadSize(length: number, limits: HeadLimits): void {
  if (limits.maxHeaderBytes > 0 && length > limits.maxHeaderBytes) {
    throw headTooLarge(limits.maxHeaderBytes);
  }
}

function checkStartLineSize(length: number, { maxTargetBytes }: HeadLimits): void {
  if (maxTargetBytes > 0 && length > maxTargetBytes + OTHER_START_LINE) {
    throw new ProtocolError(
      "target_too_long",
      414,
      `the request line is longer than a target of ${maxTargetBytes} bytes makes it`,
    );
  }
}

function badLine(message: string): ProtocolError {
  return new ProtocolError("bad_request_line", 400, message);
}

function badVersion(): ProtocolError {
  return new ProtocolError("bad_version", 400, "a request line must end in HTTP/1.1 or HTTP/1.0 and CRLF");
}
