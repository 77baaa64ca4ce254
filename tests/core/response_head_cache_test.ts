/**
 * ResponseHeadCache: what it writes is what was said, however often it was said before and whatever was said in
 * between.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Fields } from "../../src/api/exchange.ts";
import { ByteWriter } from "../../src/wire/byte_writer.ts";
import { LENGTH_NOT_GIVEN } from "../../src/core/reserved_fields.ts";
import { encodeHead } from "../../src/http1/response_head.ts";
import { ResponseHeadCache } from "../../src/core/response_head_cache.ts";
import { isKept, PAGE, plainly, Speaker, write } from "../support/response_heads.ts";

test("ResponseHeadCache.write() writes the status line and the fields", () => {
  const { text, notes } = new Speaker().say(201, { ...PAGE, "content-length": 5 });
  assert.equal(
    text,
    'HTTP/1.1 201 Created\r\ncontent-type: text/html\r\netag: "1"\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n' +
      "vary: accept\r\n",
  );
  assert.deepEqual(notes, { contentLength: 5, date: false, close: false });
});

test("ResponseHeadCache.write() writes the same each time that it is said", () => {
  for (const fields of [undefined, {}, PAGE, { date: "now", connection: "close", "content-length": "0" }]) {
    for (const status of [200, 204, 299, 404, 999]) {
      const speaker = new Speaker();
      for (let i = 0; i < 6; i++) speaker.check(status, fields);
    }
  }
});

test("ResponseHeadCache.write() keeps what was said twice in a row, and then copies it in one go", () => {
  const said = new ResponseHeadCache(encodeHead);
  assert.deepEqual([1, 2, 3, 4].map(() => isKept(said, 200, PAGE)), [false, false, true, true]);
});

test("ResponseHeadCache.write() keeps nothing that was said again only after something else", () => {
  const said = new ResponseHeadCache(encodeHead);
  for (let i = 0; i < 5; i++) {
    assert.equal(isKept(said, 200, PAGE), false);
    assert.equal(isKept(said, 404, PAGE), false);
    assert.equal(isKept(said, 404, { ...PAGE, etag: `"new ${i}"` }), false);
  }
});

test("ResponseHeadCache.write() has kept heads ready whatever was said in between, until others take their place", () => {
  const said = new ResponseHeadCache(encodeHead);
  const keep = (etag: string): void => {
    for (let i = 0; i < 2; i++) write(said, new ByteWriter(0), 200, { etag });
  };
  keep("a");
  keep("b");
  for (let i = 0; i < 20; i++) {
    assert.equal(isKept(said, 200, { etag: `unique ${i}` }), false);
    assert.equal(isKept(said, 200, { etag: "a" }), true);
    assert.equal(isKept(said, 200, { etag: "b" }), true);
  }
  for (let i = 0; i < 100; i++) keep(`new ${i}`);
  assert.equal(isKept(said, 200, { etag: "a" }), false);
  assert.equal(isKept(said, 200, { etag: "b" }), false);
  assert.equal(isKept(said, 200, { etag: "new 99" }), true);
});

test("ResponseHeadCache.write() keeps heads of up to 1024 bytes", () => {
  const rest = plainly(200, { x: "" }).text.length;
  for (const [length, kept] of [[1000, true], [1024, true], [1025, false], [20_000, false]] as const) {
    const said = new ResponseHeadCache(encodeHead);
    const fields = { x: "v".repeat(length - rest) };
    assert.equal(plainly(200, fields).text.length, length);
    assert.deepEqual([1, 2, 3, 4].map(() => isKept(said, 200, fields)), [false, false, kept, kept]);
  }
});

/** Heads that differ in one thing each, and some in nothing that is written. */
const ALIKE: readonly (readonly [number, Fields | undefined])[] = [
  [200, undefined],
  [200, { a: "1", b: "2" }],
  [201, { a: "1", b: "2" }],
  [200, { a: "1", b: "3" }],
  [200, { a: "2", b: "2" }],
  [200, { a: "1", B: "2" }],
  [200, { a: "1", b: "2 " }],
  [200, { a: "1", b: "" }],
  [200, { a: "1", b: "\xe9" }],
  [200, { b: "2", a: "1" }],
  [200, { a: "1" }],
  [200, { a: "1", b: "2", c: "3" }],
  [200, { a: ["1", "2"] }],
  [200, { a: "1, 2" }],
  [200, { a: "1", b: "2", "content-length": "5" }],
  [200, { a: "1", b: "2", "content-length": 6 }],
  [200, { a: "1", b: "2", "content-length": "06" }],
  [200, { a: "1", b: "2", connection: "close" }],
  [200, { a: "1", b: "2", connection: "keep-alive" }],
  [200, { a: "1", b: "2", Connection: "x, Close" }],
  [200, { a: "1", b: "2", "keep-alive": "timeout=1" }],
  [200, { a: "1", b: "2", "transfer-encoding": "gzip" }],
  [200, { a: "1", b: "2", date: "x" }],
  [200, { a: "1", b: "2", data: "x" }],
  [200, { a: "1", b: "2", DATE: "x", "content-length": 5, connection: "close" }],
];

test("ResponseHeadCache.write() takes no head for another that is like it", () => {
  for (const one of ALIKE) {
    for (const other of ALIKE) {
      const speaker = new Speaker();
      for (const [status, fields] of [one, one, one, other, one, other, other, other, one, other]) {
        speaker.check(status, fields);
      }
    }
  }
});

test("ResponseHeadCache.write() notes what is not written, also where the same is written", () => {
  const speaker = new Speaker();
  const noted = (fields: Fields): unknown => speaker.say(200, fields).notes;
  for (let i = 0; i < 4; i++) {
    for (let again = 0; again < 3; again++) {
      assert.deepEqual(noted({}), { contentLength: LENGTH_NOT_GIVEN, date: false, close: false });
      assert.deepEqual(noted({ "content-length": i }), { contentLength: i, date: false, close: false });
    }
    for (let again = 0; again < 3; again++) {
      assert.deepEqual(noted({ connection: "close" }), {
        contentLength: LENGTH_NOT_GIVEN,
        date: false,
        close: true,
      });
    }
    for (let again = 0; again < 3; again++) {
      const all = { "content-length": 5, date: "x", connection: "close" };
      assert.deepEqual(noted(all), { contentLength: 5, date: true, close: true });
    }
  }
});

test("ResponseHeadCache.write() writes the same for the same lines, in whatever form they are given", () => {
  const speaker = new Speaker();
  const pairs: [string, string][] = [["a", "1"], ["content-length", "7"], ["x", "5"], ["x", "6"]];
  const forms = (): Fields[] => [
    { a: "1", "content-length": 7, none: undefined, x: ["5", "6"] },
    pairs,
    pairs.values(),
    new Set(pairs),
    { a: ["1"], "content-length": "7", x: ["5", "6"], empty: [] },
    { a: 1, "content-length": ["7"], x: [5, 6] } as unknown as Fields,
  ];
  for (let i = 0; i < 4; i++) {
    for (const fields of forms()) {
      assert.deepEqual(speaker.say(200, fields), {
        text: "HTTP/1.1 200 OK\r\na: 1\r\nx: 5\r\nx: 6\r\n",
        notes: { contentLength: 7, date: false, close: false },
      });
    }
  }
});

test("ResponseHeadCache.write() writes Headers, and what was changed in them since", () => {
  const speaker = new Speaker();
  const headers = new Headers({ "x-a": "1", "Content-Length": "3" });
  for (let i = 0; i < 12; i++) {
    if (i % 4 === 0) headers.set("x-a", String(i));
    if (i === 6) headers.append("set-cookie", "a=1");
    if (i === 9) headers.delete("content-length");
    speaker.check(200, headers);
  }
});

test("ResponseHeadCache.write() writes what an object holds now, which the user may change", () => {
  const speaker = new Speaker();
  const fields: Record<string, string | string[]> = { a: "1", b: ["2", "3"] };
  for (let i = 0; i < 5; i++) speaker.check(200, fields);
  fields.a = "2";
  speaker.check(200, fields);
  (fields.b as string[]).push("4");
  for (let i = 0; i < 5; i++) speaker.check(200, fields);
  delete fields.a;
  for (let i = 0; i < 5; i++) speaker.check(200, fields);
});

test("ResponseHeadCache.write() writes many heads in rotation, more than it keeps", () => {
  for (const count of [2, 3, 4, 5, 6, 9]) {
    const speaker = new Speaker();
    const heads = Array.from({ length: count }, (_, i) => ({ etag: `"${i}"`, "content-length": i }));
    for (let round = 0; round < 4; round++) {
      for (const fields of heads) {
        for (let again = 0; again <= round; again++) speaker.check(200 + round, fields);
      }
      for (const fields of heads) speaker.check(200 + round, fields);
    }
  }
});

const name = fc.constantFrom(
  "a",
  "A",
  "b",
  "x-long-name",
  "date",
  "Connection",
  "content-length",
  "keep-alive",
  "",
);

const value = fc.constantFrom("1", "2", "11", "", "close", "5", "\xe9", "\n");
const lines = fc.array(fc.tuple(name, value), { maxLength: 4 });
const form = fc.constantFrom("object", "pairs", "iterable", "Headers", "undefined");
const head = fc.record({ status: fc.constantFrom(200, 200, 201, 404, 599), lines, form });

/** `lines` in this form, as far as it can hold them. */
function inForm({ lines, form }: { lines: [string, string][]; form: string }): Fields | undefined {
  if (form === "undefined") return undefined;
  if (form === "pairs") return lines;
  if (form === "iterable") return lines.values();
  if (form === "Headers") {
    const headers = new Headers();
    for (const [name, value] of lines) {
      if (name !== "" && !/[\n\xe9]/.test(value)) headers.append(name, value);
    }
    return headers;
  }
  const object: Record<string, string[]> = {};
  for (const [name, value] of lines) (object[name] ??= []).push(value);
  return object;
}

test("ResponseHeadCache.write() writes of any sequence what it writes of each head alone", () => {
  const turn = fc.record({ which: fc.nat(9), times: fc.integer({ min: 1, max: 3 }) });
  fc.assert(
    fc.property(
      fc.array(head, { minLength: 1, maxLength: 8 }),
      fc.array(turn, { minLength: 1, maxLength: 20 }),
      (heads, turns) => {
        const speaker = new Speaker();
        for (const { which, times } of turns) {
          const said = heads[which % heads.length];
          const expected = plainly(said.status, inForm(said));
          for (let i = 0; i < times; i++) assert.deepEqual(speaker.say(said.status, inForm(said)), expected);
        }
      },
    ),
    { numRuns: 500 },
  );
});
