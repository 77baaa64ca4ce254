/** ChunkedDecoder: trailer fields (RFC 9112 §7.1.2), and their limits. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ChunkedDecoder } from "../../src/http1/chunked_decoder.ts";
import { assertBodyRefused, bytesOf, decodeBody, decodeInPieces } from "../wire/helpers.ts";

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
