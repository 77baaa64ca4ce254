/**
 * RequestHead: what it reads of generated, mutated and random heads, alone and in sequence, and that no
 * split makes a difference.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RequestHead } from "../../src/http1/request_head.ts";
import { NEED_MORE } from "../../src/wire/bytes.ts";
import { cutsFrom, everyByte, headThatKnows, LIMITS, parseInPieces, type Refusal } from "../wire/helpers.ts";
import { UNLIMITED } from "./heads.ts";

const DIGITS_AND_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const TCHARS = "!#$%&'*+-.^_`|~" + DIGITS_AND_LETTERS;

function charsBetween(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, i) => String.fromCharCode(first + i));
}

function textFrom(chars: readonly string[], minLength: number, maxLength: number): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...chars), minLength, maxLength });
}

const token = textFrom([...TCHARS], 1, 12);
const vchar = [...charsBetween(0x21, 0x7e), ...charsBetween(0x80, 0xff)];
const value = textFrom([...vchar, " ", "\t"], 0, 30).map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ""));
const blanks = textFrom([" ", "\t"], 0, 3);
const DECIDING = ["host", "expect", "connection", "content-length", "transfer-encoding"];
const field = fc.record({
  name: token.filter((name) => !DECIDING.includes(name.toLowerCase())),
  value,
  before: blanks,
  after: blanks,
});
const validRequest = fc.record({
  method: token.filter((method) => method !== "CONNECT"),
  target: textFrom(charsBetween(0x21, 0x7e).filter((char) => char !== "#"), 0, 40).map((rest) => `/${rest}`),
  minor: fc.constantFrom(0, 1),
  fields: fc.array(field, { maxLength: 40 }),
  hostAt: fc.nat(40),
  emptyLines: fc.nat(4),
});

/** What `validRequest` generated, as fields and as text. */
function render(from: typeof validRequest extends fc.Arbitrary<infer T> ? T : never) {
  const lines = [...from.fields];
  lines.splice(from.hostAt, 0, { name: "HOST", value: "a.example:80", before: " ", after: "" });
  const start = `${from.method} ${from.target} HTTP/1.${from.minor}`;
  const section = lines.map(({ name, value, before, after }) => `${name}:${before}${value}${after}`);
  return { lines, text: "\r\n".repeat(from.emptyLines) + [start, ...section, "", ""].join("\r\n") };
}

const anyCuts = fc.array(fc.nat(5000), { maxLength: 8 });

test("RequestHead.parse() reads from a generated head what generated it, however it is split", () => {
  fc.assert(fc.property(validRequest, anyCuts, (generated, places) => {
    const { lines, text } = render(generated);
    const expected = {
      method: generated.method,
      target: generated.target,
      minor: generated.minor,
      fields: lines.map(({ name, value }): [string, string] => [name.toLowerCase(), value]),
      connection: 0,
      framing: 0,
      expectsContinue: false,
      length: text.length,
    };
    assert.deepEqual(parseInPieces(text, cutsFrom(places, text.length)), expected);
    assert.deepEqual(parseInPieces(text + "GET /", [...cutsFrom(places, text.length)]), expected);
    assert.deepEqual(parseInPieces(text, everyByte(text.length)), expected);
  }));
});

/**
 * Asserts that pieces make no difference. Only a fault in a line that has not ended may be seen later: a line that
 * came in part is looked at again when its end is here.
 */
function assertSplitMakesNoDifference(text: string, places: readonly number[]): void {
  const whole = parseInPieces(text, [text.length]);
  for (const cuts of [cutsFrom(places, text.length), everyByte(text.length)]) {
    const split = parseInPieces(text, cuts);
    if (split === NEED_MORE && typeof whole === "object" && "code" in whole) continue;
    assert.deepEqual(split, whole);
  }
}

const BASES = [
  "POST /path?q HTTP/1.1\r\nHost: a.example:80\r\nContent-Length: 5\r\nConnection: keep-alive, close\r\n\r\nhello",
  "PUT http://[::1]:80/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: a\r\nExpect: 100-continue\r\n\r\n0\r\n\r\n",
  "\r\nCONNECT a.example:443 HTTP/1.0\r\nHost: a.example\r\nX-Latin1:\t\xe9 \r\nContent-Length: 1, 1\r\n\r\n",
];
const mutation = fc.record({
  at: fc.nat(200),
  remove: fc.nat(3),
  insert: textFrom([...'\0\t\n\r "#%*+,-./0159:;@AHTP[]_aehkx\x7f\x80\xff'], 0, 3),
});

test("RequestHead.parse() refuses a mutated head with a ProtocolError, or reads it, however it is split", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...BASES),
      fc.array(mutation, { maxLength: 4 }),
      anyCuts,
      (base, mutations, places) => {
        let text = base;
        for (const { at, remove, insert } of mutations) {
          text = text.slice(0, at) + insert +
            text.slice(at + remove);
        }
        assertSplitMakesNoDifference(text, places);
      },
    ),
    { numRuns: 500 },
  );
});

test("RequestHead.parse() answers random bytes with a number or a ProtocolError", () => {
  const anyBytes = fc.uint8Array({ maxLength: 300 });
  const limits = { maxHeaderBytes: 200, maxHeaders: 3, maxTargetBytes: 30 };
  fc.assert(
    fc.property(anyBytes, fc.boolean(), (bytes, plausible) => {
      const text = (plausible ? "GET / HTTP/1.1\r\n" : "") + String.fromCharCode(...bytes);
      const outcomes = [[text.length], everyByte(text.length)].map((cuts) =>
        parseInPieces(text, cuts, limits)
      );
      for (const outcome of outcomes) {
        const known = outcome === NEED_MORE || "method" in outcome || isError((outcome as Refusal).status);
        assert.ok(known, JSON.stringify(outcome));
      }
    }),
    { numRuns: 500 },
  );
});

/** Heads whose fields are alike, that of which each decides something, and what is no head at all. */
const ALIKE = [
  "POST /a HTTP/1.1\r\nHost: a.example\r\nContent-Length: 15\r\nExpect: 100-continue\r\n\r\n",
  "POST /b/c HTTP/1.1\r\nHost: a.example\r\nContent-Length: 51\r\nExpect: 100-continue\r\n\r\n",
  "\r\nGET /d HTTP/1.1\r\nHost: a.example\r\nContent-Length: 15\r\nAccept: 100-continue\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: keep-alive\r\nX-1: y\r\nX-2: z\r\n\r\n",
  "GET / HTTP/1.1\r\n\r\n",
];
const likeness = fc.record({
  from: fc.nat(ALIKE.length - 1),
  minor: fc.constantFrom("0", "1", "1", "2"),
  /** One byte that is another. */
  edit: fc.option(fc.record({
    at: fc.nat(120),
    byte: fc.constantFrom(..."aAhHxX0159:,; \t\r\n\0\x7f\xff"),
  })),
});
const coming = fc.record({
  which: fc.nat(3),
  times: fc.integer({ min: 1, max: 4 }),
  /** The version of this time. */
  version: fc.constantFrom("", "HTTP/1.0", "HTTP/1.1"),
  places: fc.array(fc.nat(200), { maxLength: 2 }),
  /** How many bytes of it come, where the client goes away in the middle. */
  breaksOff: fc.option(fc.nat(150), { freq: 5 }),
  limits: fc.constantFrom(
    LIMITS,
    LIMITS,
    UNLIMITED,
    { ...LIMITS, maxHeaders: 2 },
    { ...LIMITS, maxHeaderBytes: 70 },
  ),
});

/** What `likeness` generated, as a text. */
function renderLikeness({ from, minor, edit }: typeof likeness extends fc.Arbitrary<infer T> ? T : never) {
  const text = ALIKE[from].replace(/HTTP\/1\.\d/, `HTTP/1.${minor}`);
  if (edit === null) return text;
  const at = edit.at % text.length;
  return text.slice(0, at) + edit.byte + text.slice(at + 1);
}

test("RequestHead.parse() reads each head of a sequence as if it were the first", () => {
  fc.assert(
    fc.property(
      fc.array(likeness, { minLength: 1, maxLength: 4 }),
      fc.array(coming, { minLength: 1, maxLength: 8 }),
      (likenesses, sequence) => {
        const texts = likenesses.map(renderLikeness);
        const head = new RequestHead();
        for (const { which, times, version, places, breaksOff, limits } of sequence) {
          const text = texts[which % texts.length].replace(/HTTP\/1\.\d/, version || "$&");
          const cuts = breaksOff === null
            ? cutsFrom(places, text.length)
            : cutsFrom(places, breaksOff % text.length);
          for (let time = 1; time <= times; time++) {
            const outcome = parseInPieces(text, cuts, limits, head);
            assert.deepEqual(outcome, parseInPieces(text, cuts, limits), `at time ${time}`);
            head.expectsContinue = false;
            head.reset();
          }
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test("RequestHead.parse() takes no mutation of a head that it knows for that head", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...BASES, ...ALIKE),
      fc.array(mutation, { minLength: 1, maxLength: 3 }),
      anyCuts,
      (base, mutations, places) => {
        let text = base;
        for (const { at, remove, insert } of mutations) {
          text = text.slice(0, at) + insert + text.slice(at + remove);
        }
        for (const cuts of [[text.length], cutsFrom(places, text.length)]) {
          const expected = parseInPieces(text, cuts);
          assert.deepEqual(parseInPieces(text, cuts, LIMITS, headThatKnows(base)), expected);
        }
      },
    ),
    { numRuns: 500 },
  );
});

function isError(status: number): boolean {
  return [400, 413, 414, 417, 431, 501, 505].includes(status);
}
