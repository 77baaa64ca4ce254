/** How long an HTTP/2 connection may be idle: as its last request has set, and shorter where connections are scarce. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../../src/api/exchange.ts";
import { Place } from "../limits/place.ts";
import { connectHttp2, visit } from "../support/http2_client.ts";
import { settled } from "../support/memory.ts";

/** Later than a deadline at which it is certain that the connection has ended, its client silent, in milliseconds. */
const LATE = 1_500;

test("setTimeouts({ idleTimeout }) holds for the time after its request, and not after the next", async () => {
  const { peer, client, clock } = await connectHttp2({
    idleTimeout: 60_000,
    idleTimeoutBuffer: 0,
    exchange(x) {
      if (x.target !== "/") x.setTimeouts({ idleTimeout: Number(x.target.slice(1)) });
      x.respond(200);
    },
  });
  peer.get(1, "/100000");
  clock.advance(90_000);
  assert.equal(client.ended, false);
  peer.get(3);
  clock.advance(59_000);
  assert.equal(client.ended, false);
  peer.get(5, "/2000");
  clock.advance(1_900);
  assert.equal(client.ended, false);
  clock.advance(100 + LATE);
  assert.equal(client.ended, true);
});

test("setTimeouts({ idleTimeout }) of the stream that is over last counts", async () => {
  const waiting: Exchange[] = [];
  const { peer, client, clock } = await connectHttp2({
    idleTimeout: 60_000,
    idleTimeoutBuffer: 0,
    exchange: (x) => void waiting.push(x),
  });
  peer.get(1);
  peer.get(3);
  waiting[0].setTimeouts({ idleTimeout: 2_000 });
  waiting[1].respond(200);
  await settled();
  clock.advance(100_000);
  assert.equal(client.ended, false);
  waiting[0].respond(200);
  await settled();
  clock.advance(2_000 + LATE);
  assert.equal(client.ended, true);
});

test("idle connections are kept for a quarter of idleTimeout where connections are scarce", async () => {
  const place = new Place({
    http2: true,
    maxConnections: 10,
    idleTimeout: 40_000,
    idleTimeoutBuffer: 0,
    headerTimeout: 0,
    exchange: (x) => x.respond(200),
  });
  await place.server.loaded;
  const peers = Array.from({ length: 8 }, () => visit(place));
  peers[0].get(1);
  place.clock.advance(10_000 + LATE);
  assert.equal(peers[0].transport.ended, true);
  await place.server.close();
});
