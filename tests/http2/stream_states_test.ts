/** States and identifiers of streams (RFC 9113 §5.1): what each state takes, and that the connection lives on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../../src/api/exchange.ts";
import { echoTarget } from "../support/exchange_handlers.ts";
import { connectHttp2, FLAG, frame, type Http2Client, request, uint32 } from "../support/http2_client.ts";
import { settled } from "../support/memory.ts";

/** Answers `/` at once; other requests wait for the test, and their bodies for a reader. */
function exchange(x: Exchange): void {
  if (x.target === "/") x.respond(200);
}

/** The connection lives: a further request is answered. */
function assertLives(peer: Http2Client, stream: number): void {
  peer.get(stream);
  assert.deepEqual(peer.told(), [`HEADERS ${stream} 200 end`]);
}

test("half-closed (remote): DATA is a stream error of STREAM_CLOSED", async () => {
  const { peer } = await connectHttp2({ exchange });
  peer.get(1, "/waits");
  peer.data(1, "x");
  assert.deepEqual(peer.told(), ["RST_STREAM 1 STREAM_CLOSED"]);
  assertLives(peer, 3);
});

test("half-closed (remote): HEADERS are a stream error of STREAM_CLOSED, and are decoded", async () => {
  const { peer } = await connectHttp2({ exchange });
  peer.get(1, "/waits");
  peer.send(peer.headers(1, [["x-late", "into the dynamic table"]]));
  assert.deepEqual(peer.told(), ["RST_STREAM 1 STREAM_CLOSED"]);
  let seen: string | null = null;
  const other = await connectHttp2({ exchange: (x) => void (seen = x.header("x-late")) });
  other.peer.get(1, "/waits");
  other.peer.send(other.peer.headers(1, [["x-late", "into the dynamic table"]]));
  other.peer.get(3, "/", ["x-late", "into the dynamic table"]);
  assert.equal(seen, "into the dynamic table");
});

test("half-closed (remote): WINDOW_UPDATE, PRIORITY and RST_STREAM are taken", async () => {
  let x!: Exchange;
  const { peer } = await connectHttp2({ exchange: (given) => void (x = given) });
  peer.get(1, "/waits");
  peer.widen(1, 5);
  peer.send(frame("PRIORITY", 0, 1, "12345"));
  assert.deepEqual(peer.told(), []);
  peer.cancel(1);
  assert.equal(x.signal.aborted, true);
  assert.deepEqual(peer.told(), []);
});

test("closed by both ends: DATA and HEADERS are connection errors of STREAM_CLOSED", async () => {
  for (
    const frameOf of [
      () => frame("DATA", FLAG.end, 1, "x"),
      (peer: Http2Client) => peer.headers(1, [["x-trailer", "y"]]),
      (peer: Http2Client) => peer.headers(1, request()),
    ]
  ) {
    const { peer } = await connectHttp2({ exchange });
    peer.get(1);
    peer.get(3, "/waits");
    peer.read();
    peer.send(frameOf(peer));
    assert.deepEqual(peer.told(), ["GOAWAY 3 STREAM_CLOSED"]);
  }
});

test("closed by both ends: WINDOW_UPDATE, PRIORITY and RST_STREAM are passed over", async () => {
  const { peer } = await connectHttp2({ exchange });
  peer.get(1);
  peer.read();
  peer.widen(1, 2 ** 31 - 1);
  peer.cancel(1);
  peer.send(frame("PRIORITY", 0, 1, "12345"));
  assert.deepEqual(peer.told(), []);
  assertLives(peer, 3);
});

test("closed by the client's reset: DATA is a connection error of STREAM_CLOSED", async () => {
  const { peer } = await connectHttp2({ exchange });
  peer.post(1, "/waits");
  peer.cancel(1);
  peer.data(1, "x");
  assert.deepEqual(peer.told(), ["GOAWAY 1 STREAM_CLOSED"]);
});

test("closed by our reset: what was on its way is passed over, for the windows it counts", async () => {
  const { peer } = await connectHttp2({ exchange, http2: { maxWindowSize: 65_535 } });
  peer.send(peer.headers(1, [[":method", "GET"]], 0));
  assert.deepEqual(peer.told(), ["RST_STREAM 1 PROTOCOL_ERROR"]);
  for (let i = 0; i < 4; i++) peer.data(1, new Uint8Array(10_000));
  peer.send(peer.headers(1, [["x-trailer", "y"]]));
  peer.widen(1, 1);
  peer.cancel(1);
  assert.deepEqual(peer.told(), ["WINDOW_UPDATE 0 +40000"]);
  assertLives(peer, 3);
});

test("half-closed (local): WINDOW_UPDATE, PRIORITY and RST_STREAM are taken, and so is the rest of the body", async () => {
  const { peer, connection } = await connectHttp2({ exchange });
  for (const [id, last] of [[1, () => peer.cancel(1)], [3, () => peer.data(3, "x", FLAG.end)]] as const) {
    peer.post(id);
    peer.widen(id, 10);
    peer.send(frame("PRIORITY", 0, id, "12345"));
    peer.data(id, "x");
    assert.deepEqual(peer.told(), [`HEADERS ${id} 200 end`]);
    assert.equal(connection.state, "active");
    last();
    assert.equal(connection.state, "idle");
  }
  assertLives(peer, 5);
});

test("identifiers may be left out, and are closed then", async () => {
  const { peer } = await connectHttp2({ exchange: echoTarget });
  peer.get(7, "/a");
  peer.get(2 ** 31 - 1, "/b");
  assert.deepEqual(peer.told(), [
    "HEADERS 7 200",
    'DATA 7 "/a" end',
    "HEADERS 2147483647 200",
    'DATA 2147483647 "/b" end',
  ]);
  peer.get(5, "/c");
  assert.deepEqual(peer.told(), ["GOAWAY 2147483647 STREAM_CLOSED"]);
});

test("streams of even numbers are idle, also below the highest that was opened", async () => {
  for (
    const bytes of [
      frame("DATA", 0, 4, "x"),
      frame("RST_STREAM", 0, 4, uint32(8)),
      frame("WINDOW_UPDATE", 0, 4, uint32(1)),
    ]
  ) {
    const { peer } = await connectHttp2({ exchange });
    peer.get(9);
    peer.read();
    peer.send(bytes);
    assert.deepEqual(peer.told(), ["GOAWAY 9 PROTOCOL_ERROR"]);
  }
});

test("more than MAX_CONCURRENT_STREAMS are refused, each by itself, until some are over", async () => {
  const waiting: Exchange[] = [];
  const { peer, server } = await connectHttp2({
    http2: { maxConcurrentStreams: 2 },
    exchange: (x) => void waiting.push(x),
  });
  peer.get(1);
  peer.post(3);
  peer.get(5);
  peer.post(7);
  peer.data(7, "on its way", FLAG.end);
  assert.deepEqual(peer.told(), ["RST_STREAM 5 REFUSED_STREAM", "RST_STREAM 7 REFUSED_STREAM"]);
  waiting[0].respond(200);
  await settled();
  assert.deepEqual(peer.told(), ["HEADERS 1 200 end"]);
  peer.get(9);
  peer.get(11);
  assert.deepEqual(peer.told(), ["RST_STREAM 11 REFUSED_STREAM"]);
  assert.equal(server.stats().requests, 3, "what was refused was no request");
});

test("a stream that is refused is decoded: the next one may refer to its fields", async () => {
  const seen: (string | null)[] = [];
  const { peer } = await connectHttp2({
    http2: { maxConcurrentStreams: 1 },
    exchange: (x) => {
      seen.push(x.header("x-a"));
      if (x.target === "/") x.respond(200);
    },
  });
  peer.get(1, "/waits");
  peer.get(3, "/", ["x-a", "refused"]);
  peer.cancel(1);
  peer.get(5, "/", ["x-a", "refused"]);
  assert.deepEqual(peer.told(), ["RST_STREAM 3 REFUSED_STREAM", "HEADERS 5 200 end"]);
  assert.deepEqual(seen, [null, "refused"]);
});
