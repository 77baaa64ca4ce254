/** ResponseHeadCache: what throws is not remembered. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Fields } from "../../src/api/exchange.ts";
import { ByteWriter } from "../../src/wire/byte_writer.ts";
import { encodeHead } from "../../src/http1/response_head.ts";
import { ResponseHeadCache } from "../../src/core/response_head_cache.ts";
import { isKept, PAGE, Speaker, write } from "../support/response_heads.ts";

const BAD: readonly Fields[] = [
  { a: "1", b: "2\r\nc: 3" },
  { a: "1", b: "\0" },
  { a: "1", b: "\u0100" },
  { a: "1", "b c": "2" },
  { a: "1", "": "2" },
  { a: "1", "content-length": "x" },
  { connection: "close", date: "now", "content-length": 5, b: "\n" },
];

test("ResponseHeadCache.write() throws on what cannot travel, however often it is said", () => {
  for (const fields of BAD) {
    const speaker = new Speaker();
    for (let i = 0; i < 5; i++) {
      assert.equal(speaker.say(200, fields).notes, null);
      speaker.check(200, fields);
    }
  }
});

test("ResponseHeadCache.write() remembers nothing of what threw, and what was said before still", () => {
  const good = { a: "1", b: "2" };
  for (const fields of BAD) {
    for (const before of [0, 1, 2, 3]) {
      const speaker = new Speaker();
      for (let i = 0; i < before; i++) speaker.check(200, good);
      for (let round = 0; round < 4; round++) {
        speaker.check(200, fields);
        speaker.check(200, good);
      }
      speaker.check(200, fields);
      for (let i = 0; i < 3; i++) speaker.check(200, { a: "1" });
      for (let i = 0; i < 3; i++) speaker.check(200, {});
    }
  }
});

test("ResponseHeadCache.write() takes what threw in between for something else", () => {
  const said = new ResponseHeadCache(encodeHead);
  write(said, new ByteWriter(0), 200, PAGE);
  assert.throws(() => write(said, new ByteWriter(0), 200, { b: "\n" }), TypeError);
  assert.deepEqual([1, 2, 3].map(() => isKept(said, 200, PAGE)), [false, false, true]);
});

test("ResponseHeadCache.write() lets through what the fields throw, and remembers nothing of it", () => {
  const speaker = new Speaker();
  const pairs = function* (): Generator<[string, string]> {
    yield ["a", "1"];
    throw new TypeError("from the iterable");
  };
  for (let i = 0; i < 4; i++) {
    assert.equal(speaker.say(200, pairs()).error, "from the iterable");
    speaker.check(200, { a: "1" });
    assert.equal(speaker.say(200, pairs()).error, "from the iterable");
    speaker.check(200, { a: "1", b: "2" });
  }
});
