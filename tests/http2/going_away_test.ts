/** The end of a connection without losing a request (RFC 9113 §6.8): GOAWAY in two steps, whatever the reason. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../../src/api/exchange.ts";
import type { CloseReason } from "../../src/api/transport.ts";
import {
  connectHttp2,
  FLAG,
  frame,
  type Http2Client,
  type Http2Connected,
  rawHead,
  visit,
} from "../support/http2_client.ts";
import { settled } from "../support/memory.ts";

const ANNOUNCED = ["GOAWAY 2147483647 NO_ERROR", "PING goaway 1"];

function acknowledge(peer: Http2Client): void {
  peer.send(frame("PING", FLAG.ack, 0, "goaway 1"));
}

async function assertEnds({ client, connection }: Http2Connected, reason: CloseReason): Promise<void> {
  assert.equal(client.ended, true);
  client.sendEnd();
  assert.equal(await connection.closed, reason);
}

/** Waits for the test, unless it is asked for `/`. */
function handler(): { exchange: (x: Exchange) => void; waiting: Exchange[] } {
  const waiting: Exchange[] = [];
  return { waiting, exchange: (x) => x.target === "/" ? x.respond(200) : void waiting.push(x) };
}

test("shutdown: first GOAWAY names no stream, the second one the last that is served", async () => {
  const { exchange, waiting } = handler();
  const connected = await connectHttp2({ exchange });
  const { peer, server, client } = connected;
  peer.get(1, "/waits");
  const report = server.shutdown();
  await settled();
  assert.deepEqual(peer.told(), ANNOUNCED);
  peer.get(3, "/waits"); // it was on its way
  acknowledge(peer);
  assert.deepEqual(peer.told(), ["GOAWAY 3 NO_ERROR"]);
  peer.get(5);
  peer.post(7);
  peer.data(7, "to nobody", FLAG.end);
  assert.deepEqual(peer.told(), [], "what comes behind is for another connection");
  waiting[1].respond(200);
  await settled();
  assert.deepEqual([peer.told(), client.ended], [["HEADERS 3 200 end"], false]);
  waiting[0].respond(200);
  await settled();
  assert.deepEqual(peer.told(), ["HEADERS 1 200 end"]);
  await assertEnds(connected, "shutdown");
  assert.deepEqual(await report, { finished: 1, idleClosed: 0, forced: 0, closed: { shutdown: 1 } });
});

test("shutdown of an idle connection leaves time for a request that is on its way", async () => {
  const connected = await connectHttp2({ exchange: handler().exchange });
  const { peer, server, clock } = connected;
  peer.get(1);
  peer.read();
  clock.advance(30_000); // nothing happens meanwhile
  void server.shutdown({ idleGrace: 500 });
  await settled();
  clock.advance(499);
  assert.deepEqual(peer.told(), ANNOUNCED);
  peer.get(3);
  assert.deepEqual(peer.told(), ["HEADERS 3 200 end"]);
  acknowledge(peer);
  assert.deepEqual(peer.told(), ["GOAWAY 3 NO_ERROR"]);
  await assertEnds(connected, "shutdown");
});

test("shutdown of an idle connection ends it once the PING is answered, or after idleGrace", async () => {
  for (const answers of [true, false]) {
    const connected = await connectHttp2({ exchange: handler().exchange });
    const { peer, server, clock } = connected;
    peer.get(1);
    peer.read();
    const report = server.shutdown({ idleGrace: 500 });
    await settled();
    assert.deepEqual(peer.told(), ANNOUNCED);
    if (answers) acknowledge(peer);
    else clock.advance(600);
    assert.deepEqual(peer.told(), ["GOAWAY 1 NO_ERROR"]);
    await assertEnds(connected, "shutdown_idle");
    assert.equal((await report).idleClosed, 1);
  }
});

test("a client that does not answer the PING gets the second GOAWAY all the same", async () => {
  const { exchange, waiting } = handler();
  const connected = await connectHttp2({ exchange, headerTimeout: 5_300 });
  const { peer, connection, clock } = connected;
  const other = visit(connected);
  peer.get(1, "/waits");
  clock.advance(5_000);
  connection.shutdown();
  await settled();
  clock.advance(900);
  await settled();
  assert.deepEqual(other.told(), ANNOUNCED, "deadlines of others are not put off");
  peer.get(3, "/waits");
  assert.deepEqual(peer.told(), ANNOUNCED);
  clock.advance(200);
  await settled();
  assert.deepEqual(peer.told(), ["GOAWAY 3 NO_ERROR"]);
  for (const x of waiting) x.respond(200);
  await settled();
  assert.deepEqual(peer.told(), ["HEADERS 1 200 end", "HEADERS 3 200 end"]);
});

test("connection.shutdown() ends an idle connection at once", async () => {
  const connected = await connectHttp2({ exchange: handler().exchange });
  const { peer, connection } = connected;
  peer.get(1);
  peer.read();
  connection.shutdown();
  await settled();
  assert.deepEqual(peer.told(), ["GOAWAY 1 NO_ERROR"]);
  await assertEnds(connected, "shutdown_idle");
});

const RETIRING: Record<
  string,
  [options: object, retire: (connected: Http2Connected) => void, reason: CloseReason]
> = {
  "connection: close": [{}, () => {}, "response_close"],
  "maxRequests": [{ maxRequests: 1 }, () => {}, "max_requests"],
  "maxAge": [{ maxAge: 1_000, jitter: 0 }, ({ clock }) => clock.advance(1_001), "max_age"],
  "keepAlive: false": [{}, ({ server }) => void (server.keepAlive = false), "keep_alive_off"],
  "connection.shutdown()": [{}, () => {}, "shutdown"],
};

for (const [name, [options, prepare, reason]] of Object.entries(RETIRING)) {
  test(`${name}: requests on their way are answered, and then the connection ends`, async () => {
    const connected = await connectHttp2({
      ...options,
      exchange(x) {
        if (name === "connection.shutdown()") x.connection.shutdown();
        x.respond(200, name === "connection: close" ? { connection: "close" } : {});
      },
    });
    const { peer, connection, client } = connected;
    prepare(connected);
    peer.get(1);
    assert.deepEqual(peer.told().sort(), [...ANNOUNCED, "HEADERS 1 200 end"].sort());
    assert.equal(client.ended, false, "the client has not heard of it");
    peer.get(3);
    assert.deepEqual(peer.told(), ["HEADERS 3 200 end"]);
    acknowledge(peer);
    assert.deepEqual(peer.told(), ["GOAWAY 3 NO_ERROR"]);
    await assertEnds(connected, reason);
    assert.equal(connection.requests, 2);
  });
}

test("a client that has got the PING and is silent is not waited for", async () => {
  const connected = await connectHttp2({ maxRequests: 1, exchange: handler().exchange });
  const { peer, clock } = connected;
  peer.get(1);
  clock.advance(1_100);
  assert.deepEqual(peer.told(), ["HEADERS 1 200 end", ...ANNOUNCED, "GOAWAY 1 NO_ERROR"]);
  await assertEnds(connected, "max_requests");
});

test("the last stream that was named does not rise, also where the client breaks the protocol afterwards", async () => {
  const { exchange } = handler();
  const { peer, server } = await connectHttp2({ exchange });
  peer.get(1, "/waits");
  void server.shutdown();
  await settled();
  acknowledge(peer);
  peer.get(9);
  peer.send(rawHead(16_385, 0, 0, 1));
  assert.deepEqual(peer.told(), [...ANNOUNCED, "GOAWAY 1 NO_ERROR", "GOAWAY 1 FRAME_SIZE_ERROR"]);
});

test("streams behind the second GOAWAY are passed over with all their frames, but decoded and counted", async () => {
  const { exchange, waiting } = handler();
  const { peer, server } = await connectHttp2({ exchange, http2: { maxWindowSize: 65_535 } });
  peer.post(1, "/waits");
  void server.shutdown();
  await settled();
  acknowledge(peer);
  peer.read();
  peer.post(3, "/", ["x-a", "in the dynamic table"]);
  for (let i = 0; i < 4; i++) peer.data(3, new Uint8Array(10_000));
  peer.widen(3, 10);
  peer.send(frame("PRIORITY", 0, 3, "12345"));
  peer.send(peer.headers(3, [["x-trailer", "y"]]));
  peer.cancel(3);
  assert.deepEqual(peer.told(), ["WINDOW_UPDATE 0 +40000"]);
  peer.send(peer.headers(1, [["x-a", "in the dynamic table"]]));
  const [x] = waiting;
  await x.bytes();
  assert.deepEqual([...x.trailers()], [["x-a", "in the dynamic table"]]);
});

test("draining aborts when the connection is retired", async () => {
  let aborted = false;
  const { peer, connection } = await connectHttp2({
    exchange: (x) => x.draining.addEventListener("abort", () => aborted = true),
  });
  peer.get(1);
  connection.shutdown();
  assert.equal(aborted, true);
});

test("a connection that is over is not retired again, and leaves no timer", async () => {
  for (const end of ["close", "reset"] as const) {
    const { client, connection, peer, clock } = await connectHttp2({ exchange: handler().exchange });
    peer.get(1, "/waits");
    if (end === "close") connection.close();
    else client.reset();
    connection.shutdown();
    await settled();
    assert.equal(clock.timers, 0);
  }
});

test("an idle connection that the server closes may have a request on its way, which is answered", async () => {
  const connected = await connectHttp2({
    exchange: handler().exchange,
    idleTimeout: 10_000,
    idleTimeoutBuffer: 0,
  });
  const { peer, clock } = connected;
  peer.get(1);
  peer.read();
  clock.advance(10_300);
  await settled();
  assert.deepEqual(peer.told(), ANNOUNCED);
  peer.get(3);
  assert.deepEqual(peer.told(), ["HEADERS 3 200 end"]);
  acknowledge(peer);
  assert.deepEqual(peer.told(), ["GOAWAY 3 NO_ERROR"]);
  await assertEnds(connected, "idle_timeout");
});

test("server.close() ends all at once", async () => {
  const { peer, server, connection, client } = await connectHttp2({ exchange: handler().exchange });
  peer.get(1, "/waits");
  await server.close();
  assert.deepEqual([client.closed, await connection.closed], [true, "forced"]);
});

test("a client that ends the connection because of GOAWAY does not change why it ends", async () => {
  for (const end of ["sendEnd", "reset"] as const) {
    const { peer, client, connection } = await connectHttp2({ maxRequests: 1, exchange: handler().exchange });
    peer.get(1);
    assert.deepEqual(peer.told().length, 3);
    client[end]();
    assert.equal(await connection.closed, "max_requests");
  }
  const { peer, server, client } = await connectHttp2({ exchange: handler().exchange });
  peer.get(1);
  const report = server.shutdown();
  await settled();
  client.reset();
  assert.deepEqual((await report).closed, { shutdown_idle: 1 });
});
