/**
 * RequestHead: field lines as it gives them, and those that it refuses.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertHeadRefused, readHead } from "../wire/helpers.ts";
import { get, request } from "./heads.ts";

test("RequestHead.parse() gives fields in order, names in lower case, values without blanks around them", () => {
  const { fields } = readHead(
    request("GET / HTTP/1.1", [
      "X-One:1",
      "x-two: \t 2  2 \t ",
      "X-EMPTY:",
      "X-Blank: \t",
      "x-one: again",
      "X-Latin1: caf\xe9 \xff\x80",
      "!#$%&'*+-.^_`|~09azAZ: :\"\\,",
      "Content-Type: text/plain",
    ]),
  );
  assert.deepEqual(fields.slice(1), [
    ["x-one", "1"],
    ["x-two", "2  2"],
    ["x-empty", ""],
    ["x-blank", ""],
    ["x-one", "again"],
    ["x-latin1", "caf\xe9 \xff\x80"],
    ["!#$%&'*+-.^_`|~09azaz", ':"\\,'],
    ["content-type", "text/plain"],
  ]);
});

test("RequestHead.parse() rejects a space before the colon", () => {
  for (const line of ["X : y", "X\t: y", "Host : a", "Content-Length : 5", "Transfer-Encoding : chunked"]) {
    assertHeadRefused(get(line), "bad_field", 400);
  }
});

test("RequestHead.parse() rejects folded lines", () => {
  for (const fold of [" folded", "\tfolded", " ", "\t", " X: y"]) {
    assertHeadRefused(get("X: y", fold), "bad_field", 400);
    assertHeadRefused(get("X: y", fold, "Z: z"), "bad_field", 400);
  }
});

test("RequestHead.parse() rejects blanks between the request line and the first field", () => {
  assertHeadRefused("GET / HTTP/1.1\r\n Host: a\r\n\r\n", "bad_field", 400);
  assertHeadRefused("GET / HTTP/1.1\r\n\tHost: a\r\n\r\n", "bad_field", 400);
  assertHeadRefused("GET / HTTP/1.1\r\n \r\nHost: a\r\n\r\n", "bad_field", 400);
});

test("RequestHead.parse() rejects a field line without a name or a colon", () => {
  for (const line of [":", ": y", "X", "X y", "X=y", "GET / HTTP/1.1"]) {
    assertHeadRefused(get(line), "bad_field", 400);
  }
});

test("RequestHead.parse() rejects a field name that is no token", () => {
  for (const byte of '\0\x01\x1f "(),/;<=>?@[\\]{}\x7f\x80\xe9\xff') {
    assertHeadRefused(get(`X${byte}Y: z`), "bad_field", 400);
    assertHeadRefused(get(`${byte}X: z`), "bad_field", 400);
  }
});

test("RequestHead.parse() rejects NUL and every other control byte in a field value", () => {
  for (let code = 0; code < 128; code++) {
    if ((code >= 0x20 && code !== 0x7f) || code === 0x09) continue;
    const byte = String.fromCharCode(code);
    assertHeadRefused(get(`X: y${byte}z`), "bad_field", 400);
    assertHeadRefused(get(`X:${byte}`), "bad_field", 400);
  }
});
