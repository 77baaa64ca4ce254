/** Byte classes against the grammar they come from, and the helpers that all readers share. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import fc from "fast-check";
import {
  copyOf,
  eachListElement,
  equalsIgnoreCase,
  HEX_VALUE,
  IS_FIELD_VALUE,
  IS_REG_NAME,
  IS_TARGET,
  IS_TOKEN,
  latin1,
  LOWER,
  sameBytes,
  skipBlanks,
  trimBlanks,
} from "../../src/wire/bytes.ts";
import { bytesOf, inMemory, textOf } from "./helpers.ts";

function assertClass(table: Uint8Array, grammar: RegExp): void {
  assert.equal(table.length, 256);
  for (let code = 0; code < 256; code++) {
    const char = String.fromCharCode(code);
    assert.equal(table[code], grammar.test(char) ? 1 : 0, JSON.stringify(char));
  }
}

test("IS_TOKEN is tchar (RFC 9110 §5.6.2)", () => {
  assertClass(IS_TOKEN, /[!#$%&'*+\-.^_`|~0-9A-Za-z]/);
});

test("IS_FIELD_VALUE is what a field value may hold (RFC 9110 §5.5)", () => {
  assertClass(IS_FIELD_VALUE, /[\t\x20-\x7e\x80-\xff]/);
});

test("IS_TARGET is visible ASCII without the fragment's sign", () => {
  assertClass(IS_TARGET, /(?!#)[\x21-\x7e]/);
});

test("IS_REG_NAME is unreserved, sub-delims and percent (RFC 3986 §3.2.2)", () => {
  assertClass(IS_REG_NAME, /[A-Za-z0-9\-._~!$&'()*+,;=%]/);
});

test("HEX_VALUE gives the value of each hexadecimal digit, and 255 for the rest", () => {
  for (let code = 0; code < 256; code++) {
    const char = String.fromCharCode(code);
    assert.equal(HEX_VALUE[code], /[0-9A-Fa-f]/.test(char) ? parseInt(char, 16) : 255, JSON.stringify(char));
  }
});

test("LOWER lowers ASCII letters alone", () => {
  for (let code = 0; code < 256; code++) {
    const char = String.fromCharCode(code);
    assert.equal(String.fromCharCode(LOWER[code]), /[A-Z]/.test(char) ? char.toLowerCase() : char);
  }
});

test("equalsIgnoreCase() compares whole runs of bytes", () => {
  const equals = (text: string, lower: string): boolean =>
    inMemory(text, (bytes, start, end) => equalsIgnoreCase(bytes, start, end, lower));
  for (const text of ["close", "CLOSE", "cLoSe"]) assert.equal(equals(text, "close"), true);
  for (const text of ["", "clos", "closes", "closf", "xlose", "clo\x13e", "\xe3lose"]) {
    assert.equal(equals(text, "close"), false);
  }
  // The bytes that differ from others by the bit that tells case, and are no letters.
  for (const [text, lower] of [["@", "`"], ["[", "{"], ["\r", "-"], ["^", "~"]]) {
    assert.equal(equals(text, lower), false);
  }
  assert.equal(equals("", ""), true);
});

test("sameBytes() compares as many bytes as it is told, from a place on each", () => {
  const same = (text: string, other: string, count: number): boolean =>
    inMemory(
      text,
      (bytes, start) =>
        inMemory(other, (others, otherStart) => sameBytes(bytes, start, others, otherStart, count)),
    );
  assert.equal(same("abc", "abc", 3), true);
  assert.equal(same("abc", "abx", 2), true, "those behind do not count");
  assert.equal(same("abc", "abcdef", 3), true);
  assert.equal(same("abc", "xyz", 0), true);
  assert.equal(same("", "", 0), true);
  for (const other of ["xbc", "axc", "abx", "abC", "ab\xe3", "bca", "abc"]) {
    assert.equal(same("abc", other, 3), other === "abc", other);
  }
  for (let code = 0; code < 256; code++) {
    for (const near of [code ^ 1, code ^ 0x20, code ^ 0x80]) {
      const [text, other] = [code, near].map((byte) => `a${String.fromCharCode(byte)}`);
      assert.equal(same(text, other, 2), false);
    }
  }
});

test("sameBytes() is false where bytes are missing on one side", () => {
  const [short, long] = [bytesOf("ab"), bytesOf("abc")];
  assert.equal(sameBytes(short, 0, long, 0, 3), false);
  assert.equal(sameBytes(long, 0, short, 0, 3), false);
  assert.equal(sameBytes(long, 1, bytesOf("bcd"), 0, 3), false);
  assert.equal(sameBytes(bytesOf("bcd"), 0, long, 1, 3), false);
  assert.equal(sameBytes(short, 0, Uint8Array.of(0x61, 0x62, 0), 0, 3), false);
});

test("sameBytes() finds any difference, wherever it is", () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 });
  const start = fc.nat(9);
  fc.assert(
    fc.property(
      bytes,
      start,
      start,
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (given, start, other, at, by) => {
        const [memory, others] = [start, other].map((start) => {
          const memory = new Uint8Array(start + given.length + 3);
          memory.set(given, start);
          return memory;
        });
        assert.equal(sameBytes(memory, start, others, other, given.length), true);
        const place = at % given.length;
        memory[start + place] ^= by;
        for (let count = 0; count <= given.length; count++) {
          assert.equal(sameBytes(memory, start, others, other, count), count <= place);
          assert.equal(sameBytes(others, other, memory, start, count), count <= place);
        }
      },
    ),
  );
});

test("skipBlanks() and trimBlanks() know space and tab, within their bounds", () => {
  const skipped = (text: string): number =>
    inMemory(text, (bytes, start, end) => skipBlanks(bytes, start, end) - start);
  const trimmed = (text: string): number =>
    inMemory(text, (bytes, start, end) => trimBlanks(bytes, start, end) - start);
  for (
    const [text, first, last] of [
      ["", 0, 0],
      ["a", 0, 1],
      [" \ta b\t ", 2, 5],
      ["\n a \r", 0, 5],
      ["\xa0a\xa0", 0, 3],
    ] as const
  ) {
    assert.deepEqual([skipped(text), trimmed(text)], [first, last], JSON.stringify(text));
  }
  assert.deepEqual([skipped(" \t "), trimmed(" \t ")], [3, 0]);
});

test("eachListElement() visits the elements of a list, without blanks and empty ones", () => {
  const elements = (text: string): string[] =>
    inMemory(text, (bytes, start, end) => {
      const visited: string[] = [];
      eachListElement(bytes, start, end, (from, to) => visited.push(textOf(bytes, from, to)));
      return visited;
    });
  assert.deepEqual(elements(""), []);
  assert.deepEqual(elements(" , ,\t"), []);
  assert.deepEqual(elements("a"), ["a"]);
  assert.deepEqual(elements("foo , ,bar,charlie"), ["foo", "bar", "charlie"]);
  assert.deepEqual(elements(",a b\t,\tc;d=e,"), ["a b", "c;d=e"]);
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(..."ab, \t"), maxLength: 20 }), (text) => {
    assert.deepEqual(
      elements(text),
      text.split(",").map((part) => part.replace(/^[ \t]+|[ \t]+$/g, "")).filter((part) => part !== ""),
    );
  }));
});

test("latin1() gives a character for each byte, at every length", () => {
  const every = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join("");
  for (
    const text of [
      "",
      "a",
      "twelve bytes",
      "thirteen byte",
      "\xef\xbb\xbfthirteen bytes",
      "thirteen byte\x80",
      every,
      every.slice(128),
    ]
  ) {
    assert.equal(inMemory(text, latin1), text);
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), fc.boolean(), (bytes, ascii) => {
    const text = textOf(ascii ? bytes.map((byte) => byte & 0x7f) : bytes);
    assert.equal(latin1(bytesOf(text), 0, text.length), text);
  }));
});

test("copyOf() copies also what slice() of a Buffer would share", () => {
  const buffer = Buffer.from("abc");
  const copy = copyOf(buffer, 1, 3);
  buffer.fill(0);
  assert.deepEqual([...copy], [98, 99]);
});
