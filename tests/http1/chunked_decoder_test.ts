/** ChunkedDecoder (RFC 9112 §7.1): what it gives its sink, where it stops, what it refuses, and its bounds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteWriter } from "../../src/wire/byte_writer.ts";
import { ChunkedDecoder } from "../../src/http1/chunked_decoder.ts";
import {
  assertBodyRefused,
  bytesOf,
  countReads,
  cutsFrom,
  decodeBody,
  decodeInPieces,
  everyByte,
  textOf,
} from "../wire/helpers.ts";

const END = "0\r\n\r\n";

function bodyOf(text: string): string {
  return decodeBody(text).body;
}

// What it reads.

test("ChunkedDecoder.decode() joins chunks", () => {
  assert.equal(bodyOf(`5\r\nhello\r\n1\r\n \r\n6\r\nworld!\r\n${END}`), "hello world!");
});

test("ChunkedDecoder.decode() reads an empty body", () => {
  assert.equal(bodyOf(END), "");
});

test("ChunkedDecoder.decode() takes data as it is, line ends and chunks within included", () => {
  const data = "\r\n0\r\n\r\nGET / HTTP/1.1\r\n\0\xff";
  assert.equal(bodyOf(`${data.length.toString(16)}\r\n${data}\r\n${END}`), data);
});

test("ChunkedDecoder.decode() reads sizes in either case and with leading zeros", () => {
  const data = "d".repeat(0xab);
  for (const size of ["ab", "AB", "aB", "0ab", "0000000000AB"]) {
    assert.equal(bodyOf(`${size}\r\n${data}\r\n${END}`), data);
  }
  for (const zero of ["0", "00", "000000000000"]) assert.equal(bodyOf(`1\r\nx\r\n${zero}\r\n\r\n`), "x");
});

test("ChunkedDecoder.decode() knows each hexadecimal digit", () => {
  for (const digit of "123456789abcdefABCDEF") {
    const data = "d".repeat(parseInt(digit, 16));
    assert.equal(bodyOf(`${digit}\r\n${data}\r\n${END}`), data);
  }
});

test("ChunkedDecoder.decode() reads large chunks", () => {
  const data = "0123456789abcdef".repeat(5000);
  const text = `13880\r\n${data}\r\n${END}`;
  const read = decodeInPieces(text, [1, 4, 100, 50_000, 80_000, text.length]);
  assert.deepEqual(read, { body: data, trailers: [], length: text.length, done: true });
});

test("ChunkedDecoder.decode() follows the largest size that it accepts", () => {
  const decoder = new ChunkedDecoder(0, 0);
  const sink = { push: () => true };
  const bytes = bytesOf("ffffffffffff\r\n" + "d".repeat(100));
  assert.equal(decoder.decode(bytes, 0, bytes.length, sink), bytes.length);
  assert.equal(decoder.done, false);
});

test("ChunkedDecoder.decode() takes nothing behind the body", () => {
  for (const behind of ["GET / HTTP/1.1\r\n", "\r\n", "0\r\n\r\n", "\n", "\0"]) {
    const text = `1\r\nx\r\n${END}`;
    const read = decodeInPieces(text + behind, [text.length + behind.length]);
    assert.deepEqual(read, { body: "x", trailers: [], length: text.length, done: true });
  }
});

test("ChunkedDecoder.decode() is done only with the last byte", () => {
  const text = `1\r\nx\r\n0;a\r\nT: t\r\n\r\n`;
  for (let end = 0; end < text.length; end++) {
    const read = decodeInPieces(text.slice(0, end), [end]);
    assert.ok("done" in read && !read.done && read.length === end);
  }
});

test("ChunkedDecoder.decode() stays done", () => {
  const decoder = new ChunkedDecoder(0, 0);
  const sink = { push: () => assert.fail("there was no data") };
  const bytes = bytesOf(END + END);
  assert.equal(decoder.decode(bytes, 0, bytes.length, sink), END.length);
  assert.equal(decoder.decode(bytes, END.length, bytes.length, sink), END.length);
  assert.equal(decoder.done, true);
});

test("ChunkedDecoder.decode() reads each byte once, none outside its bounds, and changes none", () => {
  const text = `5;ext=1\r\nhello\r\n0\r\nTrailer: value\r\n\r\n`;
  const memory = bytesOf(`1\r${text}1\r`);
  const reads = new Uint32Array(memory.length);
  const counted = countReads(memory, reads);
  const decoder = new ChunkedDecoder(0, 0);
  const sink = { push: () => true };
  for (let at = 2; at < 2 + text.length; at++) decoder.decode(counted, at, at + 1, sink);
  assert.equal(decoder.done, true);
  assert.equal(Math.max(...reads), 1);
  assert.deepEqual([...reads.subarray(0, 2), ...reads.subarray(-2)], [0, 0, 0, 0]);
  assert.equal(textOf(memory), `1\r${text}1\r`);
});

// The sink.

test("ChunkedDecoder.decode() gives the sink slices of the bytes that came, uncopied", () => {
  const bytes = bytesOf(`xx3\r\nabc\r\n2\r\nde\r\n${END}`);
  const slices: string[] = [];
  const decoder = new ChunkedDecoder(0, 0);
  decoder.decode(bytes, 2, bytes.length, {
    push(memory, start, end) {
      assert.equal(memory, bytes);
      return slices.push(textOf(memory, start, end)) > 0;
    },
  });
  assert.deepEqual(slices, ["abc", "de"]);
});

test("ChunkedDecoder.decode() stops where the sink says that no more may come, and goes on there", () => {
  const text = `3\r\nabc\r\n2\r\nde\r\n${END}`;
  const bytes = bytesOf(text);
  const decoder = new ChunkedDecoder(0, 0);
  const slices: string[] = [];
  const sink = {
    push: (memory: Uint8Array, start: number, end: number) => slices.push(textOf(memory, start, end)) < 0,
  };
  assert.equal(decoder.decode(bytes, 0, bytes.length, sink), 6);
  assert.deepEqual(slices, ["abc"]);
  assert.equal(decoder.decode(bytes, 6, bytes.length, sink), 13);
  assert.deepEqual(slices, ["abc", "de"]);
  assert.equal(decoder.done, false);
  assert.equal(decoder.decode(bytes, 13, bytes.length, sink), bytes.length);
  assert.equal(decoder.done, true);
});

test("ChunkedDecoder.decode() stops within a chunk too, when no more has come of it", () => {
  const decoder = new ChunkedDecoder(0, 0);
  const bytes = bytesOf("5\r\nhe");
  assert.equal(decoder.decode(bytes, 0, 5, { push: () => false }), 5);
  const rest = bytesOf(`llo\r\n${END}`);
  let data = "";
  decoder.decode(rest, 0, rest.length, {
    push: (memory, start, end) => (data += textOf(memory, start, end)) !== "",
  });
  assert.deepEqual([data, decoder.done], ["llo", true]);
});

// What it refuses.

test("ChunkedDecoder.decode() rejects what is no size", () => {
  for (
    const size of [
      "",
      " ",
      "x",
      "-1",
      "+1",
      " 1",
      "\t1",
      "0x1",
      "1x",
      "g",
      "1g",
      "1_0",
      "1.0",
      "1,",
      "\0",
      "\xff",
      "1\0",
      "\n",
    ]
  ) {
    assertBodyRefused(`${size}\r\n`, "bad_chunk", 400);
  }
});

test("ChunkedDecoder.decode() rejects every byte in a size that is no hexadecimal digit", () => {
  for (let code = 0; code < 256; code++) {
    const char = String.fromCharCode(code);
    if (!/[0-9a-fA-F]/.test(char)) {
      assertBodyRefused(`${char}1\r\n`, "bad_chunk", 400);
      if (!/[\r; \t]/.test(char)) assertBodyRefused(`1${char}1\r\n`, "bad_chunk", 400);
    }
  }
});

test("ChunkedDecoder.decode() rejects a size of too many digits, zeros included", () => {
  for (
    const size of ["1000000000000", "fffffffffffff", "0".repeat(32) + "1", "0".repeat(33), "1".repeat(400)]
  ) {
    assertBodyRefused(`${size}\r\n`, "bad_chunk", 400);
  }
});

test("ChunkedDecoder.decode() counts the digits of each size by itself", () => {
  const chunk = "0".repeat(31) + "1\r\nx\r\n";
  assert.equal(bodyOf(chunk + chunk + "0".repeat(32) + "\r\n\r\n"), "xx");
});

test("ChunkedDecoder.decode() rejects a bare LF wherever a line ends", () => {
  assertBodyRefused("1\nx\r\n", "bad_chunk", 400);
  assertBodyRefused("1;a\nx\r\n", "bad_chunk", 400);
  assertBodyRefused("1 \nx\r\n", "bad_chunk", 400);
  assertBodyRefused("1\r\nx\n", "bad_chunk", 400);
  assertBodyRefused("0\n", "bad_chunk", 400);
  assertBodyRefused("0\r\n\n", "bad_field", 400);
  assertBodyRefused("0\r\nT: t\n", "bad_field", 400);
  assertBodyRefused("0\r\nT: t\r\n\n", "bad_field", 400);
});

test("ChunkedDecoder.decode() rejects a bare CR wherever a line ends", () => {
  assertBodyRefused("1\rx", "bad_chunk", 400);
  assertBodyRefused("1\r\r\n", "bad_chunk", 400);
  assertBodyRefused("1;a\rb\r\n", "bad_chunk", 400);
  assertBodyRefused("1;a\r\r\n", "bad_chunk", 400);
  assertBodyRefused("1\r\nx\rx", "bad_chunk", 400);
  assertBodyRefused("1\r\nx\r\r\n", "bad_chunk", 400);
  assertBodyRefused("0\r\n\rT: t\r\n", "bad_field", 400);
  assertBodyRefused("0\r\n\r\r\n", "bad_field", 400);
  assertBodyRefused("0\r\nT: t\rx\r\n", "bad_field", 400);
});

test("ChunkedDecoder.decode() rejects a chunk that is longer or shorter than its size", () => {
  assertBodyRefused("3\r\nhello\r\n", "bad_chunk", 400);
  assertBodyRefused(`6\r\nhello\r\n${END}`, "bad_chunk", 400);
  assertBodyRefused("1\r\nxGET / HTTP/1.1\r\n", "bad_chunk", 400);
  assertBodyRefused("1\r\n\r\n\r\nx", "bad_chunk", 400);
});

test("ChunkedDecoder.decode() rejects blanks behind a size, before an extension aside", () => {
  for (const line of ["1 \r\n", "1\t\r\n", "1 1\r\n", "1 x\r\n", "1 \0"]) {
    assertBodyRefused(line, "bad_chunk", 400);
  }
  assert.equal(bodyOf(`1 \t;a\r\nx\r\n${END}`), "x");
});

// Extensions.

test("ChunkedDecoder.decode() passes over chunk extensions (RFC 9112 §7.1.1)", () => {
  for (
    const extension of [
      ";a",
      ";a;b;c",
      ";a=b",
      ";!#$%&'*+-.^_`|~0=~",
      ' ; a = "b;c d" ;e',
      "\t;\ta\t=\tb\t;c",
      ';a=""',
      ';a="\xe9\t\\"\\\\ =;"',
      ';a="b";c=d',
    ]
  ) {
    assert.equal(bodyOf(`1${extension}\r\nx\r\n0${extension}\r\n\r\n`), "x", extension);
  }
});

test("ChunkedDecoder.decode() rejects malformed chunk extensions", () => {
  for (
    const extension of [
      ";",
      ";;a",
      ";=x",
      ";a=",
      ";a==b",
      ";a b",
      ";a ",
      ";a=b c",
      ";a=b ",
      ";a=b=c",
      ';a="',
      ';a="b',
      ';a="b\\"',
      ';a="b"c',
      ';a="b" ',
      ';"a"=b',
      ";a=\xe9",
      ";a=b,c",
      "=a",
      "a;",
    ]
  ) {
    assertBodyRefused(`1${extension}\r\nx\r\n0\r\n\r\n`, "bad_chunk", 400);
  }
});

test("ChunkedDecoder.decode() rejects control bytes in extensions", () => {
  for (const byte of "\0\x01\x08\n\x0b\x1f\x7f") assertBodyRefused(`1;a${byte}b\r\n`, "bad_chunk", 400);
});

test("ChunkedDecoder.decode() bounds the extensions of a chunk, exactly", () => {
  const most = ";" + "e".repeat(4095);
  const text = `1${most}\r\nx\r\n${END}`;
  for (const cuts of [[text.length], everyByte(text.length)]) {
    assert.deepEqual(decodeInPieces(text, cuts), {
      body: "x",
      trailers: [],
      length: text.length,
      done: true,
    });
  }
  const refusal = { code: "chunk_extensions_too_long", status: 413 };
  const longer = `1${most}e\r\n`;
  for (const cuts of [[longer.length], everyByte(longer.length)]) {
    assert.deepEqual(decodeInPieces(longer, cuts), refusal);
  }
  const blank = `1${" ".repeat(4096)};`;
  assert.deepEqual(decodeInPieces(blank, [blank.length]), refusal);
});

test("ChunkedDecoder.decode() bounds the extensions of all chunks together", () => {
  const chunk = "1;xtension\r\nx\r\n"; // 9 bytes of extension
  const most = chunk.repeat(455) + "1\r\nx\r\n"; // 4095 bytes
  const fits = `${most.replace("xtension", "xtensio")}0;a\r\n\r\n`;
  const read = decodeInPieces(fits, [fits.length]);
  assert.ok("done" in read && read.done);
  const over = `${most}0;a\r\n\r\n`;
  assert.deepEqual(decodeInPieces(over, [over.length]), { code: "chunk_extensions_too_long", status: 413 });
});

// Trailers.

test("ChunkedDecoder.trailers holds the trailer fields", () => {
  assert.deepEqual(decodeBody("1\r\nx\r\n0\r\nExpires: never\r\nX-Sum:\t1 2 \r\nx-sum:\r\n\r\n").trailers, [
    ["expires", "never"],
    ["x-sum", "1 2"],
    ["x-sum", ""],
  ]);
});

test("ChunkedDecoder.trailers outlives the bytes that the fields came in", () => {
  const lines = Array.from({ length: 60 }, (_, i) => [`x-${i}`, "v".repeat(i)]);
  const text = `0\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
  const bytes = bytesOf(text);
  const decoder = new ChunkedDecoder(0, 0);
  decoder.decode(bytes, 0, bytes.length, { push: () => true });
  bytes.fill(0);
  assert.deepEqual([...decoder.trailers], lines);
});

test("ChunkedDecoder.decode() reads trailers as strictly as headers", () => {
  for (
    const line of [
      "T : t",
      " folded",
      "\tfolded",
      ": t",
      "T",
      "T t",
      "T: \0",
      "T: \x7f",
      "T\xe9: t",
      "(T): t",
      "T: a\x0bb",
    ]
  ) {
    assertBodyRefused(`0\r\n${line}\r\n`, "bad_field", 400);
    assertBodyRefused(`0\r\nX: y\r\n${line}\r\n`, "bad_field", 400);
  }
});

test("ChunkedDecoder.decode() answers a trailer section over its limit with 431, exactly", () => {
  const text = "1\r\nx\r\n0\r\nT: t\r\nX: yz\r\n\r\n";
  const section = "T: t\r\nX: yz\r\n\r\n".length;
  assert.equal(decodeBody(text, { maxTrailerBytes: section }).trailers.length, 2);
  assertBodyRefused(text, "head_too_large", 431, { maxTrailerBytes: section - 1 });
  assertBodyRefused("0\r\n\r\n", "head_too_large", 431, { maxTrailerBytes: 1 });
});

test("ChunkedDecoder.decode() answers a trailer line that never ends with 431", () => {
  const limits = { maxTrailerBytes: 100 };
  const text = `0\r\nT: ${"t".repeat(98)}`;
  assertBodyRefused(text, "head_too_large", 431, limits);
  const read = decodeInPieces(text.slice(0, 103), [103], limits);
  assert.ok("done" in read && !read.done);
});

test("ChunkedDecoder.decode() answers more trailers than its limit with 431", () => {
  const limits = { maxTrailers: 3 };
  assert.equal(decodeBody("0\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", limits).trailers.length, 3);
  assertBodyRefused("0\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n", "head_too_large", 431, limits);
  assertBodyRefused("0\r\nA: 1\r\nB: 2\r\n", "head_too_large", 431, { maxTrailers: 1 });
});

test("ChunkedDecoder.decode() has no limit of trailers where it is 0", () => {
  const lines = Array.from({ length: 3000 }, (_, i) => `X-${i}: ${"v".repeat(20)}\r\n`);
  const text = `0\r\n${lines.join("")}\r\n`;
  const read = decodeInPieces(text, [1000, text.length], { maxTrailerBytes: 0, maxTrailers: 0 });
  assert.ok("done" in read && read.done && read.trailers.length === 3000);
});

// Properties.

const chunk = fc.record({
  data: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  zeros: fc.nat(4),
  upper: fc.boolean(),
  extension: fc.constantFrom("", "", ";a", ';a="b c"', " ; a=b"),
});
const trailer = fc.tuple(fc.constantFrom("X-A", "x-b", "Digest"), fc.constantFrom("", "1", "a b", "\xe9"));

/** Encodes as the engine does, with what a peer may add. */
function encode(chunks: readonly (typeof chunk extends fc.Arbitrary<infer T> ? T : never)[]): ByteWriter {
  const out = new ByteWriter(1);
  for (const { data, zeros, upper, extension } of chunks) {
    const size = new ByteWriter(1);
    size.hexadecimal(data.length);
    const digits = textOf(size.bytes, 0, size.length);
    out.latin1("0".repeat(zeros) + (upper ? digits.toUpperCase() : digits) + extension + "\r\n");
    out.copy(data);
    out.latin1("\r\n");
  }
  return out;
}

test("ChunkedDecoder.decode() gives back what was encoded, however it is split", () => {
  fc.assert(
    fc.property(
      fc.array(chunk, { maxLength: 8 }),
      fc.array(trailer, { maxLength: 4 }),
      fc.array(fc.nat(1000), { maxLength: 10 }),
      fc.infiniteStream(fc.boolean()),
      (chunks, trailers, places, appetite) => {
        const out = encode(chunks);
        out.latin1(`0\r\n${trailers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
        const text = textOf(out.bytes, 0, out.length);
        const expected = {
          body: chunks.map(({ data }) => textOf(data)).join(""),
          trailers: trailers.map(([name, value]) => [name.toLowerCase(), value]),
          length: text.length,
          done: true,
        };
        assert.deepEqual(decodeInPieces(text, cutsFrom(places, text.length)), expected);
        assert.deepEqual(decodeInPieces(text + "more", everyByte(text.length + 4)), expected);
        const wantsMore = (): boolean => appetite.next().value!;
        assert.deepEqual(decodeInPieces(text, cutsFrom(places, text.length), {}, wantsMore), expected);
      },
    ),
  );
});

test("ChunkedDecoder.decode() refuses a mutated body with a ProtocolError, or reads it, however it is split", () => {
  const base = "4;a=b\r\ndata\r\n00C\r\nand some more\r\n0\r\nTrailer: value\r\nX: y\r\n\r\n";
  const mutation = fc.record({
    at: fc.nat(base.length),
    remove: fc.nat(3),
    insert: fc.string({ unit: fc.constantFrom(...'\0\t\n\r 019afAFgx;:="\x7f\xff'), maxLength: 3 }),
  });
  fc.assert(
    fc.property(
      fc.array(mutation, { maxLength: 3 }),
      fc.array(fc.nat(100), { maxLength: 5 }),
      (mutations, places) => {
        let text = base;
        for (const { at, remove, insert } of mutations) {
          text = text.slice(0, at) + insert +
            text.slice(at + remove);
        }
        const whole = decodeInPieces(text, [text.length]);
        assert.deepEqual(decodeInPieces(text, everyByte(text.length)), whole);
        assert.deepEqual(decodeInPieces(text, cutsFrom(places, text.length)), whole);
      },
    ),
    { numRuns: 500 },
  );
});

test("ChunkedDecoder.decode() reads random bytes or refuses them with a ProtocolError", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom("", "1", "0\r\n", "1\r\nx\r\n0\r\nT:"),
      (bytes, start) => {
        const text = start + textOf(bytes);
        const limits = { maxTrailerBytes: 30, maxTrailers: 2 };
        const whole = decodeInPieces(text, [text.length], limits);
        assert.deepEqual(decodeInPieces(text, everyByte(text.length), limits), whole);
      },
    ),
    { numRuns: 500 },
  );
});
