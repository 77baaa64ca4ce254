/**
 * Raw clients, many of them or for long: every request is answered, on the connections that there are.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { connectTcp } from "../support/byte_streams.ts";
import { inTime } from "../support/deadline.ts";
import { get } from "../support/memory.ts";
import { sampleServer } from "../support/sample_server.ts";
import { WireClient } from "../support/wire_client.ts";

/** Asks `count` times, one after the other; answers how many answers were right. */
async function ask(client: WireClient, count: number): Promise<number> {
  let right = 0;
  for (let i = 0; i < count; i++) {
    await client.send(get(`/${i}`));
    const { status, text } = await client.response();
    if (status === 200 && text === `/${i}`) right++;
  }
  client.end();
  await client.assertEnd();
  return right;
}

test("100 clients make 100 requests each at the same time, and all succeed", async () => {
  await using sample = await sampleServer("exchange");
  const clients = await Promise.all(
    Array.from({ length: 100 }, async () => new WireClient(await connectTcp(sample.port))),
  );
  const answered = Promise.all(clients.map(async (client) => {
    using asking = client;
    return await ask(asking, 100);
  }));
  const right = await inTime(answered, "the answers");
  assert.deepEqual(right, Array.from({ length: 100 }, () => 100));
  const { accepted, requests, reused } = sample.server.stats();
  assert.deepEqual({ accepted, requests, reused }, { accepted: 100, requests: 10_000, reused: 9_900 });
});

for (const kind of ["exchange", "fetch"] as const) {
  test(`one connection takes 10000 requests one after the other (${kind})`, async () => {
    await using sample = await sampleServer(kind);
    using client = new WireClient(await connectTcp(sample.port));
    assert.equal(await inTime(ask(client, 10_000), "the answers"), 10_000);
    const { accepted, requests, reuseRatio } = sample.server.stats();
    assert.deepEqual({ accepted, requests, reuseRatio }, {
      accepted: 1,
      requests: 10_000,
      reuseRatio: 0.9999,
    });
  });
}
