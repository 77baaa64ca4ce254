/** Handlers count against `maxConcurrentStreams` as long as they run, however early they have answered. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../../src/api/exchange.ts";
import { connectHttp2 } from "../support/http2_client.ts";
import { settled } from "../support/memory.ts";

test("a handler that has answered before its first await counts until it ends", async () => {
  const ends: (() => void)[] = [];
  const { peer } = await connectHttp2({
    http2: { maxConcurrentStreams: 1 },
    async exchange(x) {
      x.respond(200);
      await new Promise<void>((resolve) => ends.push(resolve));
    },
  });
  peer.get(1);
  assert.deepEqual(peer.told(), ["HEADERS 1 200 end"]);
  peer.get(3);
  assert.deepEqual(peer.told(), ["RST_STREAM 3 REFUSED_STREAM"]);
  ends[0]();
  await settled();
  peer.get(5);
  assert.deepEqual(peer.told(), ["HEADERS 5 200 end"]);
});

test("a stream whose handler settles from inside of its call is used for one request at a time", async () => {
  const waiting: Exchange[] = [];
  const { peer } = await connectHttp2({
    exchange(x): void | Promise<void> {
      if (x.target === "/waits") return void waiting.push(x);
      x.respond(200);
      const thenable = { then: (settle: () => void): void => settle() };
      return thenable as unknown as Promise<void>;
    },
  });
  peer.get(1);
  await settled();
  peer.get(3, "/waits");
  peer.get(5, "/waits");
  peer.read();
  waiting[0].respond(200, {}, "first");
  waiting[1].respond(200, {}, "second");
  await settled();
  assert.deepEqual(peer.told(), [
    "HEADERS 3 200",
    'DATA 3 "first" end',
    "HEADERS 5 200",
    'DATA 5 "second" end',
  ]);
});
