/**
 * RequestHead: each limit from both sides, by itself, off, and before a head ends.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  assertHeadIncomplete,
  assertHeadRefused,
  everyByte,
  isRead,
  LIMITS,
  parseInPieces,
  readHead,
} from "../wire/helpers.ts";
import { get, request, UNLIMITED } from "./heads.ts";

test("RequestHead.parse() answers a target over maxTargetBytes with 414", () => {
  const limits = { ...LIMITS, maxTargetBytes: 20 };
  assert.equal(readHead(request(`GET /${"t".repeat(19)} HTTP/1.1`), limits).target.length, 20);
  assertHeadRefused(request(`GET /${"t".repeat(20)} HTTP/1.1`), "target_too_long", 414, limits);
  assertHeadRefused(
    request(`GET http://a.example/${"t".repeat(20)} HTTP/1.1`),
    "target_too_long",
    414,
    limits,
  );
});

test("RequestHead.parse() answers a target over maxTargetBytes with 414 before it ends", () => {
  const limits = { ...LIMITS, maxTargetBytes: 20 };
  assertHeadIncomplete(`GET /${"t".repeat(19)}`, limits);
  assertHeadRefused(`GET /${"t".repeat(1000)}`, "target_too_long", 414, limits);
});

test("RequestHead.parse() answers a request line that never ends with 414, whatever stands in it", () => {
  const limits = { ...LIMITS, maxTargetBytes: 20 };
  for (const endless of ["T".repeat(200), `GET / HTTP/1.1${" ".repeat(200)}`, `GET ${"\0".repeat(200)}`]) {
    const outcome = parseInPieces(endless, everyByte(endless.length), limits);
    assert.deepEqual(outcome, { code: "target_too_long", status: 414 });
  }
});

test("RequestHead.parse() bounds the request line at one length, however it is split", () => {
  const limits = { ...LIMITS, maxTargetBytes: 20 };
  for (const before of ["", "\r\n\r\n"]) {
    for (let method = 1; method <= 60; method++) {
      const text = before + request(`${"M".repeat(method)} /${"t".repeat(19)} HTTP/1.1`);
      // The longest target leaves room for a method of 36 bytes.
      if (method <= 36) readHead(text, limits);
      else assertHeadRefused(text, "target_too_long", 414, limits);
    }
  }
});

test("RequestHead.parse() answers a head over maxHeaderBytes with 431", () => {
  const text = get("X: y", "Content-Length: 5");
  const exact = { ...LIMITS, maxHeaderBytes: text.length };
  assert.equal(readHead(text, exact).length, text.length);
  assertHeadRefused(text, "head_too_large", 431, { ...LIMITS, maxHeaderBytes: text.length - 1 });
  const padded = "\r\n" + text;
  assertHeadRefused(padded, "head_too_large", 431, exact);
  // What else is wrong with it as a whole does not count then, whether it comes whole or not.
  const hostless = request("GET / HTTP/1.1", ["X: y"], []);
  assertHeadRefused(hostless, "head_too_large", 431, { ...LIMITS, maxHeaderBytes: hostless.length - 1 });
});

test("RequestHead.parse() answers a head over maxHeaderBytes with 431 before it ends", () => {
  const limits = { ...LIMITS, maxHeaderBytes: 200 };
  const text = `${get().slice(0, -2)}X: ${"v".repeat(1000)}`;
  assertHeadIncomplete(text.slice(0, 200), limits);
  const refusal = { code: "head_too_large", status: 431 };
  for (const length of [201, text.length]) {
    assert.deepEqual(parseInPieces(text, [length], limits), refusal);
    assert.deepEqual(parseInPieces(text, everyByte(length), limits), refusal);
  }
});

test("RequestHead.parse() answers more than maxHeaders lines with 431", () => {
  const limits = { ...LIMITS, maxHeaders: 5 };
  assert.equal(readHead(get("A: 1", "B: 2", "C: 3", "D: 4"), limits).fields.length, 5);
  assertHeadRefused(get("A: 1", "B: 2", "C: 3", "D: 4", "E: 5"), "too_many_fields", 431, limits);
  assertHeadRefused(get("A: 1", "A: 2", "A: 3", "A: 4", "A: 5"), "too_many_fields", 431, limits);
});

test("RequestHead.parse() takes a limit of 1 for one", () => {
  readHead(get(), { maxHeaderBytes: 0, maxHeaders: 1, maxTargetBytes: 1 });
  assertHeadRefused(get("X: y"), "too_many_fields", 431, { ...UNLIMITED, maxHeaders: 1 });
  assertHeadRefused(request("GET /a HTTP/1.1"), "target_too_long", 414, { ...UNLIMITED, maxTargetBytes: 1 });
  assertHeadRefused("GET / HTTP/1.0\r\n\r\n", "head_too_large", 431, { ...UNLIMITED, maxHeaderBytes: 1 });
});

test("RequestHead.parse() has no limit where it is 0", () => {
  const line = `GET /${"t".repeat(20_000)} HTTP/1.1`;
  const fields = Array.from({ length: 2000 }, (_, i) => `X-${i}: ${"v".repeat(10)}`);
  const text = request(line, [`Y: ${"v".repeat(100_000)}`, ...fields]);
  const { length } = text;
  const head = parseInPieces(text, [10_000, 50_000, 130_000, length], UNLIMITED);
  assert.ok(isRead(head));
  assert.equal(head.length, length);
  assert.equal(head.target.length, 20_001);
  assert.equal(head.fields.length, 2002);
});

test("RequestHead.parse() has each limit for itself", () => {
  const text = request(`GET /${"t".repeat(99)} HTTP/1.1`, ["A: 1", "B: 2", "C: 3"]);
  const { length } = text;
  readHead(text, { maxHeaderBytes: 0, maxHeaders: 4, maxTargetBytes: 100 });
  readHead(text, { maxHeaderBytes: length, maxHeaders: 0, maxTargetBytes: 100 });
  readHead(text, { maxHeaderBytes: length, maxHeaders: 4, maxTargetBytes: 0 });
  assertHeadRefused(text, "target_too_long", 414, { ...UNLIMITED, maxTargetBytes: 99 });
  assertHeadRefused(text, "too_many_fields", 431, { ...UNLIMITED, maxHeaders: 3 });
  assertHeadRefused(text, "head_too_large", 431, { ...UNLIMITED, maxHeaderBytes: length - 1 });
});
