/** decodeHuffman(): every code, any text, and what may not be at the end of a string. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeHuffman, huffmanCapacity } from "../../src/http2/huffman.ts";
import { codeOf, huffman, packed } from "../support/hpack.ts";
import { bytesOf, textOf } from "../wire/helpers.ts";

const EOS = codeOf(256);

/** What is decoded, between other octets, or -1. Nothing is written outside of what `huffmanCapacity` tells. */
function decode(octets: readonly number[]): string | -1 {
  const bytes = Uint8Array.of(0xff, ...octets, 0x00);
  const capacity = huffmanCapacity(octets.length);
  const memory = new Uint8Array(capacity + 8).fill(0xaa);
  const length = decodeHuffman(bytes, 1, 1 + octets.length, memory);
  assert.ok(length < capacity);
  assert.ok(memory.subarray(capacity).every((octet) => octet === 0xaa), "it wrote too far");
  return length < 0 ? -1 : textOf(memory, 0, length);
}

/** Adds ones up to the next whole octet. */
function padded(bits: string): number[] {
  return packed(bits.padEnd(Math.ceil(bits.length / 8) * 8, "1"));
}

test("decodeHuffman() decodes each octet, at each place within an octet", () => {
  for (let octet = 0; octet < 256; octet++) {
    const char = String.fromCharCode(octet);
    // `0` has five bits.
    for (let before = 0; before < 8; before++) {
      const text = "0".repeat(before) + char + "a";
      assert.equal(decode(huffman(text)), text);
    }
  }
});

test("decodeHuffman() decodes nothing to nothing", () => {
  assert.equal(decode([]), "");
});

test("decodeHuffman() decodes the strings of RFC 7541, Appendix C", () => {
  const strings: Record<string, string> = {
    "www.example.com": "f1e3c2e5f23a6ba0ab90f4ff",
    "no-cache": "a8eb10649cbf",
    "custom-key": "25a849e95ba97d7f",
    "custom-value": "25a849e95bb8e8b4bf",
    "302": "6402",
    "private": "aec3771a4b",
    "Mon, 21 Oct 2013 20:13:21 GMT": "d07abe941054d444a8200595040b8166e082a62d1bff",
    "https://www.example.com": "9d29ad171863c78f0b97c8e9ae82ae43d3",
    "307": "640eff",
    "gzip": "9bd9ab",
    "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1":
      "94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
  };
  for (const [text, hex] of Object.entries(strings)) {
    const octets = hex.match(/../g)!.map((octet) => parseInt(octet, 16));
    assert.equal(decode(octets), text);
    assert.deepEqual(huffman(text), octets);
  }
});

test("decodeHuffman() decodes any octets", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = textOf(bytes);
      assert.equal(decode(huffman(text)), text);
    }),
    { numRuns: 300 },
  );
});

test("decodeHuffman() writes as much as huffmanCapacity() tells where all codes are short", () => {
  for (let count = 0; count < 50; count++) {
    const text = "e".repeat(count);
    const octets = huffman(text);
    assert.equal(decode(octets), text);
    if (count % 8 === 0) assert.equal(huffmanCapacity(octets.length), count + 1);
  }
});

test("decodeHuffman() takes up to seven ones as padding", () => {
  for (let octet = 0; octet < 256; octet++) {
    const bits = codeOf(octet);
    const padding = (8 - bits.length % 8) % 8;
    assert.equal(decode(packed(bits + "1".repeat(padding))), String.fromCharCode(octet));
  }
});

test("decodeHuffman() refuses padding of eight ones and more", () => {
  assert.equal(decode([0xff]), -1);
  assert.equal(decode([0xff, 0xff]), -1);
  assert.equal(decode([0xff, 0xff, 0xff]), -1);
  for (let octet = 0; octet < 256; octet++) {
    assert.equal(decode([...padded(codeOf(octet)), 0xff]), -1);
    assert.equal(decode([...padded(codeOf(octet)), 0xff, 0xff]), -1);
  }
});

test("decodeHuffman() refuses padding that is not all ones", () => {
  for (let octet = 0; octet < 256; octet++) {
    const bits = codeOf(octet);
    const padding = (8 - bits.length % 8) % 8;
    for (let zero = 0; zero < padding; zero++) {
      const wrong = "1".repeat(zero) + "0" + "1".repeat(padding - zero - 1);
      // Five to seven bits may be a code of their own: they are no padding then.
      const isCode = Array.from({ length: 256 }, (_, other) => codeOf(other)).some((code) =>
        wrong.startsWith(code)
      );
      if (!isCode) assert.equal(decode(packed(bits + wrong)), -1, `${octet}, then ${wrong}`);
    }
  }
});

test("decodeHuffman() refuses EOS wherever it is", () => {
  assert.equal(decode(padded(EOS)), -1);
  for (const before of ["", "0", "00", "a~", "\0", "\xff\n"]) {
    const bits = [...bytesOf(before)].map(codeOf).join("");
    assert.equal(decode(padded(bits + EOS)), -1);
    assert.equal(decode(padded(bits + EOS + codeOf(0x30))), -1);
    assert.equal(decode(padded(bits + EOS + EOS + codeOf(0x30).repeat(50))), -1);
  }
});

test("decodeHuffman() refuses a code that ends too early", () => {
  for (let octet = 0; octet < 256; octet++) {
    const bits = codeOf(octet);
    if (bits.length > 8) {
      assert.equal(
        decode(packed(bits.slice(0, bits.length & ~7))),
        bits.length % 8 ? -1 : String.fromCharCode(octet),
      );
    }
  }
});

test("decodeHuffman() decodes random octets to what encodes to them, or refuses them", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const text = decode([...bytes]);
      if (text !== -1) assert.deepEqual(huffman(text), [...bytes]);
    }),
    { numRuns: 1000 },
  );
});
