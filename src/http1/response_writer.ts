/**
 * The response of the exchange under way: its head, its framing, and that it is as long as it says.
 */
import type { Fields } from "../api/exchange.ts";
import type { ResponsePhase, ResponseStream, ResponseWatcher } from "../core/protocol.ts";
import { ByteWriter, digitCount, SHORT_TEXT, utf8Length } from "../wire/byte_writer.ts";
import { type FieldLines, linesOf, releaseLines } from "../wire/field_lines.ts";
import { PooledBytes } from "../wire/pooled_bytes.ts";
import {
  type FieldFilter,
  LENGTH_NOT_GIVEN,
  ReservedFields,
  TRAILER_RULES,
} from "../core/reserved_fields.ts";
import { ResponseHeadCache } from "../core/response_head_cache.ts";
import {
  checkContent,
  checkFinalStatus,
  checkInterimStatus,
  checkNoLength,
  decideBody,
  throwUnlessAborted,
  toBytes,
  UNKNOWN_LENGTH,
  wrongLength,
} from "../core/response_rules.ts";
import { encodeHead, writeFields, writeLines } from "./response_head.ts";
import type { ResponsePort } from "./response_port.ts";
import { protocolToSwitchTo } from "./upgrade.ts";
import { statusLine } from "./status_line.ts";

/** How the end of the response's body is known to the client; `none`: whatever is written is dropped. */
type BodyFraming = "length" | "chunked" | "close" | "none";

/** Longer text is encoded into memory of its own, which bounds what is gathered. */
const LARGE_TEXT = 64 * 1024;
/** Room for most heads. */
const USUAL_HEAD = 512;

const CRLF = Uint8Array.of(0x0d, 0x0a);
const CONTENT_LENGTH = bytesOf("content-length: ");
const CHUNKED = bytesOf("transfer-encoding: chunked\r\n");
const LAST_CHUNK = bytesOf("0\r\n\r\n");
const SWITCHES = bytesOf("connection: upgrade\r\nupgrade: ");

const encoder = new TextEncoder();
/** Shared, because a head is written in one go. */
const heads = new ResponseHeadCache(encodeHead);
const reserved = new ReservedFields();
/** What holds for the fields of a 101: its Upgrade is written already. */
const SWITCH_RULES: FieldFilter = {
  accept: (name, value) => name.toLowerCase() !== "upgrade" && reserved.accept(name, value),
};

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** One response, reusable: `begin`, then `respond`, or `start`, `write` and `end`. */
export class ResponseWriter implements ResponseStream {
  #phase: ResponsePhase = "complete";
  #port: ResponsePort | null = null;
  /** As written; 0 before. */
  #status = 0;
  #framing: BodyFraming = "none";
  /** Bytes of the body that are still to come, where its length is known. */
  #remaining = 0;
  /** The end of the digits of the length that was written, where that is an estimate; 0 where it is the handler's. */
  #lengthEnd = 0;

  /** Makes ready to answer through `port`. */
  begin(port: ResponsePort): void {
    this.#phase = "unanswered";
    this.#status = 0;
    this.#framing = "none";
    this.#port = port;
  }

  /** Where the response is. */
  get phase(): ResponsePhase {
    return this.#phase;
  }

  get status(): number {
    return this.#status;
  }

  /** Whether the end of its body is the end of the connection. */
  get endsWithConnection(): boolean {
    return this.#framing === "close";
  }

  /** It is not bound to flow control. */
  get isWritten(): boolean {
    return true;
  }

  watch(watcher: ResponseWatcher): void {
    watcher.responseWritten();
  }

  abort(): void {
    this.#phase = "aborted";
  }

  /** Sends the whole response. */
  respond(status: number, fields?: Fields, body?: string | Uint8Array | PooledBytes | null): void {
    const lines = linesOf(fields); // first, since what the user gave may run code that answers, or closes
    if (!this.#isOrdered("respond", "unanswered") || !this.#acquires()) return;
    if (typeof body !== "string") this.#respondBytes(status, lines, body ?? null);
    else if (body.length <= SHORT_TEXT) this.#respondShortText(status, lines, body);
    else if (body.length <= LARGE_TEXT && this.#port!.head.method !== "HEAD") {
      this.#respondText(status, lines, body);
    } else this.#respondBytes(status, lines, encoder.encode(body));
    this.#port!.responseComplete();
  }

  #respondShortText(status: number, lines: FieldLines, text: string): void {
    const out = this.#port!.out.acquire();
    this.#writeHead(out, status, lines, utf8Length(text), false);
    this.#phase = "complete";
    if (this.#framing !== "none") out.utf8(text);
  }

  #respondBytes(status: number, lines: FieldLines, content: Uint8Array | PooledBytes | null): void {
    if (content !== null && !(content instanceof PooledBytes)) checkContent(content);
    const { out } = this.#port!;
    this.#writeHead(out.acquire(), status, lines, content?.byteLength ?? 0, content === null);
    this.#phase = "complete";
    if (this.#framing === "none" || content === null || content.byteLength === 0) return;
    if (content instanceof PooledBytes) out.appendPooled(content);
    else out.append(content);
  }

  /**
   * Text is encoded behind its head, in one pass: how many bytes it has is known then. The head says how many characters
   * it has; where that was wrong, it is corrected.
   */
  #respondText(status: number, lines: FieldLines, text: string): void {
    const out = this.#port!.out.acquire();
    const mark = out.length;
    out.reserve(USUAL_HEAD + text.length);
    this.#writeHead(out, status, lines, text.length, false, true);
    const start = out.length;
    out.utf8(text);
    const count = out.length - start;
    if (count !== text.length && this.#lengthEnd > 0) correctLength(out, this.#lengthEnd, text.length, count);
    else if (count !== this.#remaining) {
      out.length = mark;
      throw wrongLength(this.#remaining, count);
    }
    this.#phase = "complete";
  }

  /** Sends the head of a response whose body follows. */
  start(status: number, fields?: Fields): void {
    const lines = linesOf(fields);
    if (!this.#isOrdered("start", "unanswered") || !this.#acquires()) return;
    this.#writeHead(this.#port!.out.acquire(), status, lines, UNKNOWN_LENGTH, false);
    this.#phase = "streaming";
  }

  /** Sends a part of the body; answers whether more is welcome. */
  write(chunk: string | Uint8Array): boolean {
    if (!this.#isOrdered("write", "streaming")) return false;
    return this.#write(toBytes(chunk));
  }

  /** Ends the body; trailers go along where it is chunked. */
  end(chunk?: string | Uint8Array | null, trailers?: Fields): void {
    if (!this.#isOrdered("end", "streaming")) return;
    // Made first: what is wrong with the trailers must not be found when the chunk has gone.
    const last = this.#framing === "chunked" ? lastChunk(trailers) : null;
    if (!this.#isOrdered("end", "streaming")) return; // they may have run code that has ended it
    if (chunk != null) this.#write(toBytes(chunk));
    if (this.#framing === "length" && this.#remaining > 0) {
      this.#break(`the body ended ${this.#remaining} bytes before its content-length`);
    }
    if (last !== null) this.#port!.out.acquire().copy(last);
    this.#phase = "complete";
    this.#port!.responseComplete();
  }

  /** Sends an interim response (RFC 9110 §15.2), which HTTP/1.0 does not know. */
  interim(status: number, fields?: Fields): void {
    const lines = linesOf(fields);
    if (!this.#isOrdered("interim", "unanswered")) return;
    checkInterimStatus(status);
    // It is advice, of which nothing may pile up where the client takes nothing.
    if (this.#port!.head.minor === 0 || !this.#port!.out.acceptsResponse() || !this.#acquires()) return;
    this.#writeBareHead(status, lines, null);
  }

  /**
   * Sends the last head that is HTTP on this connection: 101, or 200 to CONNECT; or nothing where the new protocol
   * responds itself.
   */
  switchProtocols(silently: boolean, protocol: string | undefined, lines: FieldLines): boolean {
    const next = silently ? null : protocolToSwitchTo(this.#port!.head, protocol);
    const status = this.#port!.head.method === "CONNECT" ? 200 : 101;
    if (!silently) {
      if (!this.#acquires()) return false;
      this.#writeBareHead(status, lines, next);
    }
    this.#status = status;
    this.#phase = "complete";
    return true;
  }

  /** A head without any framing. */
  #writeBareHead(status: number, lines: FieldLines, protocol: string | null): void {
    const out = this.#port!.out.acquire();
    out.attempt(() => {
      out.copy(statusLine(status));
      reserved.reset();
      if (protocol !== null) {
        out.copy(SWITCHES);
        out.latin1(protocol);
        out.copy(CRLF);
      }
      writeLines(out, lines, protocol === null ? reserved : SWITCH_RULES);
      releaseLines(lines);
      checkNoLength(status, reserved.contentLength);
      // A final one tells when it was made (RFC 9110 §6.6.1).
      if (status >= 200 && !reserved.date) out.copy(this.#port!.dateLine());
      out.copy(CRLF);
    });
  }

  #write(chunk: Uint8Array): boolean {
    const port = this.#port!;
    const { byteLength } = chunk;
    if (this.#framing === "none" || byteLength === 0) return port.out.append(chunk.subarray(0, 0));
    if (this.#framing === "length") {
      if (byteLength > this.#remaining) {
        this.#break(`the body is ${byteLength - this.#remaining} bytes longer than its content-length`);
      }
      this.#remaining -= byteLength;
    }
    if (this.#framing !== "chunked") return port.out.append(chunk);
    const out = port.out.acquire();
    out.hexadecimal(byteLength);
    out.copy(CRLF);
    return port.out.append(chunk, CRLF);
  }

  #isOrdered(call: string, phase: ResponsePhase): boolean {
    return this.#phase === phase || throwUnlessAborted(call, this.#phase);
  }

  /**
   * Acquires the buffer, for which another connection may be flushed; answers whether there is still something to respond
   * to after that.
   */
  #acquires(): boolean {
    this.#port!.out.acquire();
    return this.#phase === "unanswered";
  }

  #break(message: string): never {
    this.#port!.responseBroken();
    throw new RangeError(message);
  }

  /** Writes the head, or nothing at all if it throws. */
  #writeHead(
    out: ByteWriter,
    status: number,
    lines: FieldLines,
    length: number,
    bodyOmitted: boolean,
    isEstimate = false,
  ): void {
    checkFinalStatus(status);
    const mark = out.length;
    try {
      const given = heads.write(out, status, lines);
      releaseLines(lines);
      const mustClose =
        this.#writeFraming(out, status, given.contentLength, length, bodyOmitted, isEstimate) || given.close;
      this.#port!.endHead(out, given.date, mustClose, length !== UNKNOWN_LENGTH);
      this.#status = status;
    } catch (error) {
      out.length = mark;
      throw error;
    }
  }

  /**
   * Decides how the body ends (RFC 9112 §6.3, RFC 9110 §8.6), where the handler's content-length is `given` bytes
   * long, and it has `length` as far as that is known (`isEstimate`: about so many). Answers whether the connection ends
   * with it.
   */
  #writeFraming(
    out: ByteWriter,
    status: number,
    given: number,
    length: number,
    bodyOmitted: boolean,
    isEstimate: boolean,
  ): boolean {
    const { method, minor } = this.#port!.head;
    const { hasBody, contentLength } = decideBody(method, status, given, length, bodyOmitted, isEstimate);
    this.#lengthEnd = 0;
    if (contentLength !== LENGTH_NOT_GIVEN) {
      writeLength(out, contentLength);
      if (given === LENGTH_NOT_GIVEN) this.#lengthEnd = out.length - CRLF.length;
    }
    if (!hasBody) {
      this.#framing = "none";
    } else if (contentLength !== LENGTH_NOT_GIVEN) {
      this.#framing = "length";
      this.#remaining = contentLength;
    } else if (minor > 0) {
      this.#framing = "chunked";
      out.copy(CHUNKED);
    } else {
      this.#framing = "close";
    }
    // Behind a CONNECT the client may send what is no HTTP, before it reads that there is no tunnel.
    return this.#framing === "close" || method === "CONNECT";
  }
}

/** Writes `actual` over `estimate`, whose digits end at `end`. */
function correctLength(out: ByteWriter, end: number, estimate: number, actual: number): void {
  const digits = digitCount(actual, 10);
  const more = digits - digitCount(estimate, 10);
  if (more > 0) out.insert(end, more);
  const { length } = out;
  out.length = end + more - digits;
  out.decimal(actual);
  out.length = length;
}

/** The last chunk, with the trailer section. */
function lastChunk(trailers: Fields | undefined): Uint8Array {
  if (trailers === undefined) return LAST_CHUNK;
  const out = new ByteWriter(128);
  out.copy(LAST_CHUNK.subarray(0, -CRLF.length));
  writeFields(out, trailers, TRAILER_RULES);
  out.copy(CRLF);
  return out.bytes.subarray(0, out.length);
}

/** `content-length: …` CRLF of the bodies that were sent, those that are short. */
const lengthLines: Uint8Array[] = [];
/** Shorter bodies have their line made once; there are as many lines as this at the most. */
const SHORT_BODY = 1024;

function writeLength(out: ByteWriter, length: number): void {
  if (length < SHORT_BODY) return out.copy(lengthLines[length] ??= bytesOf(`content-length: ${length}\r\n`));
  out.copy(CONTENT_LENGTH);
  out.decimal(length);
  out.copy(CRLF);
}
