/** ByteWriter: what is appended comes out, whatever room there was; and utf8Length tells what utf8 will write. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteWriter, utf8Length } from "../../src/wire/byte_writer.ts";
import { bytesOf, textOf } from "./helpers.ts";

const encoder = new TextEncoder();

/** The bytes that `write` appends to a writer that starts with this much room, and with something written before. */
function written(write: (out: ByteWriter) => void, capacity: number): Uint8Array {
  const out = new ByteWriter(capacity);
  out.latin1("before");
  write(out);
  assert.equal(textOf(out.bytes, 0, 6), "before");
  assert.ok(out.bytes.length >= out.length);
  return out.bytes.slice(6, out.length);
}

/** Asserts what `write` appends, with no room, with some, and with plenty. */
function assertWrites(write: (out: ByteWriter) => void, expected: Uint8Array): void {
  for (const capacity of [0, 1, 6, 6 + expected.length, 10_000]) {
    assert.deepEqual([...written(write, capacity)], [...expected]);
  }
}

/** Any UTF-16 text, lone surrogates included. */
const anyText = fc.array(
  fc.oneof(fc.nat(0x7f), fc.nat(0x7ff), fc.nat(0xffff), fc.integer({ min: 0xd800, max: 0xdfff })),
  { maxLength: 100 },
).map((codes) => String.fromCharCode(...codes));

test("ByteWriter.copy() appends bytes, few and many", () => {
  for (const count of [0, 1, 24, 25, 64, 65, 1000]) {
    const bytes = Uint8Array.from({ length: count }, (_, i) => i);
    assertWrites((out) => out.copy(bytes), bytes);
  }
});

test("ByteWriter.copy() appends a part of other memory", () => {
  const memory = Uint8Array.from({ length: 300 }, (_, i) => i);
  assertWrites((out) => out.copy(memory.subarray(10, 20)), memory.slice(10, 20));
  assertWrites((out) => out.copy(memory.subarray(10, 200)), memory.slice(10, 200));
});

test("ByteWriter.copy() appends its own bytes", () => {
  const out = new ByteWriter(4);
  out.latin1("abcd");
  out.copy(out.bytes.subarray(1, 3));
  assert.equal(textOf(out.bytes, 0, out.length), "abcdbc");
});

test("ByteWriter.latin1() appends a byte for each character", () => {
  const text = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join("");
  assertWrites((out) => out.latin1(text), bytesOf(text));
  assertWrites((out) => out.latin1(""), new Uint8Array());
});

test("ByteWriter.utf8() appends ASCII, short and long", () => {
  for (const count of [0, 1, 63, 64, 65, 5000]) {
    const text = "a".repeat(count);
    assertWrites((out) => out.utf8(text), bytesOf(text));
  }
});

test("ByteWriter.utf8() appends text of every kind as TextEncoder does", () => {
  const samples = [
    "é",
    "a é",
    "€uro",
    "😀",
    "a".repeat(63) + "é",
    "a".repeat(64) + "é",
    "\ud83d",
    "\ude00\ud83d",
    "\x80",

    "\0\x7f\x80\u07ff\u0800\uffff",
  ];
  for (const text of samples) assertWrites((out) => out.utf8(text), encoder.encode(text));
  fc.assert(fc.property(anyText, (text) => assertWrites((out) => out.utf8(text), encoder.encode(text))));
});

test("ByteWriter.utf8() appends text as long as room for the worst case is not there", () => {
  const text = "€".repeat(10_000);
  assertWrites((out) => out.utf8(text), encoder.encode(text));
});

test("ByteWriter.decimal() appends the digits of whole numbers", () => {
  for (const value of [0, 1, 9, 10, 99, 100, 65_535, 2 ** 31, 2 ** 32, 2 ** 53 - 1]) {
    assertWrites((out) => out.decimal(value), bytesOf(String(value)));
  }
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => assertWrites((out) => out.decimal(value), bytesOf(`${value}`))),
  );
});

test("ByteWriter.hexadecimal() appends lower-case digits of whole numbers", () => {
  for (const value of [0, 1, 9, 10, 15, 16, 255, 256, 0xabcdef, 2 ** 32, 2 ** 53 - 1]) {
    assertWrites((out) => out.hexadecimal(value), bytesOf(value.toString(16)));
  }
  fc.assert(
    fc.property(
      fc.maxSafeNat(),
      (value) => assertWrites((out) => out.hexadecimal(value), bytesOf(value.toString(16))),
    ),
  );
});

test("ByteWriter.reserve() keeps what is written, and the memory while there is room", () => {
  const out = new ByteWriter(8);
  out.latin1("abcd");
  const { bytes } = out;
  out.reserve(4);
  assert.equal(out.bytes, bytes);
  out.reserve(5);
  assert.notEqual(out.bytes, bytes);
  assert.ok(out.bytes.length >= 9);
  assert.equal(out.length, 4);
  assert.equal(textOf(out.bytes, 0, 4), "abcd");
});

test("ByteWriter grows by doubling, so that many appends copy little", () => {
  const out = new ByteWriter(1);
  let memories = 0;
  let last = out.bytes;
  for (let i = 0; i < 100_000; i++) {
    out.latin1("x");
    if (out.bytes !== last) memories++;
    last = out.bytes;
  }
  assert.equal(out.length, 100_000);
  assert.ok(memories <= 17, `it grew ${memories} times`);
});

test("ByteWriter takes back what was written when its length is set back", () => {
  const out = new ByteWriter(4);
  out.latin1("kept");
  const mark = out.length;
  out.latin1(" dropped, and it grew");
  out.length = mark;
  out.latin1("!");
  assert.equal(textOf(out.bytes, 0, out.length), "kept!");
});

test("ByteWriter puts appends of all kinds in their order", () => {
  const append = fc.oneof(
    fc.uint8Array({ maxLength: 100 }).map((bytes) => ({
      bytes,
      write: (out: ByteWriter) => out.copy(bytes),
    })),
    anyText.map((text) => ({ bytes: encoder.encode(text), write: (out: ByteWriter) => out.utf8(text) })),
    fc.maxSafeNat().map((value) => ({
      bytes: bytesOf(`${value}`),
      write: (out: ByteWriter) => out.decimal(value),
    })),
  );
  fc.assert(fc.property(fc.array(append, { maxLength: 10 }), (appends) => {
    const expected = appends.flatMap(({ bytes }) => [...bytes]);
    assertWrites((out) => appends.forEach(({ write }) => write(out)), Uint8Array.from(expected));
  }));
});

test("utf8Length() is the length that TextEncoder gives", () => {
  for (
    const text of [
      "",
      "a",
      "\x7f\x80",
      "\u07ff\u0800",
      "\uffff",
      "😀",
      "\ud83d",
      "\ude00",
      "\ude00\ud83d",
      "\ud83d\ud83d\ude00",
      "\ud800\udc00",
      "\udbff\udfff",
      "\ud800\ue000",
      "\udbff\udbff",
      "\udc00\udc00",
    ]
  ) {
    assert.equal(utf8Length(text), encoder.encode(text).length, JSON.stringify(text));
  }
  fc.assert(fc.property(anyText, (text) => assert.equal(utf8Length(text), encoder.encode(text).length)), {
    numRuns: 500,
  });
});
