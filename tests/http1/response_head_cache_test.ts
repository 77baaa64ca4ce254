/** ResponseHeadCache: what it writes is what was said, however often it was said before and whatever was said in between. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Fields } from "../../src/api/exchange.ts";
import { ByteWriter } from "../../src/wire/byte_writer.ts";
import { linesOf, releaseLines } from "../../src/wire/field_lines.ts";
import { LENGTH_NOT_GIVEN, ReservedFields, writeFields } from "../../src/http1/response_head.ts";
import { ResponseHeadCache } from "../../src/http1/response_head_cache.ts";
import { statusLine } from "../../src/http1/status_line.ts";
import { textOf } from "../wire/helpers.ts";

/** What is written of a head, and what is noted; or what it throws. */
interface Outcome {
  readonly text: string;
  readonly notes: { readonly contentLength: number; readonly date: boolean; readonly close: boolean } | null;
  readonly error?: string;
}

/** What a head comes to where nothing is remembered. */
function plainly(status: number, fields: Fields | undefined): Outcome {
  const out = new ByteWriter(16);
  const notes = new ReservedFields();
  return outcome(out, () => {
    out.copy(statusLine(status));
    if (fields !== undefined) writeFields(out, fields, notes);
    return notes;
  });
}

/** Says it as a response does. */
function write(
  said: ResponseHeadCache,
  out: ByteWriter,
  status: number,
  fields: Fields | undefined,
): ReservedFields {
  const lines = linesOf(fields);
  const notes = said.write(out, status, lines);
  releaseLines(lines);
  return notes;
}

/** As a response does it: takes back what was written where it throws. */
function outcome(out: ByteWriter, write: () => ReservedFields): Outcome {
  const mark = out.length;
  try {
    const notes = write();
    return { text: textOf(out.bytes, mark, out.length), notes: { ...notes } };
  } catch (error) {
    assert.ok(error instanceof TypeError, String(error));
    out.length = mark;
    return { text: "", notes: null, error: error.message };
  }
}

/** One `ResponseHeadCache`, whose writer is used again each time: what was written before is overwritten. */
class Speaker {
  readonly said = new ResponseHeadCache();
  readonly out = new ByteWriter(0);

  say(status: number, fields?: Fields): Outcome {
    const { out } = this;
    out.bytes.fill(0xff);
    out.length = 0;
    out.latin1("before");
    const result = outcome(out, () => write(this.said, out, status, fields));
    assert.equal(textOf(out.bytes, 0, 6), "before");
    return result;
  }

  /** Says it, and asserts that it is what it is where nothing is remembered. */
  check(status: number, fields?: Fields): void {
    assert.deepEqual(this.say(status, fields), plainly(status, fields), JSON.stringify([status, fields]));
  }
}

/** A writer that tells how it was written: a head that is kept comes in one piece. */
class ObservedWriter extends ByteWriter {
  readonly pieces: number[] = [];

  override copy(source: Uint8Array): void {
    this.pieces.push(source.length);
    super.copy(source);
  }
}

/** Whether `said` has this head ready. */
function isKept(said: ResponseHeadCache, status: number, fields: Fields): boolean {
  const out = new ObservedWriter(4096);
  write(said, out, status, fields);
  assert.equal(textOf(out.bytes, 0, out.length), plainly(status, fields).text);
  return out.pieces[0] === out.length;
}

const PAGE = { "content-type": "text/html", etag: '"1"', "set-cookie": ["a=1", "b=2"], vary: "accept" };

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
  const said = new ResponseHeadCache();
  assert.deepEqual([1, 2, 3, 4].map(() => isKept(said, 200, PAGE)), [false, false, true, true]);
});

test("ResponseHeadCache.write() keeps nothing that was said again only after something else", () => {
  const said = new ResponseHeadCache();
  for (let i = 0; i < 5; i++) {
    assert.equal(isKept(said, 200, PAGE), false);
    assert.equal(isKept(said, 404, PAGE), false);
    assert.equal(isKept(said, 404, { ...PAGE, etag: `"new ${i}"` }), false);
  }
});

test("ResponseHeadCache.write() has kept heads ready whatever was said in between, until others take their place", () => {
  const said = new ResponseHeadCache();
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
    const said = new ResponseHeadCache();
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

// What throws.

const BAD: readonly Fields[] = [
  { a: "1", b: "2\r\nc: 3" },
  { a: "1", b: "\0" },
  { a: "1", b: "\u0100" },
  { a: "1", "b c": "2" },
  { a: "1", "": "2" },
  { a: "1", "content-length": "x" },
  { connection: "close", date: "now", "content-length": 5, b: "\n" },
];

test("ResponseHeadCache.write() throws on what cannot travel, however often it is said", () => {
  for (const fields of BAD) {
    const speaker = new Speaker();
    for (let i = 0; i < 5; i++) {
      assert.equal(speaker.say(200, fields).notes, null);
      speaker.check(200, fields);
    }
  }
});

test("ResponseHeadCache.write() remembers nothing of what threw, and what was said before still", () => {
  const good = { a: "1", b: "2" };
  for (const fields of BAD) {
    for (const before of [0, 1, 2, 3]) {
      const speaker = new Speaker();
      for (let i = 0; i < before; i++) speaker.check(200, good);
      for (let round = 0; round < 4; round++) {
        speaker.check(200, fields);
        speaker.check(200, good);
      }
      speaker.check(200, fields);
      for (let i = 0; i < 3; i++) speaker.check(200, { a: "1" });
      for (let i = 0; i < 3; i++) speaker.check(200, {});
    }
  }
});

test("ResponseHeadCache.write() takes what threw in between for something else", () => {
  const said = new ResponseHeadCache();
  write(said, new ByteWriter(0), 200, PAGE);
  assert.throws(() => write(said, new ByteWriter(0), 200, { b: "\n" }), TypeError);
  assert.deepEqual([1, 2, 3].map(() => isKept(said, 200, PAGE)), [false, false, true]);
});

test("ResponseHeadCache.write() lets through what the fields throw, and remembers nothing of it", () => {
  const speaker = new Speaker();
  const pairs = function* (): Generator<[string, string]> {
    yield ["a", "1"];
    throw new TypeError("from the iterable");
  };
  for (let i = 0; i < 4; i++) {
    assert.equal(speaker.say(200, pairs()).error, "from the iterable");
    speaker.check(200, { a: "1" });
    assert.equal(speaker.say(200, pairs()).error, "from the iterable");
    speaker.check(200, { a: "1", b: "2" });
  }
});

// Fields that say something themselves while they are read.

/** Fields a and c, and b which comes from `meanwhile`, called while they are read; in every form that allows it. */
function interrupted(meanwhile: () => string): readonly Fields[] {
  const value = { toString: meanwhile } as unknown as string;
  const pairs = function* (): Generator<[string, string]> {
    yield ["a", "1"];
    yield ["b", meanwhile()];
    yield ["content-length", "3"];
  };
  return [
    {
      a: "1",
      get b() {
        return meanwhile();
      },
      "content-length": 3,
    },
    { a: "1", b: value, "content-length": 3 },
    { a: "1", b: [value], "content-length": 3 },
    [["a", "1"], ["b", value], ["content-length", "3"]],
    pairs(),
    { [Symbol.iterator]: pairs },
  ];
}

test("ResponseHeadCache.write() mixes no head with one that is written while its fields are read", () => {
  const expected = {
    text: "HTTP/1.1 200 OK\r\na: 1\r\nb: 2\r\n",
    notes: { contentLength: 3, date: false, close: false },
  };
  const nested: readonly Fields[] = [
    { x: "9", date: "now", connection: "close", "content-length": 7 },
    { a: "1", b: "2", "content-length": 3 },
    { a: "1", b: "2", "content-length": 4 },
    { a: "1" },
    {},
  ];
  for (let form = 0; form < interrupted(String).length; form++) {
    const speaker = new Speaker();
    let calls = 0;
    const meanwhile = (): string => {
      // Another response, in a writer of its own; some of them so often that they are kept.
      const inner = nested[calls % nested.length];
      for (let i = calls++ % 4; i >= 0; i--) {
        const out = new ByteWriter(0);
        const written = outcome(out, () => write(speaker.said, out, 200 + calls % 2, inner));
        assert.deepEqual(written, plainly(200 + calls % 2, inner));
      }
      return "2";
    };
    for (let i = 0; i < 30; i++) {
      assert.deepEqual(speaker.say(200, interrupted(meanwhile)[form]), expected);
      if (i % 3 === 0) speaker.check(200, { a: "1", b: "2" });
    }
    assert.ok(calls >= 30);
  }
});

test("ResponseHeadCache.write() mixes no head with those that are written at any depth while its fields are read", () => {
  const { said } = new Speaker();
  const say = (depth: number, form: number): void => {
    const out = new ByteWriter(0);
    const fields = interrupted(() => {
      if (depth > 0) { for (let i = 0; i < 2; i++) say(depth - 1, (form + i) % 6); }
      return String(depth);
    })[form];
    const { text, notes } = outcome(out, () => write(said, out, 200, fields));
    assert.equal(text, `HTTP/1.1 200 OK\r\na: 1\r\nb: ${depth}\r\n`);
    assert.equal(notes?.contentLength, 3);
  };
  for (let form = 0; form < 6; form++) for (let again = 0; again < 3; again++) say(4, form);
});

test("ResponseHeadCache.write() writes to the same writer one whole head after another, also where one is in the other", () => {
  const { said } = new Speaker();
  for (let form = 0; form < interrupted(String).length; form++) {
    for (let again = 0; again < 5; again++) {
      const out = new ByteWriter(0);
      const fields = interrupted(() => {
        write(said, out, 404, { x: "9" });
        return "2";
      })[form];
      write(said, out, 200, fields);
      assert.equal(
        textOf(out.bytes, 0, out.length),
        "HTTP/1.1 404 Not Found\r\nx: 9\r\nHTTP/1.1 200 OK\r\na: 1\r\nb: 2\r\n",
      );
    }
  }
});

test("ResponseHeadCache.write() mixes nothing where what is written meanwhile throws, or the fields do after it", () => {
  for (let form = 0; form < interrupted(String).length; form++) {
    const speaker = new Speaker();
    const sayBad = (): string => {
      assert.throws(() => write(speaker.said, new ByteWriter(0), 200, { a: "1", x: "\n" }), TypeError);
      return "2";
    };
    const sayAndThrow = (): string => {
      write(speaker.said, new ByteWriter(0), 200, { a: "1", b: "2", "content-length": 3 });
      throw new TypeError("after that");
    };
    for (let i = 0; i < 6; i++) {
      const { text } = speaker.say(200, interrupted(sayBad)[form]);
      assert.equal(text, "HTTP/1.1 200 OK\r\na: 1\r\nb: 2\r\n");
      assert.equal(speaker.say(200, interrupted(sayAndThrow)[form]).error, "after that");
      speaker.check(200, { a: "1", b: "2", "content-length": 4 });
      speaker.check(200, { a: "1", b: "\n" });
    }
  }
});

// Properties.

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
