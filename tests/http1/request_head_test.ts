/**
 * RequestHead: what it tells of a head as a whole, which bytes it reads for that, and how it begins anew.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestHead } from "../../src/http1/request_head.ts";
import { NEED_MORE } from "../../src/wire/bytes.ts";
import {
  assertHeadIncomplete,
  bytesOf,
  countReads,
  LIMITS,
  readHead,
  textOf,
  usedHead,
} from "../wire/helpers.ts";
import { get, request } from "./heads.ts";

test("RequestHead.parse() reads a head", () => {
  const text = request("GET /path?q=1 HTTP/1.1", ["Accept: */*", "Content-Length: 3"]);
  assert.deepEqual(readHead(text), {
    method: "GET",
    target: "/path?q=1",
    minor: 1,
    fields: [["host", "a.example"], ["accept", "*/*"], ["content-length", "3"]],
    connection: 0,
    framing: 3,
    expectsContinue: false,
    length: text.length,
  });
});

test("RequestHead.parse() reads a head without any field from HTTP/1.0", () => {
  const { method, target, minor, fields } = readHead("GET / HTTP/1.0\r\n\r\n");
  assert.deepEqual({ method, target, minor, fields }, { method: "GET", target: "/", minor: 0, fields: [] });
});

test("RequestHead.parse() answers NEED_MORE for every beginning of a head", () => {
  const text = "\r\n" +
    request("OPTIONS * HTTP/1.1", ["Connection: close", "Expect: 100-continue", "X: y z "]);
  for (let length = 0; length < text.length; length++) assertHeadIncomplete(text.slice(0, length));
  readHead(text);
});

test("RequestHead.parse() answers where the head ends, and the rest is left for the body or the next head", () => {
  const text = get("Content-Length: 4");
  const bytes = bytesOf(`xx${text}\r\n\r\nGET /next HTTP/1.1`);
  const head = new RequestHead();
  assert.equal(head.parse(bytes, 2, bytes.length, LIMITS), text.length);
  assert.equal(head.length, text.length);
});

test("RequestHead.parse() reads no byte before or behind the head, and changes none", () => {
  const text = get("Content-Length: 4", "Connection: keep-alive", "Transfer-Encodin: x");
  const memory = bytesOf(`\r\n${text}\n\0\0\0`);
  const reads = new Uint32Array(memory.length);
  assert.equal(new RequestHead().parse(countReads(memory, reads), 2, memory.length, LIMITS), text.length);
  assert.deepEqual([...reads.subarray(0, 2), ...reads.subarray(2 + text.length)], [0, 0, 0, 0, 0, 0]);
  assert.ok(reads.subarray(2, 2 + text.length).every((count) => count > 0));
  assert.equal(textOf(memory), `\r\n${text}\n\0\0\0`, "the bytes were changed");
});

test("RequestHead.parse() looks at each byte a bounded number of times, however the head is split", () => {
  const text = "\r\n\r\n" + request(`GET /${"t".repeat(3000)} HTTP/1.1`, [
    `X-Long: ${"v".repeat(5000)}`,
    `${"n".repeat(1000)}: name`,
    ...Array.from({ length: 50 }, (_, i) => `X-${i}: ${i}`),
    "Content-Length: 12",
    "Connection: keep-alive, upgrade, x",
    "Expect: 100-continue",
  ]);
  const memory = bytesOf(text);
  for (const step of [1, 2, 3, 7, 100, text.length]) {
    const reads = new Uint32Array(memory.length);
    const counted = countReads(memory, reads);
    const head = new RequestHead();
    for (let end = step; end < text.length; end += step) {
      assert.equal(head.parse(counted, 0, end, LIMITS), NEED_MORE);
    }
    assert.equal(head.parse(counted, 0, text.length, LIMITS), text.length);
    // A line is begun, searched for its end, read, and what is known of it looked at: far from once per call.
    assert.ok(Math.max(...reads) <= 16, `in steps of ${step} a byte was read ${Math.max(...reads)} times`);
  }
});

test("RequestHead.fields and target move with the bytes", () => {
  const text = request("GET /target HTTP/1.1", ["X-Test: value"]);
  const head = new RequestHead();
  const first = bytesOf(text);
  head.parse(first, 0, text.length, LIMITS);
  const moved = bytesOf(`....${text}`);
  head.moveTo(moved, 4);
  first.fill(0);
  assert.equal(head.target, "/target");
  assert.equal(head.fields.get("x-test"), "value");
});

test("RequestHead.reset() lets go of the bytes, and begins anew", () => {
  const head = usedHead();
  assert.equal(head.begun, false);
  assert.deepEqual([head.bytes.length, head.fields.bytes.length], [0, 0]);
});

test("RequestHead.begun tells whether a request has begun, empty lines aside", () => {
  const head = new RequestHead();
  const text = "\r\n\r\n" + get();
  const bytes = bytesOf(text);
  const begun = (end: number): boolean => {
    head.parse(bytes, 0, end, LIMITS);
    return head.begun;
  };
  assert.equal(head.begun, false);
  assert.equal(begun(0), false);
  assert.equal(begun(2), false);
  assert.equal(begun(4), false);
  assert.equal(begun(5), true);
  assert.equal(begun(20), true);
  assert.equal(begun(text.length - 1), true);
  head.reset();
  assert.equal(head.begun, false);
});
