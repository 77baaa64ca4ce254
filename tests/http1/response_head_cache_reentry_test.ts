/** ResponseHeadCache: fields that say something themselves while they are read mix no heads. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Fields } from "../../src/api/exchange.ts";
import { ByteWriter } from "../../src/wire/byte_writer.ts";
import { outcome, plainly, Speaker, write } from "../support/response_heads.ts";
import { textOf } from "../wire/helpers.ts";

/** Fields a and c, and b which comes from `meanwhile`, called while they are read; in every form that allows it. */
function interrupted(meanwhile: () => string): readonly Fields[] {
  const value = { toString: meanwhile } as unknown as string;
  const pairs = function* (): Generator<[string, string]> {
    yield ["a", "1"];
    yield ["b", meanwhile()];
    yield ["content-length", "3"];
  };
  return [
    {
      a: "1",
      get b() {
        return meanwhile();
      },
      "content-length": 3,
    },
    { a: "1", b: value, "content-length": 3 },
    { a: "1", b: [value], "content-length": 3 },
    [["a", "1"], ["b", value], ["content-length", "3"]],
    pairs(),
    { [Symbol.iterator]: pairs },
  ];
}

test("ResponseHeadCache.write() mixes no head with one that is written while its fields are read", () => {
  const expected = {
    text: "HTTP/1.1 200 OK\r\na: 1\r\nb: 2\r\n",
    notes: { contentLength: 3, date: false, close: false },
  };
  const nested: readonly Fields[] = [
    { x: "9", date: "now", connection: "close", "content-length": 7 },
    { a: "1", b: "2", "content-length": 3 },
    { a: "1", b: "2", "content-length": 4 },
    { a: "1" },
    {},
  ];
  for (let form = 0; form < interrupted(String).length; form++) {
    const speaker = new Speaker();
    let calls = 0;
    const meanwhile = (): string => {
      // Another response, in a writer of its own; some of them so often that they are kept.
      const inner = nested[calls % nested.length];
      for (let i = calls++ % 4; i >= 0; i--) {
        const out = new ByteWriter(0);
        const written = outcome(out, () => write(speaker.said, out, 200 + calls % 2, inner));
        assert.deepEqual(written, plainly(200 + calls % 2, inner));
      }
      return "2";
    };
    for (let i = 0; i < 30; i++) {
      assert.deepEqual(speaker.say(200, interrupted(meanwhile)[form]), expected);
      if (i % 3 === 0) speaker.check(200, { a: "1", b: "2" });
    }
    assert.ok(calls >= 30);
  }
});

test("ResponseHeadCache.write() mixes no head with those that are written at any depth while its fields are read", () => {
  const { said } = new Speaker();
  const say = (depth: number, form: number): void => {
    const out = new ByteWriter(0);
    const fields = interrupted(() => {
      if (depth > 0) { for (let i = 0; i < 2; i++) say(depth - 1, (form + i) % 6); }
      return String(depth);
    })[form];
    const { text, notes } = outcome(out, () => write(said, out, 200, fields));
    assert.equal(text, `HTTP/1.1 200 OK\r\na: 1\r\nb: ${depth}\r\n`);
    assert.equal(notes?.contentLength, 3);
  };
  for (let form = 0; form < 6; form++) for (let again = 0; again < 3; again++) say(4, form);
});

test("ResponseHeadCache.write() writes to the same writer one whole head after another, also where one is in the other", () => {
  const { said } = new Speaker();
  for (let form = 0; form < interrupted(String).length; form++) {
    for (let again = 0; again < 5; again++) {
      const out = new ByteWriter(0);
      const fields = interrupted(() => {
        write(said, out, 404, { x: "9" });
        return "2";
      })[form];
      write(said, out, 200, fields);
      assert.equal(
        textOf(out.bytes, 0, out.length),
        "HTTP/1.1 404 Not Found\r\nx: 9\r\nHTTP/1.1 200 OK\r\na: 1\r\nb: 2\r\n",
      );
    }
  }
});

test("ResponseHeadCache.write() mixes nothing where what is written meanwhile throws, or the fields do after it", () => {
  for (let form = 0; form < interrupted(String).length; form++) {
    const speaker = new Speaker();
    const sayBad = (): string => {
      assert.throws(() => write(speaker.said, new ByteWriter(0), 200, { a: "1", x: "\n" }), TypeError);
      return "2";
    };
    const sayAndThrow = (): string => {
      write(speaker.said, new ByteWriter(0), 200, { a: "1", b: "2", "content-length": 3 });
      throw new TypeError("after that");
    };
    for (let i = 0; i < 6; i++) {
      const { text } = speaker.say(200, interrupted(sayBad)[form]);
      assert.equal(text, "HTTP/1.1 200 OK\r\na: 1\r\nb: 2\r\n");
      assert.equal(speaker.say(200, interrupted(sayAndThrow)[form]).error, "after that");
      speaker.check(200, { a: "1", b: "2", "content-length": 4 });
      speaker.check(200, { a: "1", b: "\n" });
    }
  }
});
