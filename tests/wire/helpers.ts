/**
 * Feeds the protocol readers in every way in which a connection can: whole, a byte at a time, cut once at every place,
 * and with other bytes behind; each time in new memory at another offset, and what was there before is overwritten.
 */
import assert from "node:assert/strict";
import { ProtocolError, type ProtocolErrorCode } from "../../src/api/errors.ts";
import { ChunkedDecoder } from "../../src/http1/chunked_decoder.ts";
import type { BodySink } from "../../src/core/request_body.ts";
import { type HeadLimits, RequestHead } from "../../src/http1/request_head.ts";
import { NEED_MORE } from "../../src/wire/bytes.ts";

/** The bytes of a text of which every character is one (Latin-1). */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) assert.fail(`${JSON.stringify(text[i])} is no byte`);
    bytes[i] = code;
  }
  return bytes;
}

/** `bytes[start, end)` as a text with a character for each byte. */
export function textOf(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  let text = "";
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]);
  return text;
}

/** What a reader said against its input. */
export interface Refusal {
  readonly code: ProtocolErrorCode;
  readonly status: number;
}

/** The value of `read`, or what it refused with. Any other error is a crash, and fails the test. */
export function orRefusal<T>(read: () => T): T | Refusal {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    assert.notEqual(error.message, "");
    return { code: error.code, status: error.status };
  }
}

/** Asserts that `read` refuses its input with a `ProtocolError` of this code and status. */
export function assertRefuses(read: () => unknown, code: ProtocolErrorCode, status: number): void {
  assert.deepEqual(orRefusal(read), { code, status });
}

/** What may lie beside the bytes that a reader was given. */
const NEIGHBOURS = ["", "\n", "\r\n", ":", "0", "a", ",", " ", "]/", "/", "\0", "\xff"];

/**
 * Lays `text` into memory with hostile neighbours, calls `read` with its bounds, and answers what they all agree on.
 */
export function inMemory<T>(text: string, read: (bytes: Uint8Array, start: number, end: number) => T): T {
  let agreed: { readonly answer: T | Refusal } | undefined;
  let last: () => T = () => assert.fail();
  for (const neighbour of NEIGHBOURS) {
    const bytes = bytesOf(neighbour + text + neighbour);
    const start = neighbour.length;
    last = () => read(bytes, start, start + text.length);
    const answer = orRefusal(last);
    agreed ??= { answer };
    assert.deepEqual(answer, agreed.answer, `differs beside ${JSON.stringify(neighbour)}`);
    assert.equal(textOf(bytes), neighbour + text + neighbour, "the bytes were changed");
  }
  return last();
}

/** The places of the bytes 1 to `length`: a cut at each. */
export function everyByte(length: number): number[] {
  return Array.from({ length }, (_, i) => i + 1);
}

/** Ascending cuts in `length` bytes out of any numbers; the last one is `length`. */
export function cutsFrom(numbers: readonly number[], length: number): number[] {
  return [...new Set([...numbers.map((number) => number % (length + 1)), length])].sort((a, b) => a - b);
}

let laid = 0;

/** A copy of `source[from, to)` in new memory, each time at another offset, with line ends or letters around it. */
export function lay(
  source: Uint8Array,
  from = 0,
  to: number = source.length,
): { bytes: Uint8Array; start: number; end: number } {
  const start = ++laid % 7;
  const end = start + to - from;
  const bytes = new Uint8Array(end + 4).fill(laid % 2 === 0 ? 0x0a : 0x41);
  bytes.set(source.subarray(from, to), start);
  return { bytes, start, end };
}

// Heads.

/** Limits that no small test reaches. */
export const LIMITS: HeadLimits = { maxHeaderBytes: 16_384, maxHeaders: 100, maxTargetBytes: 8192 };

/** All that a head tells. */
export interface HeadRead {
  readonly method: string;
  readonly target: string;
  readonly minor: number;
  readonly fields: [string, string][];
  readonly connection: number;
  readonly framing: number;
  readonly expectsContinue: boolean;
  readonly length: number;
}

/**
 * Feeds `text` up to each of `cuts` in turn, as a connection does: what is not complete comes again with more behind
 * it, somewhere else, and the memory is always another's in the end. Answers what came of it.
 */
export function parseInPieces(
  text: string,
  cuts: readonly number[],
  limits: HeadLimits = LIMITS,
  head: RequestHead = new RequestHead(),
): HeadRead | Refusal | typeof NEED_MORE {
  const source = bytesOf(text);
  for (const cut of cuts) {
    const { bytes, start, end } = lay(source, 0, cut);
    const outcome = orRefusal(() => head.parse(bytes, start, end, limits));
    const read = typeof outcome !== "number" || outcome === NEED_MORE ? outcome : snapshot(head, outcome);
    bytes.fill(0xff);
    if (read !== NEED_MORE) return read;
  }
  return NEED_MORE;
}

function snapshot(head: RequestHead, answer: number): HeadRead {
  const { method, target, minor, fields, connection, framing, expectsContinue, length } = head;
  assert.equal(answer, length);
  return { method, target, minor, fields: [...fields], connection, framing, expectsContinue, length };
}

/** A head that has read a request with everything in it, and was made ready for the next. */
export function usedHead(): RequestHead {
  const head = new RequestHead();
  const text = "\r\nPOST /used?before=1 HTTP/1.0\r\nHost: used.example\r\nConnection: close, upgrade\r\n" +
    "Content-Length: 77\r\nCookie: used=1\r\n\r\n";
  assert.notEqual(parseInPieces(text, [40, text.length], LIMITS, head), NEED_MORE);
  head.reset();
  const next = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n";
  assert.notEqual(parseInPieces(next, [next.length], LIMITS, head), NEED_MORE);
  head.reset();
  return head;
}

/** Whether a head was read, of what came of it. */
export function isRead(outcome: HeadRead | Refusal | typeof NEED_MORE): outcome is HeadRead {
  return typeof outcome === "object" && "method" in outcome;
}

/**
 * A head that has read `text` so often that it remembers its fields, where it was accepted, and was made ready for the
 * next. Each time what came of it is the same.
 */
export function headThatKnows(text: string, limits: HeadLimits = LIMITS): RequestHead {
  const head = new RequestHead();
  const first = parseInPieces(text, [text.length], limits, head);
  head.reset();
  for (let again = 2; again <= 4; again++) {
    assert.deepEqual(parseInPieces(text, [text.length], limits, head), first, `differs at time ${again}`);
    head.reset();
  }
  return head;
}

/** The fields of `text` with all that ends them, and what comes before; `null` where it has none. */
function splitHead(text: string): { start: string; section: string; minor: number } | null {
  const line = /^(?:\r\n)*[^\r\n]+ HTTP\/1\.(\d)\r\n/.exec(text);
  if (line === null) return null;
  return { start: line[0], section: text.slice(line[0].length), minor: Math.min(Number(line[1]), 1) };
}

/** Longest section whose neighbours are all looked at: they are one for each byte. */
const MAX_NEIGHBOURS = 250;

/**
 * Heads with fields that are nearly those of `text`: of the same length and one byte different, as long and altogether
 * different, of the other version, and the fields of `text` itself.
 */
function lookalikes(text: string): string[] {
  const split = splitHead(text);
  if (split === null) return ["GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"];
  const { section, minor } = split;
  const start = `GET / HTTP/1.${minor}\r\n`;
  const others = [start + section, `GET / HTTP/1.${1 - minor}\r\n${section}`];
  const filler = section.length - "Host:\r\n\r\n".length;
  if (filler >= 0) others.push(`${start}Host:${"h".repeat(filler)}\r\n\r\n`);
  for (let at = 0; at < section.length && section.length <= MAX_NEIGHBOURS; at++) {
    const byte = section[at] === "v" ? "w" : "v";
    others.push(start + section.slice(0, at) + byte + section.slice(at + 1));
  }
  return others;
}

/** Asserts that `text` comes to `expected` also in a head that remembers other fields than these, or the same. */
function assertKnowledgeMakesNoDifference(
  text: string,
  limits: HeadLimits,
  expected: HeadRead | Refusal,
): void {
  const { length } = text;
  for (const other of lookalikes(text)) {
    // Other servers may have had other limits: exchanges are pooled.
    for (const otherLimits of limits === LIMITS ? [LIMITS] : [LIMITS, limits]) {
      if (!isRead(parseInPieces(other, [other.length], otherLimits))) continue;
      const head = headThatKnows(other, otherLimits);
      const of = `in a head that knows ${JSON.stringify(other)}: ${JSON.stringify(text)}`;
      assert.deepEqual(parseInPieces(text, [length], limits, head), expected, of);
      head.reset();
      assert.deepEqual(parseInPieces(text, [length], limits, head), expected, `twice ${of}`);
    }
  }
  // One head, which reads it whole or cut; each time it knows it from the time before.
  const head = headThatKnows(text, limits);
  for (let cut = 0; cut <= length; cut++) {
    assert.deepEqual(
      parseInPieces(text, [cut, length], limits, head),
      expected,
      `comes again, cut at ${cut}`,
    );
    head.reset();
  }
  for (const behind of BEHIND) {
    const all = text + behind;
    assert.deepEqual(
      parseInPieces(all, [all.length], limits, head),
      expected,
      `comes again before ${behind}`,
    );
    head.reset();
  }
}

/** What may follow a head: the next request, a body, an empty line, rubbish. */
const BEHIND = [
  "GET /next HTTP/1.1\r\nHost: b\r\n\r\n",
  "5\r\nhello\r\n",
  "\r\n",
  " folded\r\n",
  "\n",
  "\0\xff",
];

/** Asserts that `text` is one whole head however it comes, and answers what was read. */
export function readHead(text: string, limits: HeadLimits = LIMITS): HeadRead {
  const { length } = text;
  const whole = parseInPieces(text, [length], limits);
  assert.ok(isRead(whole), `${JSON.stringify(whole)}: ${text}`);
  assert.equal(whole.length, length, "the head ends elsewhere");
  assert.deepEqual(parseInPieces(text, everyByte(length), limits), whole, "differs a byte at a time");
  assert.deepEqual(parseInPieces(text, [length], limits, usedHead()), whole, "differs in a used RequestHead");
  for (let cut = 0; cut < length; cut++) {
    assert.deepEqual(parseInPieces(text, [cut, length], limits), whole, `differs cut at ${cut}`);
  }
  for (const behind of BEHIND) {
    const all = text + behind;
    assert.deepEqual(parseInPieces(all, [all.length], limits), whole, `differs before ${behind}`);
    assert.deepEqual(parseInPieces(all, [length - 1, all.length], limits), whole, `differs before ${behind}`);
    assert.deepEqual(parseInPieces(all, everyByte(all.length), limits), whole, `differs before ${behind}`);
  }
  assertKnowledgeMakesNoDifference(text, limits, whole);
  return whole;
}

/** Asserts that `text`, which ends at the end of a line, is refused however it comes. */
export function assertHeadRefused(
  text: string,
  code: ProtocolErrorCode,
  status: number,
  limits: HeadLimits = LIMITS,
): void {
  const refusal: Refusal = { code, status };
  const { length } = text;
  const of = JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
  assert.deepEqual(parseInPieces(text, [length], limits), refusal, of);
  assert.deepEqual(parseInPieces(text, everyByte(length), limits), refusal, `a byte at a time: ${of}`);
  assert.deepEqual(parseInPieces(text, [length], limits, usedHead()), refusal, `used RequestHead: ${of}`);
  for (let cut = 0; cut < length; cut++) {
    assert.deepEqual(parseInPieces(text, [cut, length], limits), refusal, `cut at ${cut}: ${of}`);
  }
  for (const behind of BEHIND) {
    const all = text + behind;
    assert.deepEqual(parseInPieces(all, [all.length], limits), refusal, `before ${behind}: ${of}`);
    assert.deepEqual(parseInPieces(all, everyByte(all.length), limits), refusal, `before ${behind}: ${of}`);
  }
  assertKnowledgeMakesNoDifference(text, limits, refusal);
}

/** Asserts that `text` is the beginning of something that can become a head, however it comes. */
export function assertHeadIncomplete(text: string, limits: HeadLimits = LIMITS): void {
  for (let cut = 0; cut <= text.length; cut++) {
    assert.equal(parseInPieces(text, [cut, text.length], limits), NEED_MORE);
  }
  assert.equal(parseInPieces(text, everyByte(text.length), limits), NEED_MORE);
}

/**
 * `bytes`, seen through a counter of how often each is read. Only for code that reads by index: a library function
 * does not take it.
 */
export function countReads(bytes: Uint8Array, reads: Uint32Array): Uint8Array {
  return new Proxy(bytes, {
    get(target, key) {
      const index = typeof key === "string" ? Number(key) : NaN;
      if (Number.isInteger(index)) reads[index]++;
      return Reflect.get(target, key, target);
    },
  });
}

// Chunked bodies.

/** What a chunked body tells. */
export interface BodyRead {
  readonly body: string;
  readonly trailers: [string, string][];
  /** Bytes that belonged to it. */
  readonly length: number;
  readonly done: boolean;
}

/** Limits of a trailer section. */
export interface TrailerLimits {
  readonly maxTrailerBytes?: number;
  readonly maxTrailers?: number;
}

/** Feeds `text` in pieces that end at `cuts`; each comes once, as far as the decoder did not take it before. */
export function decodeInPieces(
  text: string,
  cuts: readonly number[],
  { maxTrailerBytes = 16_384, maxTrailers = 100 }: TrailerLimits = {},
  wantsMore: () => boolean = () => true,
): BodyRead | Refusal {
  const decoder = new ChunkedDecoder(maxTrailerBytes, maxTrailers);
  let body = "";
  const sink: BodySink = {
    push(bytes, start, end) {
      assert.ok(start < end, "an empty slice came");
      body += textOf(bytes, start, end);
      return wantsMore();
    },
  };
  const source = bytesOf(text);
  let taken = 0;
  for (const cut of cuts) {
    while (taken < cut && !decoder.done) {
      const { bytes, start, end } = lay(source, taken, cut);
      const stop = orRefusal(() => decoder.decode(bytes, start, end, sink));
      if (typeof stop !== "number") return stop;
      assert.ok(stop > start && stop <= end);
      taken += stop - start;
      bytes.fill(0xff);
    }
  }
  const { done, trailers } = decoder;
  return { body, trailers: done ? [...trailers] : [], length: taken, done };
}

/** Asserts that `text` is one whole chunked body however it comes, and answers what was read. */
export function decodeBody(text: string, limits: TrailerLimits = {}): BodyRead {
  const { length } = text;
  const whole = decodeInPieces(text, [length], limits);
  assert.ok("body" in whole, `${JSON.stringify(whole)}: ${text}`);
  assert.ok(whole.done, `incomplete: ${text}`);
  assert.equal(whole.length, length, "the body ends elsewhere");
  assert.deepEqual(decodeInPieces(text, everyByte(length), limits), whole, "differs a byte at a time");
  for (let cut = 1; cut < length; cut++) {
    assert.deepEqual(decodeInPieces(text, [cut, length], limits), whole, `differs cut at ${cut}`);
  }
  assert.deepEqual(decodeInPieces(text, [length], limits, () => false), whole, "differs when halted");
  for (const behind of BEHIND) {
    const all = text + behind;
    assert.deepEqual(decodeInPieces(all, [all.length], limits), whole, `differs before ${behind}`);
    assert.deepEqual(decodeInPieces(all, everyByte(all.length), limits), whole, `differs before ${behind}`);
  }
  return whole;
}

/** Asserts that `text` is refused however it comes. */
export function assertBodyRefused(
  text: string,
  code: ProtocolErrorCode,
  status: number,
  limits: TrailerLimits = {},
): void {
  const refusal: Refusal = { code, status };
  const { length } = text;
  const of = JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
  assert.deepEqual(decodeInPieces(text, [length], limits), refusal, of);
  assert.deepEqual(decodeInPieces(text, everyByte(length), limits), refusal, `a byte at a time: ${of}`);
  assert.deepEqual(decodeInPieces(text, [length], limits, () => false), refusal, `when halted: ${of}`);
  for (let cut = 1; cut < length; cut++) {
    assert.deepEqual(decodeInPieces(text, [cut, length], limits), refusal, `cut at ${cut}: ${of}`);
  }
  for (const behind of BEHIND) {
    const all = text + behind;
    assert.deepEqual(decodeInPieces(all, [all.length], limits), refusal, `before ${behind}: ${of}`);
  }
}
