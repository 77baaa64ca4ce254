/**
 * RequestHead: heads with fields that it knows because they came before: what is read of them, and that
 * they are read alike.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestHead } from "../../src/http1/request_head.ts";
import { NEED_MORE } from "../../src/wire/bytes.ts";
import {
  bytesOf,
  countReads,
  everyByte,
  headThatKnows,
  isRead,
  LIMITS,
  parseInPieces,
  readHead,
} from "../wire/helpers.ts";
import { get, request, UNLIMITED } from "./heads.ts";

/** A head with all that is read of fields, for this target. */
function full(target: string): string {
  return request(`POST ${target} HTTP/1.1`, [
    "Connection: keep-alive, upgrade",
    "Content-Length: 12",
    "Expect: 100-continue",
    "Cookie: a=1",
  ]);
}

test("RequestHead.parse() reads fields that came twice in a row no more, but compares them", () => {
  const text = full("/");
  const sectionStart = text.indexOf("\r\n") + 2;
  const mostReads = (head: RequestHead): number => {
    const reads = new Uint32Array(text.length);
    assert.equal(head.parse(countReads(bytesOf(text), reads), 0, text.length, LIMITS), text.length);
    head.reset();
    return Math.max(...reads.subarray(sectionStart));
  };
  assert.ok(mostReads(new RequestHead()) > 2);
  const head = new RequestHead();
  for (let i = 0; i < 2; i++) {
    assert.equal(head.parse(bytesOf(text), 0, text.length, LIMITS), text.length);
    head.reset();
  }
  assert.deepEqual([mostReads(head), mostReads(head)], [2, 2]);
});

test("RequestHead.parse() reads the request line of a head whose fields it knows", () => {
  const head = headThatKnows(full("/first"));
  for (
    const [line, method, target] of [
      ["POST /other", "POST", "/other"],
      ["POST /first/and/longer?q=1", "POST", "/first/and/longer?q=1"],
      ["PUT /", "PUT", "/"],
      ["\r\n\r\nGET /x", "GET", "/x"],
      ["OPTIONS *", "OPTIONS", "*"],
    ]
  ) {
    const text = full("/first").replace("POST /first", line);
    const read = parseInPieces(text, [text.length], LIMITS, head);
    assert.ok(isRead(read));
    assert.deepEqual(read, readHead(text));
    assert.deepEqual([read.method, read.target, read.length], [method, target, text.length]);
    head.reset();
  }
});

test("RequestHead.parse() refuses a request line before fields that it knows, and knows them still", () => {
  const text = full("/");
  for (
    const [line, code, status] of [
      ["POST  / HTTP/1.1", "bad_target", 400],
      ["POST / HTTP/2.0", "unsupported_version", 505],
      ["POST / HTTP/1.1 ", "bad_version", 400],
      [`POST /${"t".repeat(9000)} HTTP/1.1`, "target_too_long", 414],
    ] as const
  ) {
    const head = headThatKnows(text);
    const bad = text.replace("POST / HTTP/1.1", line);
    assert.deepEqual(parseInPieces(bad, [bad.length], LIMITS, head), { code, status });
    head.reset();
    assert.deepEqual(parseInPieces(text, [text.length], LIMITS, head), readHead(text));
  }
});

test("RequestHead.parse() answers NEED_MORE for every beginning of a head that it knows", () => {
  const text = full("/");
  const whole = readHead(text);
  for (let length = 0; length < text.length; length++) {
    const head = headThatKnows(text);
    assert.equal(parseInPieces(text.slice(0, length), [length], LIMITS, head), NEED_MORE);
    head.reset();
    assert.deepEqual(
      parseInPieces(text, [text.length], LIMITS, head),
      whole,
      `after ${length} bytes`,
    );
  }
});

test("RequestHead.parse() reads the rest of a head that began as one that it knows", () => {
  const text = full("/");
  const other = text.replace("Content-Length: 12", "Content-Length: 21").replace("a=1", "a=2");
  const [whole, otherWhole] = [readHead(text), readHead(other)];
  for (let cut = 0; cut < text.length; cut++) {
    const head = headThatKnows(text);
    assert.deepEqual(
      parseInPieces(other, [cut, other.length], LIMITS, head),
      otherWhole,
      `cut at ${cut}`,
    );
    head.reset();
    assert.deepEqual(parseInPieces(text, [cut, text.length], LIMITS, head), whole, `cut at ${cut}`);
  }
});

test("RequestHead.parse() reads the fields of one version for themselves, though it knows them of the other", () => {
  const texts = [
    full("/"),
    full("/").replace("Content-Length: 12", "X-Length: 12345678"),
    get("Expect: 100-continue", "Connection: close"),
    request("GET / HTTP/1.1", ["Expect: more"]),
    request("GET / HTTP/1.1", ["Transfer-Encoding: chunked"]),
    request("GET / HTTP/1.1", ["X: y"], []),
  ];
  for (const text of texts) {
    const versions = ["1.0", "1.1", "1.2"].map((version) => text.replace("HTTP/1.1", `HTTP/${version}`));
    const outcomes = versions.map((text) => parseInPieces(text, [text.length]));
    assert.notDeepEqual(outcomes[0], outcomes[1]);
    const head = new RequestHead();
    for (const i of [0, 0, 0, 1, 0, 1, 1, 1, 2, 0, 2, 2, 2, 1, 0, 0, 0]) {
      assert.deepEqual(parseInPieces(versions[i], [text.length], LIMITS, head), outcomes[i]);
      head.reset();
    }
  }
});

test("RequestHead.parse() holds fields that it knows against the limits of each call", () => {
  const text = full("/");
  const { length } = text;
  const whole = readHead(text);
  const head = headThatKnows(text);
  for (
    const [limits, code, status] of [
      [{ maxHeaders: 4 }, "too_many_fields", 431],
      [{ maxHeaders: 1 }, "too_many_fields", 431],
      [{ maxHeaderBytes: length - 1 }, "head_too_large", 431],
      [{ maxHeaderBytes: 60 }, "head_too_large", 431],
    ] as const
  ) {
    for (const cuts of [[length], [length - 1, length], everyByte(length)]) {
      for (let time = 1; time <= 3; time++) {
        const refused = parseInPieces(text, cuts, { ...LIMITS, ...limits }, head);
        assert.deepEqual(refused, { code, status }, JSON.stringify(limits));
        head.reset();
      }
      for (let time = 1; time <= 3; time++) {
        const exact = { ...LIMITS, maxHeaders: 5, maxHeaderBytes: length };
        assert.deepEqual(parseInPieces(text, [length], time === 2 ? UNLIMITED : exact, head), whole);
        head.reset();
      }
    }
  }
});

test("RequestHead.expectsContinue is told of each head anew, whatever became of it before", () => {
  const expecting = full("/");
  const other = full("/").replace("Expect: 100-continue", "Accept: 100-continue");
  const head = new RequestHead();
  for (const text of [expecting, expecting, expecting, expecting, other, other, other, expecting, other]) {
    const read = parseInPieces(text, [text.length], LIMITS, head);
    assert.ok(isRead(read));
    assert.equal(read.expectsContinue, text === expecting);
    head.expectsContinue = false; // as a connection does once it has sent 100
    head.reset();
  }
});

test("RequestHead.fields and target of a head that it knows move with the bytes", () => {
  const text = full("/target");
  const head = headThatKnows(text);
  const first = bytesOf(`..${text}`);
  head.parse(first, 2, first.length, LIMITS);
  const moved = bytesOf(`....${text}`);
  head.moveTo(moved, 4);
  first.fill(0);
  assert.equal(head.target, "/target");
  assert.equal(head.fields.get("cookie"), "a=1");
  assert.equal(head.fields.get("host"), "a.example");
});

test("RequestHead.reset() lets go of the bytes of a head that it knows", () => {
  const head = headThatKnows(full("/"));
  assert.deepEqual([head.bytes.length, head.fields.bytes.length, head.begun], [0, 0, false]);
});

test("RequestHead.parse() reads fields that are too long to be remembered, each time", () => {
  const head = new RequestHead();
  for (const length of [100, 2000, 2100, 5000]) {
    for (const [value, times] of [["v", 4], ["w", 1], ["v", 2]] as const) {
      const text = get(`X-Long: ${value.repeat(length)}`, "Content-Length: 3");
      for (let time = 1; time <= times; time++) {
        const read = parseInPieces(text, [text.length], LIMITS, head);
        assert.deepEqual(read, parseInPieces(text, [text.length]));
        head.reset();
      }
    }
  }
});
