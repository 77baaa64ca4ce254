/** ChunkedDecoder: the sizes and line ends that it refuses. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bodyOf, END } from "../support/chunked_bodies.ts";
import { assertBodyRefused } from "../wire/helpers.ts";

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
