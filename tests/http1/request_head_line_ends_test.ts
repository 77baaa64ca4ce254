/**
 * RequestHead: empty lines before a request, and that each line ends in CRLF.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestHead } from "../../src/http1/request_head.ts";
import { assertHeadIncomplete, assertHeadRefused, bytesOf, LIMITS, readHead } from "../wire/helpers.ts";
import { get } from "./heads.ts";

test("RequestHead.parse() passes over up to four empty lines before a request", () => {
  for (let count = 0; count <= 4; count++) {
    const text = "\r\n".repeat(count) + get();
    assert.equal(readHead(text).length, text.length);
    assertHeadIncomplete("\r\n".repeat(count));
  }
});

test("RequestHead.parse() rejects more empty lines than that", () => {
  for (const count of [5, 6, 100]) assertHeadRefused("\r\n".repeat(count), "bad_request_line", 400);
  assertHeadRefused("\r\n".repeat(5) + get(), "bad_request_line", 400);
});

test("RequestHead.parse() bounds the empty lines of each request by itself", () => {
  const head = new RequestHead();
  const text = "\r\n".repeat(4) + get();
  for (let i = 0; i < 3; i++) {
    assert.equal(head.parse(bytesOf(text), 0, text.length, LIMITS), text.length);
    head.reset();
  }
});

test("RequestHead.parse() rejects a bare LF", () => {
  const { length } = "GET / HTTP/1.1";
  const text = get("X: y");
  assertHeadRefused("\n" + text, "bad_request_line", 400);
  assertHeadRefused("\r\n\n" + text, "bad_request_line", 400);
  assertHeadRefused(text.slice(0, length) + "\n" + text.slice(length + 2), "bad_version", 400);
  assertHeadRefused("GET / HTTP/1.1\n", "bad_version", 400);
  assertHeadRefused("GET / HTTP/1.1\n\n", "bad_version", 400);
  assertHeadRefused("GET\n / HTTP/1.1\r\n", "bad_request_line", 400);
  assertHeadRefused("GET /\n HTTP/1.1\r\n", "bad_target", 400);
  assertHeadRefused("GET / HTTP\n/1.1\r\n", "bad_version", 400);
  assertHeadRefused(text.replace("X: y\r\n", "X: y\n"), "bad_field", 400);
  assertHeadRefused(text.replace("X: y\r\n", "X:\n"), "bad_field", 400);
  assertHeadRefused(text.replace("X: y\r\n", "X\n"), "bad_field", 400);
  assertHeadRefused(text.slice(0, -2) + "\n", "bad_field", 400);
});

test("RequestHead.parse() rejects a bare CR", () => {
  const text = get("X: y");
  assertHeadRefused("\r" + text, "bad_request_line", 400);
  assertHeadRefused("\r\r\n" + text, "bad_request_line", 400);
  assertHeadRefused("GET\r / HTTP/1.1\r\n", "bad_request_line", 400);
  assertHeadRefused("GET\r/ HTTP/1.1\r\n", "bad_request_line", 400);
  assertHeadRefused("GET /\rHTTP/1.1\r\n", "bad_target", 400);
  assertHeadRefused("GET / HTTP/1.1\r" + text.slice(16), "bad_version", 400);
  assertHeadRefused("GET / HTTP/1.1\r\r\n", "bad_version", 400);
  assertHeadRefused(text.replace("X: y\r\n", "X: y\rz\r\n"), "bad_field", 400);
  assertHeadRefused(text.replace("X: y\r\n", "X: y\r\r\n"), "bad_field", 400);
  assertHeadRefused(text.replace("X: y\r\n", "X\r: y\r\n"), "bad_field", 400);
  assertHeadRefused(text.replace("X: y\r\n", "X:\ry\r\n"), "bad_field", 400);
  assertHeadRefused(text.slice(0, -2) + "\r\r\n", "bad_field", 400);
});
