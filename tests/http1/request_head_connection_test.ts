/**
 * RequestHead: what Connection and Expect ask for.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CLOSE, KEEP_ALIVE, UPGRADE } from "../../src/http1/connection_options.ts";
import { assertHeadRefused, readHead } from "../wire/helpers.ts";
import { get, request } from "./heads.ts";

test("RequestHead.connection tells the options of all Connection lines", () => {
  for (
    const [lines, options] of [
      [[], 0],
      [["Connection: close"], CLOSE],
      [["Connection: Keep-Alive"], KEEP_ALIVE],
      [["Connection: keep-alive, Upgrade"], KEEP_ALIVE | UPGRADE],
      [["Connection: x", "X: y", "CONNECTION: CLOSE"], CLOSE],
      [
        ["Connection: keep-alive", "Connection: ,upgrade,", "connection: close"],
        KEEP_ALIVE | UPGRADE | CLOSE,
      ],
      [["Connection: closed, not-close, close-not, keep-alive2, xkeep-alive"], 0],
      [["Connection: x close"], 0],
      [["Connection:"], 0],
      [["X-Connection: close", "Connectio: close", "Keep-Alive: close", "Proxy-Connection: close"], 0],
    ] as const
  ) {
    assert.equal(readHead(get(...lines)).connection, options, lines.join());
    assert.equal(readHead(request("GET / HTTP/1.0", lines, [])).connection, options, lines.join());
  }
});

test("RequestHead.expectsContinue tells of Expect: 100-continue", () => {
  assert.equal(readHead(get("Content-Length: 1")).expectsContinue, false);
  assert.equal(readHead(get("Content-Length: 1", "Expect: 100-continue")).expectsContinue, true);
  assert.equal(readHead(get("eXPECT:\t100-CONTINUE ")).expectsContinue, true);
  assert.equal(readHead(get("Expected: 100-continue", "Expec: 100-continue")).expectsContinue, false);
  assert.equal(readHead(get("Accept: 100-continue")).expectsContinue, false);
});

test("RequestHead.parse() answers other expectations with 417", () => {
  for (
    const value of [
      "100-continu",
      "100-continue2",
      "200-ok",
      "100-continue, x",
      "x, 100-continue",
      "100-continue;a=b",
    ]
  ) {
    assertHeadRefused(get(`Expect: ${value}`), "unsupported_expectation", 417);
  }
  assertHeadRefused(get("Expect: 100-continue", "Expect: x"), "unsupported_expectation", 417);
});

test("RequestHead.parse() ignores Expect in HTTP/1.0 (RFC 9110 §10.1.1)", () => {
  for (const value of ["100-continue", "200-ok"]) {
    const { expectsContinue, fields } = readHead(request("PUT / HTTP/1.0", [`Expect: ${value}`], []));
    assert.equal(expectsContinue, false);
    assert.deepEqual(fields, [["expect", value]]);
  }
});
