/**
 * `Keep-Alive: timeout=…, max=…` is true: undici, which believes it, loses no request, and a connection can be used
 * for as long and as often as it says.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { connectTcp } from "../support/byte_streams.ts";
import { inTime } from "../support/deadline.ts";
import { get } from "../support/memory.ts";
import { longWire } from "../support/long_wire.ts";
import { assertNothingLost, echoServer, LoadClient, pausingLoad } from "../support/proxies.ts";
import { WireClient } from "../support/wire_client.ts";

/** What the hint says, and how much later the server acts, in milliseconds. */
const IDLE = { idleTimeout: 1000, idleTimeoutBuffer: 1000 };

/** How much too early a timer may seem to fire, in milliseconds. */
const TIMER_TOLERANCE = 20;

/** Clients with one connection each. undici takes them to be good for a minute, unless the hint says less. */
function believers(count: number, port: number): { clients: LoadClient[] } & AsyncDisposable {
  const options = { connections: 1, keepAliveTimeout: 60_000, keepAliveTimeoutThreshold: 0 };
  const clients = Array.from({ length: count }, () => new LoadClient(`http://127.0.0.1:${port}`, options));
  return {
    clients,
    async [Symbol.asyncDispose]() {
      for (const client of clients) await client[Symbol.asyncDispose]();
    },
  };
}

test("undici, which believes the hint, loses no request to idleTimeout", async () => {
  await using echo = await echoServer(IDLE);
  await using wire = await longWire(echo.port);
  const workers = 192;
  await using undici = believers(workers, wire.port);
  const pauses = [0.8, 1.0, 1.05, 1.0].map((part) => part * IDLE.idleTimeout);
  await pausingLoad({ workers, asks: 4, pauses, jitter: 100 }, (worker) => undici.clients[worker].ask());
  assertNothingLost("undici, pauses around idleTimeout", undici.clients, [echo.server]);
  const { closed, reuseRatio } = echo.server.stats();
  assert.ok(reuseRatio > 0.8, `reuse ratio ${reuseRatio}`);
  // The pauses were long enough, and undici was always first.
  assert.ok(closed.client_closed! > workers / 4, JSON.stringify(closed));
  assert.equal(closed.idle_timeout, undefined);
});

test("undici loses no request to maxRequests", async () => {
  await using echo = await echoServer({ maxRequests: 10 });
  await using wire = await longWire(echo.port);
  const workers = 192;
  await using undici = believers(workers, wire.port);
  await pausingLoad(
    { workers, asks: 6, pauses: [10, 10], jitter: 10 },
    (worker) => undici.clients[worker].ask(),
  );
  assertNothingLost("undici, maxRequests 10", undici.clients, [echo.server]);
  const { accepted, closed } = echo.server.stats();
  assert.equal(accepted, 2 * workers);
  assert.equal(closed.max_requests, workers);
});

test("connections can be used for as long as the hint says, and end later", async () => {
  await using echo = await echoServer(IDLE);
  const useTwice = async (): Promise<void> => {
    using client = new WireClient(await connectTcp(echo.port));
    await client.send(get("/first"));
    assert.equal((await client.response()).headers.get("keep-alive"), "timeout=1");
    await delay(1000);
    // It becomes idle after this, whenever the answer is seen here.
    const busySince = performance.now();
    await client.send(get("/second"));
    assert.equal((await client.response()).text, "/second");
    await client.assertEnd();
    const idle = performance.now() - busySince;
    assert.ok(idle > 2000 - TIMER_TOLERANCE, `it ended after ${idle} ms`);
  };
  await inTime(Promise.all(Array.from({ length: 50 }, useTwice)), "the connections");
  await echo.server.shutdown(); // The server notices the end of each a little later.
  assert.deepEqual(echo.server.stats().closed, { idle_timeout: 50 });
});

test("max counts down to the response that closes", async () => {
  await using echo = await echoServer({ maxRequests: 3, idleTimeout: 5000 });
  using client = new WireClient(await connectTcp(echo.port));
  const hints: (string | undefined)[] = [];
  for (let i = 0; i < 3; i++) {
    await client.send(get(`/${i}`));
    const { headers, text } = await client.response();
    assert.equal(text, `/${i}`);
    hints.push(`${headers.get("connection")}, ${headers.get("keep-alive")}`);
  }
  assert.deepEqual(hints, [
    "keep-alive, timeout=5, max=2",
    "keep-alive, timeout=5, max=1",
    "close, undefined",
  ]);
  await client.assertEnd();
  assert.deepEqual(echo.server.stats().reused, 2);
});
