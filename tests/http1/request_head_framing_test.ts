/**
 * RequestHead: how Content-Length and Transfer-Encoding frame the body, and when they are refused.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CHUNKED } from "../../src/http1/framing.ts";
import { assertHeadRefused, readHead } from "../wire/helpers.ts";
import { get, request } from "./heads.ts";

test("RequestHead.parse() knows a body by Content-Length, by chunked, or not at all", () => {
  assert.equal(readHead(get()).framing, 0);
  assert.equal(readHead(get("Content-Length: 0")).framing, 0);
  assert.equal(readHead(get("CONTENT-LENGTH: 12")).framing, 12);
  assert.equal(readHead(get("Content-Length: 00012")).framing, 12);
  assert.equal(readHead(get("Content-Length: 9007199254740991")).framing, 9007199254740991);
  assert.equal(readHead(get("Transfer-Encoding: chunked")).framing, CHUNKED);
  assert.equal(readHead(get("transfer-encoding:CHUNKED ")).framing, CHUNKED);
  assert.equal(readHead(request("POST / HTTP/1.0", ["Content-Length: 5"], [])).framing, 5);
});

test("RequestHead.parse() takes equal Content-Lengths for one (RFC 9112 §6.3)", () => {
  assert.equal(readHead(get("Content-Length: 5", "X: y", "content-length: 5")).framing, 5);
});

test("RequestHead.parse() rejects differing Content-Lengths", () => {
  assertHeadRefused(get("Content-Length: 5", "Content-Length: 6"), "bad_content_length", 400);
  assertHeadRefused(get("Content-Length: 0", "X: y", "Content-Length: 6"), "bad_content_length", 400);
  assertHeadRefused(get("Content-Length: 5, 6"), "bad_content_length", 400);
  assertHeadRefused(get("Content-Length: 5, 5"), "bad_content_length", 400);
});

test("RequestHead.parse() rejects a malformed Content-Length", () => {
  for (
    const value of ["", ",", "+5", "-5", "-0", "5.0", "5 5", "0x5", "5e0", "five", "5;", "\xb2", "5,x", '"5"']
  ) {
    assertHeadRefused(get(`Content-Length: ${value}`), "bad_content_length", 400);
  }
});

test("RequestHead.parse() rejects a Content-Length that no safe integer holds", () => {
  for (const value of ["9007199254740992", "9007199254740993", "18446744073709551621", "9".repeat(400)]) {
    assertHeadRefused(get(`Content-Length: ${value}`), "bad_content_length", 400);
  }
});

test("RequestHead.parse() rejects Content-Length with Transfer-Encoding, in either order", () => {
  for (const length of ["Content-Length: 5", "Content-Length: 0"]) {
    assertHeadRefused(get(length, "Transfer-Encoding: chunked"), "bad_transfer_encoding", 400);
    assertHeadRefused(get("Transfer-Encoding: chunked", "X: y", length), "bad_transfer_encoding", 400);
  }
});

test("RequestHead.parse() rejects Transfer-Encoding in HTTP/1.0", () => {
  for (const host of [[], ["Host: a"]]) {
    const text = request("POST / HTTP/1.0", ["Transfer-Encoding: chunked"], host);
    assertHeadRefused(text, "bad_transfer_encoding", 400);
  }
});

test("RequestHead.parse() rejects a Transfer-Encoding other than chunked", () => {
  for (
    const value of [
      "",
      ",",
      "gzip",
      "identity",
      "xchunked",
      "chunkedx",
      "chunke",
      "chunked, gzip",
      "chunked, chunked",
      "gzip, chunked, identity",
      "chunked;q=1",
      '"chunked"',
      "chunked x",
      "\x80chunked",
    ]
  ) {
    assertHeadRefused(get(`Transfer-Encoding: ${value}`), "bad_transfer_encoding", 400);
  }
});

test("RequestHead.parse() answers codings before chunked with 501 (RFC 9112 §6.1)", () => {
  for (const value of ["gzip, chunked", "gzip,deflate , Chunked", "identity, chunked"]) {
    assertHeadRefused(get(`Transfer-Encoding: ${value}`), "unknown_transfer_encoding", 501);
  }
});

test("RequestHead.parse() rejects a repeated Transfer-Encoding", () => {
  const line = "Transfer-Encoding: chunked";
  assertHeadRefused(get(line, line), "bad_transfer_encoding", 400);
  assertHeadRefused(get(line, "X: y", "transfer-encoding: gzip"), "bad_transfer_encoding", 400);
});

test("RequestHead.parse() takes no field for another of the same length", () => {
  const head = readHead(
    get(
      "Link: a b",
      "Accept: x",
      "Xonnection: close",
      "Xontent-Length: x",
      "Xransfer-Encoding: x",
      "Hosx: b",
    ),
  );
  assert.deepEqual([head.framing, head.connection, head.expectsContinue], [0, 0, false]);
});
