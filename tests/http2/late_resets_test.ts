/** RST_STREAM behind responses that have not waited for the end of their requests (RFC 9113 §8.1). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../support/fake_clock.ts";
import { settled } from "../support/memory.ts";
import { connectHttp2, FLAG, type Http2Connected } from "../support/http2_client.ts";

/** A client of a server that reads no body, and refuses those that are longer than 1 MB. */
async function start(): Promise<Http2Connected & { clock: FakeClock }> {
  const clock = new FakeClock();
  const options = {
    exchange: (x: { respond(status: number): void }) => x.respond(403),
    maxBodyBytes: 1_000_000,
  };
  return { ...await connectHttp2(options, { clock }), clock };
}

/** The lengths of bodies that are left unread, and that are refused. */
const LENGTHS = ["900000", "2000000"];

for (const length of LENGTHS) {
  test(`a client that sends ${length} octets has the answer before the reset`, async () => {
    const { peer, clock, server, connection } = await start();
    peer.post(1, "/", ["content-length", length]);
    const [head, ...rest] = peer.told();
    assert.match(head, /^HEADERS 1 4\d3/);
    assert.ok(rest.every((text) => text.startsWith("DATA 1")), rest.join());
    clock.advance(200);
    await settled();
    // What it sends until then is dropped, and is no error.
    peer.data(1, "some of it");
    assert.deepEqual(peer.told(), []);
    clock.advance(150);
    await settled();
    assert.deepEqual(peer.told(), ["RST_STREAM 1 NO_ERROR"]);
    assert.equal(connection.state, "idle");
    await server.close();
    assert.equal(clock.timers, 0);
  });

  test(`a client that stops to send ${length} octets by itself is not reset`, async () => {
    const { peer, clock } = await start();
    for (const id of [1, 3]) peer.post(id, "/", ["content-length", length]);
    peer.cancel(1);
    peer.data(3, "", FLAG.end);
    peer.told();
    clock.advance(1_000);
    await settled();
    assert.deepEqual(peer.told(), []);
  });
}

test("streams that are to be reset do not pile up", async () => {
  const { peer, clock } = await start();
  for (let id = 1; id < 2 * 300; id += 2) peer.post(id, "/", ["content-length", "2000000"]);
  const resets = (): number => peer.told().filter((text) => text.startsWith("RST_STREAM")).length;
  assert.equal(resets(), 300 - 256);
  clock.advance(1_000);
  await settled();
  assert.equal(resets(), 256);
});

test("each stream gets its time: a later one is not reset with those before it", async () => {
  const { peer, clock } = await start();
  peer.post(1, "/", ["content-length", "2000000"]);
  clock.advance(200);
  await settled();
  peer.post(3, "/", ["content-length", "2000000"]);
  peer.told();
  clock.advance(100);
  await settled();
  assert.deepEqual(peer.told(), ["RST_STREAM 1 NO_ERROR"]);
  clock.advance(400);
  await settled();
  assert.deepEqual(peer.told(), ["RST_STREAM 3 NO_ERROR"]);
});
