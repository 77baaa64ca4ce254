/** Status lines (RFC 9112 §4). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { statusLine } from "../../src/http1/status_line.ts";
import { textOf } from "../wire/helpers.ts";

test("statusLine() gives a whole line", () => {
  assert.equal(textOf(statusLine(200)), "HTTP/1.1 200 OK\r\n");
  assert.equal(textOf(statusLine(404)), "HTTP/1.1 404 Not Found\r\n");
});

test("statusLine() keeps the space where there is no phrase (RFC 9112 §4)", () => {
  assert.equal(textOf(statusLine(299)), "HTTP/1.1 299 \r\n");
  assert.equal(textOf(statusLine(999)), "HTTP/1.1 999 \r\n");
});

test("statusLine() is well-formed for every status, and made once", () => {
  for (let status = 100; status <= 999; status++) {
    const line = statusLine(status);
    assert.match(textOf(line), new RegExp(`^HTTP/1\\.1 ${status} [A-Za-z -]*\r\n$`));
    assert.equal(statusLine(status), line);
  }
});
