/** How the end of a body is known (RFC 9112 §6): the lines that say so, each alone and together. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  checkTransferEncoding,
  CHUNKED,
  contentLength,
  NO_LENGTH,
  requestFraming,
} from "../../src/http1/framing.ts";
import { assertRefuses, inMemory } from "../wire/helpers.ts";

function lengthOf(value: string, earlier: number = NO_LENGTH): number {
  return inMemory(value, (bytes, start, end) => contentLength(bytes, start, end, earlier));
}

function checkCoding(value: string): void {
  return inMemory(value, checkTransferEncoding);
}

test("contentLength() reads decimal digits", () => {
  for (const value of ["0", "1", "10", "1234567890", "9007199254740991"]) {
    assert.equal(lengthOf(value), Number(value));
  }
  assert.equal(lengthOf("000"), 0);
  assert.equal(lengthOf("0010"), 10);
});

test("contentLength() accepts a further line that says the same (RFC 9110 §8.6)", () => {
  assert.equal(lengthOf("42", 42), 42);
  assert.equal(lengthOf("0", 0), 0);
});

test("contentLength() rejects a list, of equal values too", () => {
  for (const value of ["42, 42", "42,42", ",42", "42,"]) {
    assertRefuses(() => lengthOf(value), "bad_content_length", 400);
    assertRefuses(() => lengthOf(value, 42), "bad_content_length", 400);
  }
});

test("contentLength() rejects differing values", () => {
  for (const value of ["42, 43", "42, 42, 43", "0, 42", "42,4"]) {
    assertRefuses(() => lengthOf(value), "bad_content_length", 400);
  }
  assertRefuses(() => lengthOf("43", 42), "bad_content_length", 400);
  assertRefuses(() => lengthOf("0", 42), "bad_content_length", 400);
  assertRefuses(() => lengthOf("42", 0), "bad_content_length", 400);
  assertRefuses(() => lengthOf("42, 43", 42), "bad_content_length", 400);
});

test("contentLength() rejects an empty value, also after a good line", () => {
  for (const value of ["", ",", " , ,"]) {
    assertRefuses(() => lengthOf(value), "bad_content_length", 400);
    assertRefuses(() => lengthOf(value, 42), "bad_content_length", 400);
  }
});

test("contentLength() rejects signs, blanks, fractions, other bases and anything else", () => {
  for (
    const value of [
      "+1",
      "-1",
      "1 1",
      "1.0",
      "1e3",
      "0x1f",
      "1_000",
      "1f",
      "1;",
      "1=1",
      "'1'",
      '"1"',
      "NaN",
      "\xb9",
      "1\0",
    ]
  ) {
    assertRefuses(() => lengthOf(value), "bad_content_length", 400);
  }
});

test("contentLength() accepts no byte but digits", () => {
  for (let code = 0; code < 256; code++) {
    const char = String.fromCharCode(code);
    if (/[0-9]/.test(char)) assert.equal(lengthOf(`1${char}1`), Number(`1${char}1`));
    else if (char !== ",") assertRefuses(() => lengthOf(`1${char}1`), "bad_content_length", 400);
  }
});

test("contentLength() rejects what a number cannot hold exactly", () => {
  for (
    const value of [
      "9007199254740992",
      "9007199254740993",
      "18446744073709551616",
      "1".repeat(309),
      "9".repeat(5000),
    ]
  ) {
    assertRefuses(() => lengthOf(value), "bad_content_length", 400);
  }
  assertRefuses(() => lengthOf("9".repeat(400) + "x"), "bad_content_length", 400);
});

test("contentLength() reads every safe integer as it is", () => {
  fc.assert(fc.property(fc.maxSafeNat(), fc.nat(5), (length, zeros) => {
    assert.equal(lengthOf("0".repeat(zeros) + length), length);
  }));
});

test("checkTransferEncoding() accepts chunked alone, in any case", () => {
  for (const value of ["chunked", "Chunked", "CHUNKED"]) checkCoding(value);
});

test("checkTransferEncoding() rejects a last coding other than chunked (RFC 9112 §6.3)", () => {
  for (
    const value of ["gzip", "identity", "chunked, gzip", "chunked,identity", "gzip, chunked, deflate", "x"]
  ) {
    assertRefuses(() => checkCoding(value), "bad_transfer_encoding", 400);
  }
});

test("checkTransferEncoding() rejects chunked applied twice", () => {
  for (
    const value of ["chunked, chunked", "chunked,chunked", "gzip, chunked, chunked", "chunked, gzip, chunked"]
  ) {
    assertRefuses(() => checkCoding(value), "bad_transfer_encoding", 400);
  }
});

test("checkTransferEncoding() rejects what only resembles chunked", () => {
  for (
    const value of [
      "",
      ",",
      "chunke",
      "chunkedd",
      "xchunked",
      "chunked;a=b",
      "chunked;",
      "chunked;a=b, gzip",
      '"chunked"',
      "chunked chunked",
      "chunked,",
      ",chunked",
      "\x0bchunked",
      "chunked\0",
    ]
  ) {
    assertRefuses(() => checkCoding(value), "bad_transfer_encoding", 400);
  }
});

test("checkTransferEncoding() answers codings before chunked with 501 (RFC 9112 §6.1)", () => {
  for (const value of ["gzip, chunked", "gzip,chunked", "GZIP , deflate,\tCHUNKED", "x;a=b, chunked"]) {
    assertRefuses(() => checkCoding(value), "unknown_transfer_encoding", 501);
  }
});

test("requestFraming() is none without either field", () => {
  for (const minor of [0, 1]) assert.equal(requestFraming(minor, NO_LENGTH, 0), 0);
});

test("requestFraming() is the length where one was given", () => {
  for (const minor of [0, 1]) {
    for (const length of [0, 1, 2 ** 53 - 1]) assert.equal(requestFraming(minor, length, 0), length);
  }
});

test("requestFraming() is chunked for one Transfer-Encoding line in HTTP/1.1", () => {
  assert.equal(requestFraming(1, NO_LENGTH, 1), CHUNKED);
});

test("requestFraming() rejects Transfer-Encoding together with Content-Length, repeated, or in HTTP/1.0", () => {
  for (
    const [minor, length, lines] of [[1, 5, 1], [1, 0, 1], [1, NO_LENGTH, 2], [0, NO_LENGTH, 1], [0, 5, 1]]
  ) {
    assertRefuses(() => requestFraming(minor, length, lines), "bad_transfer_encoding", 400);
  }
});
