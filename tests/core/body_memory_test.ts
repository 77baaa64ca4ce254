/**
 * A body for which there is no memory rejects where it is read, and the connection serves on.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../../src/api/exchange.ts";
import { type MakeGrowingBytes, replaceGrowingBytes } from "../../src/wire/growing_bytes.ts";
import { connect, get, parseResponses, settled } from "../support/memory.ts";

const OUT_OF_MEMORY = new RangeError("Array buffer allocation failed");

function fail(): never {
  throw OUT_OF_MEMORY;
}

const asItGrows: MakeGrowingBytes = () => ({ append: fail, finish: fail, discard() {} });

const failures: Record<string, MakeGrowingBytes> = {
  "at first": fail,
  "as it grows": asItGrows,
  "at the end": () => ({ append() {}, finish: fail, discard() {} }),
};

const readers: Record<string, (x: Exchange) => Promise<unknown>> = {
  bytes: (x) => x.bytes(),
  text: (x) => x.text(),
  json: (x) => x.json(),
};

for (const [when, make] of Object.entries(failures)) {
  for (const [how, read] of Object.entries(readers)) {
    test(`no memory ${when}: ${how}() rejects, and the next request is answered`, async () => {
      replaceGrowingBytes(make);
      const { client, errors } = connect({
        exchange: async (x) => {
          if (x.method === "GET") return x.respond(200, undefined, "ok");
          await assert.rejects(read(x), OUT_OF_MEMORY);
          x.respond(413);
        },
      });
      client.send("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 6\r\n\r\nab");
      await settled();
      client.send("cd");
      client.send("ef");
      await settled();
      client.send(get());
      await settled();
      assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [413, 200]);
      assert.deepEqual(errors, []);
    });
  }
}

test("no memory: request.arrayBuffer() rejects, and onError gets what it rejects with", async () => {
  replaceGrowingBytes(asItGrows);
  const { client, errors } = connect({ fetch: async (request) => new Response(await request.arrayBuffer()) });
  client.send("POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
  await settled();
  client.send("1\r\nb\r\n0\r\n\r\n");
  await settled();
  assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [500]);
  assert.deepEqual(errors, [OUT_OF_MEMORY]);
});

test("memory of a body whose client has gone is freed at once", async () => {
  let discarded = 0;
  replaceGrowingBytes(() => ({ append() {}, finish: fail, discard: () => void discarded++ }));
  const { client } = connect({ exchange: async (x) => void await x.bytes() });
  client.send("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 6\r\n\r\nab");
  await settled();
  assert.equal(discarded, 0);
  client.reset();
  await settled();
  assert.equal(discarded, 1);
});
