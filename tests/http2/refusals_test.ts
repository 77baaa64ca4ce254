/** Responses that refuse a request. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bodyOf, connectHttp2, FLAG, request } from "../support/http2_client.ts";
import { settled } from "../support/memory.ts";

test("a HEAD request that is refused gets a response without text", async () => {
  const { peer } = await connectHttp2({ maxTargetBytes: 100, exchange: (x) => x.respond(200) });
  const path = `/${"a".repeat(200)}`;
  peer.send(peer.headers(1, request({ method: "HEAD", path })));
  assert.deepEqual(peer.told(), ["HEADERS 1 414 end"]);
  peer.send(peer.headers(3, request({ method: "GET", path })));
  const frames = peer.read();
  assert.match(bodyOf(frames, 3), /target/);
  // The head of this one is known already, and is that of a POST.
  peer.send(peer.headers(5, request({ path: "/" })));
  assert.deepEqual(peer.told(), ["HEADERS 5 200 end"]);
});

test("a body that turns out too large does not cost a response that is complete and waits to be sent", async () => {
  const { peer, errors } = await connectHttp2({
    maxBodyBytes: 10,
    exchange(x) {
      x.bytes().catch(() => {}); // still under way when it answers
      x.respond(200, {}, "x".repeat(70_000));
    },
  });
  peer.post(1);
  peer.data(1, "more than ten bytes");
  await settled();
  let frames = peer.read();
  assert.equal(bodyOf(frames, 1).length, 65_535, "as much as the window allows");
  peer.widen(0, 10_000);
  peer.widen(1, 10_000);
  await settled();
  frames = [...frames, ...peer.read()];
  assert.equal(bodyOf(frames, 1).length, 70_000);
  const last = frames.findLast(({ type }) => type === "DATA");
  assert.equal(last!.flags, FLAG.end);
  assert.deepEqual(errors, []);
});

test("nothing is sent behind the response that refuses a request, whatever onRefused does", async () => {
  const { peer } = await connectHttp2({
    maxBodyBytes: 3,
    onRefused: (_error, connection) => connection.close(),
    async exchange(x) {
      x.draining.addEventListener("abort", () => x.respond(503));
      await x.bytes().catch(() => {});
    },
  });
  peer.post(1);
  peer.data(1, "more than three");
  await settled();
  const heads = peer.told().filter((frame) => frame.startsWith("HEADERS"));
  assert.deepEqual(heads, ["HEADERS 1 413"]);
});
