/** Field lines: reading one from bytes that may end anywhere, and looking at what a table holds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FieldTable, readFieldLine } from "../../src/http1/fields.ts";
import { NEED_MORE } from "../../src/wire/bytes.ts";
import { assertRefuses, bytesOf, inMemory, orRefusal } from "../wire/helpers.ts";

/** Reads one line, which ends where `text` does, whatever lies around it and wherever the bytes end before. */
function readLine(text: string): [string, string] {
  const [line] = readLines(text);
  for (const behind of ["\r\n", "Next: line\r\n", " folded\r\n", "\n", "\0"]) {
    const table = new FieldTable();
    const bytes = bytesOf(text + behind);
    table.bind(bytes, 0);
    assert.equal(readFieldLine(bytes, 0, bytes.length, table), text.length);
    assert.deepEqual([...table], [line]);
  }
  return line;
}

/** Reads the lines of which `text` consists; every beginning of a line needs more, and adds none. */
function readLines(text: string): [string, string][] {
  return inMemory(text, (bytes, start, end) => {
    const table = new FieldTable();
    table.bind(bytes, start);
    let at = start;
    while (at < end) {
      const next = readFieldLine(bytes, at, end, table);
      const { count } = table;
      for (let stop = at; stop < next; stop++) assert.equal(readFieldLine(bytes, at, stop, table), NEED_MORE);
      assert.equal(table.count, count);
      at = next;
    }
    assert.equal(at, end);
    return [...table];
  });
}

/** A table of these lines. */
function tableOf(...lines: string[]): FieldTable {
  const bytes = bytesOf(lines.map((line) => `${line}\r\n`).join(""));
  const table = new FieldTable();
  table.bind(bytes, 0);
  for (let at = 0; at < bytes.length;) at = readFieldLine(bytes, at, bytes.length, table);
  return table;
}

test("readFieldLine() reads name and value", () => {
  assert.deepEqual(readLine("Name: value\r\n"), ["name", "value"]);
});

test("readFieldLine() takes blanks off the ends of a value, and leaves those within", () => {
  for (const before of ["", " ", "\t", " \t  "]) {
    for (const after of ["", " ", "\t \t"]) {
      assert.deepEqual(readLine(`N:${before}a \t b${after}\r\n`), ["n", "a \t b"]);
    }
  }
});

test("readFieldLine() reads an empty value", () => {
  for (const value of ["", " ", "\t\t"]) assert.deepEqual(readLine(`Name:${value}\r\n`), ["name", ""]);
});

test("readFieldLine() reads obs-text as Latin-1", () => {
  assert.deepEqual(readLine("N: \x80caf\xe9\xff\r\n"), ["n", "\x80caf\xe9\xff"]);
});

test("readFieldLine() answers where the next line starts", () => {
  assert.deepEqual(readLines("A: 1\r\nB:\r\nA: 3\r\n"), [["a", "1"], ["b", ""], ["a", "3"]]);
});

test("readFieldLine() rejects a blank before the colon (RFC 9112 §5.1)", () => {
  for (const line of ["A : b\r\n", "A\t: b\r\n", "A  : b\r\n"]) assertLineRefused(line);
});

test("readFieldLine() rejects a folded line (RFC 9112 §5.2)", () => {
  for (const line of [" b\r\n", "\tb\r\n", " A: b\r\n", " \r\n"]) assertLineRefused(line);
});

test("readFieldLine() rejects a line without a name or a colon", () => {
  for (const line of [": b\r\n", ":\r\n", "A\r\n", "A b\r\n", "\r\n"]) assertLineRefused(line);
});

test("readFieldLine() rejects a bare CR and a bare LF (RFC 9112 §2.2)", () => {
  for (
    const line of [
      "A: b\n",
      "A:\n",
      "A\n",
      "\n",
      "A: b\rc\r\n",
      "A: b\r\r\n",
      "A:\rb\r\n",
      "A: b\nc\r\n",
      "A\r: b\r\n",
      "A: b\r ",
      "A: b \r:",
    ]
  ) {
    assertLineRefused(line);
  }
});

test("readFieldLine() rejects every other byte that names and values cannot have", () => {
  for (let code = 0; code < 256; code++) {
    const char = String.fromCharCode(code);
    if (char === "\r" || char === "\n") continue;
    if (!/[!#$%&'*+\-.^_`|~0-9A-Za-z:]/.test(char)) {
      assertLineRefused(`A${char}B: c\r\n`);
      assertLineRefused(`${char}B: c\r\n`);
    }
    if (/[\t\x20-\x7e\x80-\xff]/.test(char)) {
      assert.deepEqual(readLine(`A: b${char}c\r\n`), ["a", `b${char}c`]);
    } else assertLineRefused(`A: b${char}c\r\n`);
  }
});

function assertLineRefused(line: string): void {
  const read = (text: string): unknown =>
    inMemory(text, (bytes, start, end) => readFieldLine(bytes, start, end, new FieldTable()));
  assertRefuses(() => read(line), "bad_field", 400);
  assertRefuses(() => read(`${line}Next: line\r\n`), "bad_field", 400);
  // A beginning of it may be in order, but never is it read.
  for (let end = 0; end < line.length; end++) {
    const outcome = orRefusal(() => read(line.slice(0, end)));
    if (outcome !== NEED_MORE) assert.deepEqual(outcome, { code: "bad_field", status: 400 });
  }
}

test("readFieldLine() adds nothing for a line that it refuses", () => {
  const table = new FieldTable();
  const bytes = bytesOf("A: b\rc\r\n");
  table.bind(bytes, 0);
  assertRefuses(() => readFieldLine(bytes, 0, bytes.length, table), "bad_field", 400);
  assert.equal(table.count, 0);
});

test("FieldTable.find() finds lines by their whole name, in any case", () => {
  const table = tableOf("Accept: 1", "X-Accept: 2", "ACCEPT: 3", "accept-x: 4");
  assert.equal(table.find("accept"), 0);
  assert.equal(table.find("accept", 0), 0);
  assert.equal(table.find("accept", 1), 2);
  assert.equal(table.find("accept", 3), -1);
  assert.equal(table.find("accep"), -1);
  assert.equal(table.find(""), -1);
  assert.equal(table.isNamed(2, "accept"), true);
  assert.equal(table.isNamed(1, "accept"), false);
});

test("FieldTable.get() joins the lines of a field with commas (RFC 9110 §5.3)", () => {
  const table = tableOf("A: 1", "B: x", "a: 2, 3", "A:", "C:");
  assert.equal(table.get("a"), "1, 2, 3, ");
  assert.equal(table.get("b"), "x");
  assert.equal(table.get("c"), "");
  assert.equal(table.get("d"), null);
});

test("FieldTable.get() joins Cookie lines with semicolons (RFC 6265 §5.4)", () => {
  assert.equal(tableOf("Cookie: a=1", "X: y", "cookie: b=2").get("cookie"), "a=1; b=2");
});

test("FieldTable.name() gives known and unknown names in lower case", () => {
  const names = [
    "Host",
    "ACCEPT-ENCODING",
    "X-Own",
    "x-Own-\x7e",
    "Sec-CH-UA-Platform",
    "A",
    "Upgrade-Insecure-Requests",
  ];
  const table = tableOf(...names.map((name) => `${name}: v`));
  assert.deepEqual(names.map((_, line) => table.name(line)), names.map((name) => name.toLowerCase()));
});

test("FieldTable finds its lines again when the bytes have moved", () => {
  const table = tableOf("A: 1", "B: 2");
  const moved = bytesOf(`moved${"A: 1\r\nB: 2\r\n"}`);
  table.bytes.fill(0);
  table.bind(moved, 5);
  assert.deepEqual([...table], [["a", "1"], ["b", "2"]]);
  assert.deepEqual([table.nameStart(1), table.nameEnd(1), table.valueStart(1), table.valueEnd(1)], [
    11,
    12,
    14,
    15,
  ]);
});

test("FieldTable grows past what it has room for at first", () => {
  const lines = Array.from({ length: 1000 }, (_, i) => `X-${i}: ${i}`);
  const table = tableOf(...lines);
  assert.equal(table.count, 1000);
  assert.deepEqual([...table].map(([name, value]) => `${name.toUpperCase()}: ${value}`), lines);
});

test("FieldTable.clear() forgets lines and bytes", () => {
  const table = tableOf("A: 1", "B: 2");
  table.bind(table.bytes, 1);
  table.clear();
  assert.deepEqual([table.count, table.bytes.length, table.base], [0, 0, 0]);
  assert.equal(table.get("a"), null);
  assert.deepEqual([...table], []);
});

test("FieldTable gives what was read into it", () => {
  const name = fc.string({ unit: fc.constantFrom(..."aZ09-_!~x"), minLength: 1, maxLength: 20 });
  const value = fc.string({ unit: fc.constantFrom(..."aZ09 \t:,\xe9\xff"), maxLength: 20 })
    .map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ""));
  fc.assert(fc.property(fc.array(fc.tuple(name, value), { maxLength: 40 }), (lines) => {
    const table = tableOf(...lines.map(([name, value]) => `${name}: ${value}`));
    const expected = lines.map(([name, value]) => [name.toLowerCase(), value]);
    assert.deepEqual([...table], expected);
    for (const [name] of expected) {
      const values = expected.filter((line) => line[0] === name).map((line) => line[1]);
      assert.equal(table.get(name), values.join(", "));
    }
  }));
});
