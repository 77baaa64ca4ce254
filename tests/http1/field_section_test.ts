/** FieldSection: which sections it knows again, what holds of them then, and that it takes none for another. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FieldSection } from "../../src/http1/field_section.ts";
import { NEED_MORE } from "../../src/wire/bytes.ts";
import { CHUNKED } from "../../src/http1/framing.ts";
import { CLOSE, KEEP_ALIVE } from "../../src/http1/connection_options.ts";
import { assertRefuses, bytesOf, countReads, lay, orRefusal } from "../wire/helpers.ts";

const START_LINE = "GET / HTTP/1.1\r\n";
const HOST = "Host: a.example";

function lines(...given: string[]): string {
  return [...given, "", ""].join("\r\n");
}

/** All that a section tells. */
interface SectionRead {
  readonly fields: [string, string][];
  readonly connection: number;
  readonly framing: number;
  readonly expectsContinue: boolean;
  readonly length: number;
}

/** Lays `text` behind a start line, as sections lie, and overwrites it after `use`, as a transport does. */
function inHead<T>(text: string, use: (bytes: Uint8Array, start: number, end: number) => T): T {
  const { bytes, start, end } = lay(bytesOf(START_LINE + text));
  const result = use(bytes, start + START_LINE.length, end);
  bytes.fill(0xff);
  return result;
}

/** Reads the section at `start` line by line, as a head does that does not know it; answers its length. */
function readLines(
  section: FieldSection,
  bytes: Uint8Array,
  start: number,
  end: number,
  minor: number,
  maxLines = 0,
): number {
  section.begin(bytes, start, minor);
  let at = start;
  for (;;) {
    const next = section.readLine(bytes, at, end, maxLines);
    assert.notEqual(next, NEED_MORE, "the section is not whole");
    if (next === at) break;
    at = next;
  }
  section.complete(bytes, start, at + 2);
  return at + 2 - start;
}

function readAnew(section: FieldSection, text: string, minor = 1, maxLines = 0): SectionRead {
  return inHead(text, (bytes, start, end) => {
    return snapshot(section, readLines(section, bytes, start, end, minor, maxLines));
  });
}

/** What a section tells that was never read before. */
function readFresh(text: string, minor = 1, maxLines = 0): SectionRead {
  return readAnew(new FieldSection(), text, minor, maxLines);
}

function recallLength(section: FieldSection, text: string, minor = 1, maxLines = 0): number {
  return inHead(text, (bytes, start, end) => section.matchCached(bytes, start, end, minor, maxLines));
}

/** What `text` is recalled as, or `null`. */
function recalled(section: FieldSection, text: string, minor = 1, maxLines = 0): SectionRead | null {
  return inHead(text, (bytes, start, end) => {
    const length = section.matchCached(bytes, start, end, minor, maxLines);
    return length === 0 ? null : snapshot(section, length);
  });
}

function snapshot(section: FieldSection, length: number): SectionRead {
  const { fields, connection, framing, expectsContinue } = section;
  return { fields: [...fields], connection, framing, expectsContinue, length };
}

/** A section that has read `text` twice in a row. */
function knowing(text: string, minor = 1): FieldSection {
  const section = new FieldSection();
  for (let i = 0; i < 2; i++) readAnew(section, text, minor);
  return section;
}

const EVERYTHING = lines(
  "X-Before: 1",
  HOST,
  "Connection: keep-alive, Close",
  "Content-Length: 12",
  "Expect: 100-continue",
  "Cookie: a=1",
  "cookie: b=2",
  "X-Empty:",
);

test("FieldSection.matchCached() knows a section from the third time in a row on", () => {
  const section = new FieldSection();
  for (let time = 1; time <= 2; time++) {
    assert.equal(recallLength(section, EVERYTHING), 0, `time ${time}`);
    readAnew(section, EVERYTHING);
  }
  for (let time = 3; time <= 6; time++) {
    assert.equal(recallLength(section, EVERYTHING), EVERYTHING.length, `time ${time}`);
  }
});

test("FieldSection.matchCached() says what was read of the section", () => {
  for (
    const [text, minor] of [
      [EVERYTHING, 1],
      [lines(HOST), 1],
      [lines("Transfer-Encoding: chunked", HOST), 1],
      [lines(HOST, "Connection: close"), 0],
      [lines("Expect: 100-continue"), 0],
      [lines("X: y"), 0],
      ["\r\n", 0],
    ] as const
  ) {
    const section = knowing(text, minor);
    for (let i = 0; i < 3; i++) assert.deepEqual(recalled(section, text, minor), readFresh(text, minor));
  }
  const { connection, framing, expectsContinue } = readFresh(EVERYTHING);
  assert.deepEqual([connection, framing, expectsContinue], [KEEP_ALIVE | CLOSE, 12, true]);
  assert.equal(readFresh(lines(HOST, "Transfer-Encoding: chunked")).framing, CHUNKED);
});

test("FieldSection.matchCached() points the fields at the bytes of this section", () => {
  const section = knowing(EVERYTHING);
  const memory = bytesOf(`....${START_LINE}${EVERYTHING}`);
  const start = 4 + START_LINE.length;
  assert.equal(section.matchCached(memory, start, memory.length, 1, 0), EVERYTHING.length);
  assert.equal(section.fields.bytes, memory);
  assert.equal(section.fields.get("cookie"), "a=1; b=2");
  memory[memory.lastIndexOf(0x32)] = 0x33; // that they are equal is all that was asked
  assert.equal(section.fields.get("cookie"), "a=1; b=3");
});

test("FieldSection.matchCached() takes no section for it in which one byte differs", () => {
  const section = knowing(EVERYTHING);
  for (let at = 0; at < EVERYTHING.length; at++) {
    const code = EVERYTHING.charCodeAt(at);
    for (const other of [code ^ 0x20, code ^ 1, code | 0x80, 0, 0x0a, 0x0d]) {
      if (other === code) continue;
      const text = EVERYTHING.slice(0, at) + String.fromCharCode(other) + EVERYTHING.slice(at + 1);
      assert.equal(recallLength(section, text), 0, `byte ${at} is ${other}`);
    }
  }
  assert.equal(recallLength(section, EVERYTHING), EVERYTHING.length, "a look changes nothing");
});

test("FieldSection.matchCached() takes no section for it that is longer, shorter, or in another order", () => {
  const section = knowing(lines(HOST, "A: 1", "B: 2"));
  for (
    const text of [
      lines(HOST, "A: 1"),
      lines(HOST, "A: 1", "B: 2", "C: 3"),
      lines(HOST, "A: 1", "B: 22"),
      lines(HOST, "A: 1", "B: "),
      lines(HOST, "B: 2", "A: 1"),
      lines("A: 1", HOST, "B: 2"),
      lines(HOST, "A: 1", "B:2 "),
      lines(HOST, "a: 1", "B: 2"),
      lines(HOST, "A: 1\r\n", "B: 2").slice(0, -2),
    ]
  ) {
    assert.equal(recallLength(section, text), 0, text);
  }
});

test("FieldSection.matchCached() asks for the whole section before the end of the bytes", () => {
  const section = knowing(EVERYTHING);
  const memory = bytesOf(START_LINE + EVERYTHING + "GET /");
  const start = START_LINE.length;
  // What lies behind the end came before this, and may be anything: here it is what would complete it.
  for (let end = start; end < start + EVERYTHING.length; end++) {
    assert.equal(section.matchCached(memory, start, end, 1, 0), 0, `${end - start} bytes`);
  }
  for (let end = start + EVERYTHING.length; end <= memory.length; end++) {
    assert.equal(section.matchCached(memory, start, end, 1, 0), EVERYTHING.length);
  }
  assert.equal(section.matchCached(bytesOf(START_LINE), start, start, 1, 0), 0);
});

test("FieldSection.matchCached() knows a section whatever comes behind it", () => {
  const section = knowing(EVERYTHING);
  for (const behind of ["\r\n", "\n", "X: y\r\n\r\n", START_LINE + EVERYTHING, "\0"]) {
    assert.equal(recallLength(section, EVERYTHING + behind), EVERYTHING.length);
  }
});

test("FieldSection.matchCached() knows a section in requests of the same version alone", () => {
  for (const text of [lines(HOST), lines(HOST, "Expect: 100-continue"), lines(HOST, "Content-Length: 1")]) {
    for (const minor of [0, 1]) {
      const section = knowing(text, minor);
      assert.equal(recallLength(section, text, 1 - minor), 0);
      assert.equal(recallLength(section, text, minor), text.length);
      readAnew(section, text, 1 - minor);
      assert.deepEqual(recalled(section, text, 1 - minor), readFresh(text, 1 - minor));
      assert.equal(recallLength(section, text, minor), 0);
    }
  }
});

test("FieldSection.matchCached() knows no section with more lines than are allowed now", () => {
  const text = lines(HOST, "A: 1", "B: 2");
  const section = knowing(text);
  for (const [maxLines, length] of [[1, 0], [2, 0], [3, text.length], [4, text.length], [0, text.length]]) {
    assert.equal(recallLength(section, text, 1, maxLines), length, `${maxLines} lines`);
  }
  assertRefuses(() => readAnew(section, text, 1, 2), "too_many_fields", 431);
  assert.equal(recallLength(section, text), 0, "it was begun anew");
});

test("FieldSection.matchCached() forgets what was remembered once another section begins", () => {
  const text = lines(HOST, "X: y");
  for (const other of [text, lines(HOST, "X: z"), lines(HOST), lines(HOST, "Content-Length: 5, 6"), ""]) {
    const section = knowing(text);
    inHead(other, (bytes, start, end) => {
      section.begin(bytes, start, 1);
      if (other !== "") orRefusal(() => section.readLine(bytes, start, end, 0));
    });
    assert.equal(recallLength(section, text), 0, `after the first line of ${other}`);
  }
});

test("FieldSection.matchCached() never knows a section that was refused", () => {
  for (
    const [text, minor] of [
      [lines("X: y"), 1],
      [lines(HOST, HOST), 1],
      [lines(HOST, HOST), 0],
      [lines("Transfer-Encoding: chunked"), 0],
      [lines(HOST, "Content-Length: 1", "Transfer-Encoding: chunked"), 1],
      [lines(HOST, "Content-Length: x"), 1],
      [lines(HOST, "X : y"), 1],
      [lines(HOST, "Expect: x"), 1],
    ] as const
  ) {
    const section = new FieldSection();
    const refusal = orRefusal(() => readFresh(text, minor));
    assert.ok("code" in refusal, `accepted: ${text}`);
    for (let i = 0; i < 4; i++) {
      assert.equal(recallLength(section, text, minor), 0);
      assert.deepEqual(orRefusal(() => readAnew(section, text, minor)), refusal);
    }
  }
});

test("FieldSection.matchCached() knows neither of two sections between which a refused one came", () => {
  const text = lines(HOST, "Content-Length: 5");
  const section = knowing(text);
  orRefusal(() => readAnew(section, lines(HOST, "Content-Length: x")));
  assert.equal(recallLength(section, text), 0);
  readAnew(section, text);
  assert.deepEqual(recalled(section, text), readFresh(text));
});

test("FieldSection.matchCached() knows the last of several sections of one length", () => {
  const texts = ["10", "11", "21", "12"].map((length) => lines(HOST, `Content-Length: ${length}`));
  const section = new FieldSection();
  readAnew(section, texts[3]);
  for (const text of [...texts, ...texts.reverse()]) {
    readAnew(section, text);
    for (const other of texts) {
      assert.deepEqual(recalled(section, other), other === text ? readFresh(text) : null);
    }
  }
});

test("FieldSection.matchCached() knows sections of up to 2048 bytes", () => {
  const ofLength = (length: number): string => {
    const text = lines(HOST, "X: ");
    return text.replace("X: ", `X: ${"v".repeat(length - text.length)}`);
  };
  for (const [length, known] of [[100, true], [2048, true], [2049, false], [10_000, false]] as const) {
    const text = ofLength(length);
    assert.equal(text.length, length);
    const section = knowing(text);
    for (let i = 0; i < 2; i++) {
      assert.equal(recallLength(section, text), known ? length : 0);
      readAnew(section, text);
    }
  }
});

test("FieldSection.matchCached() knows a section after longer and shorter ones, and not their rest", () => {
  const section = new FieldSection();
  const texts = [5, 500, 50, 3000, 5, 500].map((length) =>
    lines(HOST, `X: ${"v".repeat(length)}`, "Z: " + length)
  );
  for (const text of texts) {
    for (let i = 0; i < 2; i++) {
      assert.equal(recallLength(section, text), 0);
      readAnew(section, text);
    }
    if (text.length <= 2048) assert.deepEqual(recalled(section, text), readFresh(text));
    for (const other of texts) if (other !== text) assert.equal(recallLength(section, other), 0);
  }
});

test("FieldSection.matchCached() reads no byte outside of the section but the one before it, and each once or twice", () => {
  const section = knowing(EVERYTHING);
  const memory = bytesOf(START_LINE + EVERYTHING + "\r\n\r\n");
  const reads = new Uint32Array(memory.length);
  const start = START_LINE.length;
  assert.equal(
    section.matchCached(countReads(memory, reads), start, memory.length, 1, 0),
    EVERYTHING.length,
  );
  assert.ok(reads.subarray(0, start - 1).every((count) => count === 0));
  assert.ok(reads.subarray(start, start + EVERYTHING.length).every((count) => count === 1 || count === 2));
  assert.ok(reads.subarray(start + EVERYTHING.length).every((count) => count === 0));
});

test("FieldSection.matchCached() keeps its own copy of what it remembers", () => {
  const memory = bytesOf(START_LINE + EVERYTHING);
  const start = START_LINE.length;
  const section = new FieldSection();
  for (let i = 0; i < 2; i++) readLines(section, memory, start, memory.length, 1);
  // In the same memory other fields come next, as long as these.
  const other = EVERYTHING.replace("a=1", "a=2");
  memory.set(bytesOf(other), start);
  assert.equal(section.matchCached(memory, start, memory.length, 1, 0), 0);
  assert.equal(recallLength(section, EVERYTHING), EVERYTHING.length);
});

// Properties.

/** Sections that differ in a byte, in a line, or in nothing but the version of their request. */
const BASES = [
  lines(HOST, "Content-Length: 15", "Expect: 100-continue"),
  lines(HOST, "Connection: close", "Transfer-Encoding: chunked"),
  lines("Connection: keep-alive", HOST, "X-Some: value", "x-some: other"),
  lines("X: y"),
  lines(HOST),
  "\r\n",
];
const edit = fc.record({
  at: fc.nat(60),
  byte: fc.constantFrom(..."aAhHxX019:,; \t\r\n\0\x7f\xff"),
});
const variant = fc.record({
  base: fc.nat(BASES.length - 1),
  edit: fc.option(edit),
  minor: fc.constantFrom(0, 1),
  maxLines: fc.constantFrom(0, 0, 0, 3, 2, 1),
});
const run = fc.record({ which: fc.nat(3), times: fc.integer({ min: 1, max: 4 }) });

test("FieldSection says of each section of a sequence what it says of the section alone", () => {
  let recalls = 0;
  fc.assert(
    fc.property(
      fc.array(variant, { minLength: 1, maxLength: 4 }),
      fc.array(run, { minLength: 1, maxLength: 10 }),
      (variants, runs) => {
        const section = new FieldSection();
        for (const { which, times } of runs) {
          const { base, edit, minor, maxLines } = variants[which % variants.length];
          const { at, byte } = edit ?? { at: 0, byte: "" };
          const place = at % BASES[base].length;
          // A line may end elsewhere then; what ends the section is behind it in any case.
          const text = BASES[base].slice(0, place) + byte + BASES[base].slice(place + byte.length) +
            "\r\n\r\n";
          const alone = orRefusal(() => readFresh(text, minor, maxLines));
          for (let time = 0; time < times; time++) {
            const remembered = recallLength(section, text, minor, maxLines) > 0;
            if (remembered) recalls++;
            assert.deepEqual(orRefusal(() => read(section, text, minor, maxLines)), alone);
            if (time >= 2 && "length" in alone) assert.ok(remembered, "it came for the third time");
          }
        }
      },
    ),
    { numRuns: 1000 },
  );
  assert.ok(recalls > 1000, `only ${recalls} sections came again`);
});

/** Reads the section at the start of `text` as a head does: recalled where it can be. */
function read(section: FieldSection, text: string, minor: number, maxLines: number): SectionRead {
  return inHead(text, (bytes, start, end) => {
    const known = section.matchCached(bytes, start, end, minor, maxLines);
    return snapshot(section, known || readLines(section, bytes, start, end, minor, maxLines));
  });
}
