/** ChunkedDecoder: what holds of every body, however it is split. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteWriter } from "../../src/wire/byte_writer.ts";
import { cutsFrom, decodeInPieces, everyByte, textOf } from "../wire/helpers.ts";

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
