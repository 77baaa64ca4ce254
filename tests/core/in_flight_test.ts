/** What `stats()` and `connections()` tell of requests under way. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../../src/api/exchange.ts";
import { connectHttp2, FLAG } from "../support/http2_client.ts";
import { connect, type Connected, get } from "../support/memory.ts";

const waiting: Exchange[] = [];
const exchange = (x: Exchange): void => void waiting.push(x);

function inFlight({ server }: Connected): [inAll: number, onEach: number[]] {
  return [server.stats().inFlight, server.connections().map((connection) => connection.inFlight)];
}

test("an HTTP/1.1 connection has one request in flight, however many were sent", () => {
  const connected = connect({ exchange });
  assert.deepEqual(inFlight(connected), [0, [0]]);
  connected.client.send(get() + get());
  assert.deepEqual(inFlight(connected), [1, [1]]);
  waiting.pop()!.respond(200);
  assert.deepEqual(inFlight(connected), [1, [1]], "the next one");
  waiting.pop()!.respond(200);
  assert.deepEqual(inFlight(connected), [0, [0]]);
});

test("an HTTP/2 connection has as many requests in flight as it has open streams", async () => {
  const connected = await connectHttp2({ exchange });
  const { peer } = connected;
  for (const id of [1, 3, 5]) peer.get(id);
  assert.deepEqual(inFlight(connected), [3, [3]]);
  const { active, requests } = connected.server.stats();
  assert.deepEqual([active, requests], [1, 3]);
  peer.cancel(1);
  waiting.pop()!.respond(200);
  assert.deepEqual(inFlight(connected), [1, [1]]);
  connected.connection.close();
  assert.deepEqual(inFlight(connected), [0, []]);
});

test("a tunnel through an HTTP/2 stream is in flight until both sides have ended it", async () => {
  const connected = await connectHttp2({
    exchange: (x) => void x.upgrade().writable.close(),
  });
  const { peer } = connected;
  peer.send(peer.headers(1, [[":method", "CONNECT"], [":authority", "a.example"]], 0));
  assert.deepEqual(inFlight(connected), [1, [1]]);
  await Promise.resolve();
  peer.data(1, "", FLAG.end);
  assert.deepEqual(inFlight(connected), [0, [0]]);
});
