/** ChunkedDecoder: chunk extensions (RFC 9112 §7.1.1), and their bounds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bodyOf, END } from "../support/chunked_bodies.ts";
import { assertBodyRefused, decodeInPieces, everyByte } from "../wire/helpers.ts";

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
