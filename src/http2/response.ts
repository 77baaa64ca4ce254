/**
 * The response of one stream: its head as HEADERS, its body as DATA, its trailers as HEADERS (RFC 9113 §8.1). A whole
 * response that fits into the windows is written in one go.
 */
import type { Fields } from "../api/exchange.ts";
import { ExchangeError } from "../api/errors.ts";
import type { ResponsePhase, ResponseStream, ResponseWatcher } from "../core/protocol.ts";
import { LENGTH_NOT_GIVEN } from "../core/reserved_fields.ts";
import {
  checkContent,
  checkFinalStatus,
  checkInterimStatus,
  checkNoLength,
  decideBody,
  throwUnlessAborted,
  toBytes,
  UNKNOWN_LENGTH,
} from "../core/response_rules.ts";
import { ByteWriter, SHORT_TEXT, utf8Length } from "../wire/byte_writer.ts";
import { type FieldLines, linesOf, releaseLines } from "../wire/field_lines.ts";
import { memoryPool } from "../wire/memory_pool.ts";
import { PooledBytes } from "../wire/pooled_bytes.ts";
import { FLAG, FRAME, FRAME_HEAD, writeFrameHead } from "./frame.ts";
import { encodeLength, heads, trailerBlock } from "./response_block.ts";
import type { StreamContext } from "./stream_context.ts";
import { type StreamOutput, writeBlock } from "./stream_output.ts";

/** Longer text is encoded into memory of its own. */
const LARGE_TEXT = 64 * 1024;
/** UTF-16 code units make three octets of UTF-8 at the most. */
const MAX_BYTES_PER_UNIT = 3;

const encoder = new TextEncoder();
/** A field block that is being written; shared, since that is done in one go. */
const block = new ByteWriter(1024);

/** What a response needs of its stream. */
export interface ResponsePort {
  readonly id: number;
  /** The method of the request, and what a CONNECT of it is extended with. */
  readonly method: string;
  readonly protocol: string | null;
  /** Where it is written. */
  readonly output: StreamOutput;
  /** What it shares with other streams. */
  readonly context: StreamContext<unknown>;
  /** The head was written; `closes`: the program wants the connection to end. */
  headWritten(closes: boolean): void;
  /** The response is complete. */
  responseComplete(): void;
  /** The response cannot be completed: the stream ends, visibly. */
  responseBroken(): void;
}

/** One response, reusable: `begin`, then `respond`, or `start`, `write` and `end`. */
export class Http2Response implements ResponseStream {
  #phase: ResponsePhase = "complete";
  #port!: ResponsePort;
  #status = 0;
  #hasBody = false;
  #hasContinued = false;
  #isTunnel = false;
  /** Octets of the body that are still to come, where the program has told its length. */
  #remaining = Infinity;

  /** Makes ready to answer through `port`. */
  begin(port: ResponsePort): void {
    this.#phase = "unanswered";
    this.#status = 0;
    this.#hasContinued = false;
    this.#isTunnel = false;
    this.#port = port;
  }

  get phase(): ResponsePhase {
    return this.#phase;
  }

  get status(): number {
    return this.#status;
  }

  /** A stream has an end of its own. */
  get endsWithConnection(): boolean {
    return false;
  }

  get isWritten(): boolean {
    return this.#isTunnel || this.#port.output.hasEnded;
  }

  watch(watcher: ResponseWatcher): void {
    if (this.isWritten) watcher.responseWritten();
    else this.#port.output.watch(watcher);
  }

  abort(): void {
    this.#phase = "aborted";
  }

  respond(status: number, fields?: Fields, body?: string | Uint8Array | PooledBytes | null): void {
    const lines = linesOf(fields); // first, since what the user gave may run code that answers, or closes
    if (!this.#isOrdered("respond", "unanswered") || !this.#acquires()) return;
    if (typeof body !== "string") this.#respondBytes(status, lines, body ?? null);
    else if (body.length <= SHORT_TEXT) this.#respondShortText(status, lines, body);
    else this.#respondText(status, lines, body);
    this.#completed();
  }

  #respondShortText(status: number, lines: FieldLines, text: string): void {
    const { output, id } = this.#port;
    const count = utf8Length(text);
    this.#writeHead(status, lines, count, false);
    this.#phase = "complete";
    if (!this.#hasBody || count === 0) return;
    if (!output.allows(count)) return output.send(encoder.encode(text), true, true);
    const out = this.#port.context.acquire();
    writeFrameHead(out, count, FRAME.data, FLAG.endStream, id);
    out.utf8(text);
    output.sent(count);
  }

  /** Text is encoded before its head is written, which tells how many octets it has. */
  #respondText(status: number, lines: FieldLines, text: string): void {
    if (text.length > LARGE_TEXT) return this.#respondBytes(status, lines, encoder.encode(text));
    const memory = memoryPool.acquire(text.length * MAX_BYTES_PER_UNIT);
    try {
      const { written } = encoder.encodeInto(text, memory);
      this.#writeHead(status, lines, written, false);
      this.#phase = "complete";
      // What has to wait is copied: the memory is for up to three times as much.
      if (this.#hasBody) this.#port.output.send(memory.subarray(0, written), true, false);
    } finally {
      memoryPool.release(memory);
    }
  }

  #respondBytes(status: number, lines: FieldLines, content: Uint8Array | PooledBytes | null): void {
    if (content instanceof PooledBytes) return this.#respondPooled(status, lines, content);
    if (content !== null) checkContent(content);
    this.#writeHead(status, lines, content?.byteLength ?? 0, content === null);
    this.#phase = "complete";
    if (this.#hasBody && content !== null && content.byteLength > 0) {
      this.#port.output.send(content, true, true);
    }
  }

  #respondPooled(status: number, lines: FieldLines, content: PooledBytes): void {
    this.#writeHead(status, lines, content.byteLength, false);
    this.#phase = "complete";
    if (this.#hasBody && content.byteLength > 0) this.#port.output.sendPooled(content);
    else memoryPool.release(content.memory);
  }

  start(status: number, fields?: Fields): void {
    const lines = linesOf(fields);
    if (!this.#isOrdered("start", "unanswered") || !this.#acquires()) return;
    this.#writeHead(status, lines, UNKNOWN_LENGTH, false);
    this.#phase = "streaming";
  }

  write(chunk: string | Uint8Array): boolean {
    if (!this.#isOrdered("write", "streaming")) return false;
    return this.#write(chunk, false);
  }

  end(chunk?: string | Uint8Array | null, trailers?: Fields): void {
    if (!this.#isOrdered("end", "streaming")) return;
    // Made first: what is wrong with the trailers must not be found when the chunk has gone.
    const last = trailers === undefined ? null : trailerBlock(trailers);
    if (!this.#isOrdered("end", "streaming")) return; // they may have run code that has ended it
    const { output } = this.#port;
    const hasTrailers = last !== null && last.length > 0;
    const isWhole = chunk != null && !hasTrailers;
    if (chunk != null) this.#write(chunk, isWhole);
    if (this.#hasBody && this.#remaining > 0 && this.#remaining !== Infinity) {
      this.#break(`the body ended ${this.#remaining} bytes before its content-length`);
    }
    this.#phase = "complete";
    // A response without a body has ended with its head.
    if (this.#hasBody && !isWhole) output.end(hasTrailers ? last : null);
    this.#completed();
  }

  interim(status: number, fields?: Fields): void {
    const lines = linesOf(fields);
    if (!this.#isOrdered("interim", "unanswered")) return;
    checkInterimStatus(status);
    // It is advice, of which nothing may pile up where the client takes nothing.
    if (this.#port.context.acceptsInterim()) this.#writeInterim(status, lines);
  }

  /** Sends 100, once: the client may send the body. Not behind a response that has begun. */
  continue(): void {
    if (this.#hasContinued || this.#phase !== "unanswered") return;
    this.#hasContinued = true;
    this.#writeInterim(100, linesOf(undefined));
  }

  #writeInterim(status: number, lines: FieldLines): void {
    if (!this.#acquires()) return;
    this.#beginBlock();
    checkNoLength(status, heads.write(block, status, lines).contentLength);
    releaseLines(lines);
    this.#sendBlock(FLAG.none);
  }

  /** CONNECT is answered with 200 (RFC 9113 §8.5, RFC 8441 §5): a tunnel without a response there is not. */
  switchProtocols(silently: boolean, protocol: string | undefined, lines: FieldLines): boolean {
    const { method, protocol: offered } = this.#port;
    if (method !== "CONNECT") throw noUpgrade("the request asks for no upgrade");
    if (silently) throw noUpgrade('HTTP/2 has no upgrade without a response: leave out option "silent"');
    if (protocol !== undefined && protocol.toLowerCase() !== offered?.toLowerCase()) {
      throw noUpgrade(`the request does not offer ${JSON.stringify(protocol)}`);
    }
    if (!this.#acquires()) return false;
    this.#writeHead(200, lines, UNKNOWN_LENGTH, false, true);
    this.#phase = "complete";
    this.#isTunnel = true;
    return true;
  }

  #write(chunk: string | Uint8Array, isLast: boolean): boolean {
    const bytes = toBytes(chunk);
    const { output } = this.#port;
    if (!this.#hasBody) return true;
    if (bytes.byteLength > this.#remaining) {
      this.#break(`the body is ${bytes.byteLength - this.#remaining} bytes longer than its content-length`);
    }
    this.#remaining -= bytes.byteLength;
    if (isLast && this.#remaining > 0 && this.#remaining !== Infinity) isLast = false;
    output.send(bytes, isLast, true);
    return output.isWelcome;
  }

  #completed(): void {
    const { context } = this.#port; // the stream may be another request's afterwards
    this.#port.responseComplete();
    context.responseComplete();
  }

  #isOrdered(call: string, phase: ResponsePhase): boolean {
    return this.#phase === phase || throwUnlessAborted(call, this.#phase);
  }

  /** Acquires the buffer, for which another connection may be flushed; answers whether there is still something to do. */
  #acquires(): boolean {
    this.#port.context.acquire();
    return this.#phase === "unanswered";
  }

  #break(message: string): never {
    this.#port.responseBroken();
    throw new RangeError(message);
  }

  /** Not before the buffer was acquired: making room may flush another connection, which may write a block, too. */
  #beginBlock(): void {
    block.length = 0;
    this.#port.context.beginBlock(block);
  }

  /** Writes the head, or nothing at all if it throws; ends the stream where no octet of a body follows. */
  #writeHead(
    status: number,
    lines: FieldLines,
    length: number,
    bodyOmitted: boolean,
    opensTunnel = false,
  ): void {
    checkFinalStatus(status);
    this.#beginBlock();
    const given = heads.write(block, status, lines);
    releaseLines(lines);
    const { contentLength, date, close } = given;
    const { hasBody, contentLength: declared } = decideBody(
      this.#port.method,
      status,
      contentLength,
      length,
      bodyOmitted,
      false,
    );
    if (declared !== LENGTH_NOT_GIVEN) encodeLength(block, declared);
    if (!date) block.copy(this.#port.context.dateField());
    this.#hasBody = hasBody;
    this.#remaining = hasBody && declared !== LENGTH_NOT_GIVEN ? declared : Infinity;
    this.#status = status;
    const endsStream = (!hasBody || length === 0) && !opensTunnel;
    this.#sendBlock(endsStream ? FLAG.endStream : FLAG.none);
    if (endsStream) this.#hasBody = false;
    this.#port.headWritten(close);
    if (endsStream) this.#port.output.endedWithHead();
  }

  #sendBlock(flags: number): void {
    const out = this.#port.context.acquire();
    writeBlock(out, block.bytes.subarray(0, block.length), flags, this.#port.id);
    this.#port.output.counts(FRAME_HEAD + block.length);
    this.#port.context.blockWritten();
  }
}

function noUpgrade(reason: string): ExchangeError {
  return new ExchangeError("no_upgrade", `upgrade(): ${reason}`);
}
