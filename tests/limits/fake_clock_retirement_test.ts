/**
 * keepAlive, keepAliveHint, maxRequests, maxAge and jitter on the fake clock: when a connection ends with a
 * response, and what the client is told of it.
 */
import assert from "node:assert/strict";
import type { Exchange } from "../../src/api/exchange.ts";
import { connect, get, parseResponses, settled } from "../support/memory.ts";
import { ok } from "./fake_clock_handlers.ts";
import { assertEnds, last, statuses } from "./fake_clock_outcomes.ts";
import { LATE, LONG } from "./fake_clock_times.ts";
import { limit } from "./limit_tests.ts";
import { Place } from "./place.ts";

// keepAlive

limit("keepAlive: false closes after each response, also to HTTP/1.0", async () => {
  for (const request of [get(), "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"]) {
    const kept = connect({ exchange: ok, keepAlive: true });
    kept.client.send(request + request);
    assert.deepEqual([statuses(kept.client).length, last(kept.client).connection], [2, "keep-alive"]);
    assert.equal(kept.connection.state, "idle");
    const closing = connect({ exchange: ok, keepAlive: false });
    closing.client.send(request + request);
    assert.deepEqual([statuses(closing.client).length, last(closing.client).connection], [1, "close"]);
    assert.equal(last(closing.client).hint, undefined);
    await assertEnds(closing, "keep_alive_off");
  }
});

limit("keepAlive switched at run time counts from the next response on", async () => {
  const place = new Place({ exchange: ok, keepAlive: false });
  place.server.keepAlive = true;
  const { client, connection } = place.visit();
  client.send(get());
  assert.equal(last(client).connection, "keep-alive");
  place.server.keepAlive = false;
  assert.equal(connection.state, "idle", "what is idle was told that it may be");
  client.send(get() + get());
  assert.deepEqual([statuses(client).length, last(client).connection], [2, "close"]);
  await assertEnds({ client, connection }, "keep_alive_off");
});

limit("keepAliveHint: false tells no limit, and they hold all the same", async () => {
  const options = { exchange: ok, maxRequests: 3, idleTimeout: 5_000, idleTimeoutBuffer: 0 };
  const told = connect(options);
  const untold = connect({ ...options, keepAliveHint: false });
  for (const { client } of [told, untold]) client.send(get());
  assert.deepEqual([last(told.client).connection, last(told.client).hint], [
    "keep-alive",
    "timeout=5, max=2",
  ]);
  assert.deepEqual([last(untold.client).connection, last(untold.client).hint], [undefined, undefined]);
  untold.clock.advance(4_999);
  assert.equal(untold.connection.state, "idle");
  untold.clock.advance(1 + LATE);
  await assertEnds(untold, "idle_timeout");
  const busy = connect({ ...options, keepAliveHint: false });
  busy.client.send(get().repeat(4));
  assert.deepEqual(statuses(busy.client), [200, 200, 200]);
  await assertEnds(busy, "max_requests");
});

// maxRequests

limit("maxRequests counts down in the hint, to close", async () => {
  const limited = connect({ exchange: ok, maxRequests: 3, idleTimeout: 7_500 });
  limited.client.send(get().repeat(2));
  assert.equal(limited.connection.state, "idle");
  limited.client.send(get().repeat(2));
  const responses = parseResponses(limited.client.text());
  assert.deepEqual(responses.map(({ headers }) => [headers.get("connection"), headers.get("keep-alive")]), [
    ["keep-alive", "timeout=7, max=2"],
    ["keep-alive", "timeout=7, max=1"],
    ["close", undefined],
  ]);
  assert.equal(limited.connection.requests, 3, "after it nothing is processed");
  await assertEnds(limited, "max_requests");
});

limit("maxRequests: 0 serves on, and tells no number", () => {
  const { client, connection } = connect({ exchange: ok, maxRequests: 0 });
  for (let i = 0; i < 1_000; i++) client.send(get());
  assert.deepEqual([connection.requests, connection.state], [1_000, "idle"]);
  assert.equal(last(client).hint, "timeout=60");
});

// maxAge, jitter

limit("maxAge ends a connection with the first response after it, idle or not", async () => {
  const { client, connection, clock } = connect({
    exchange: ok,
    maxAge: 10_000,
    jitter: 0,
    idleTimeout: 10 * LONG,
  });
  clock.advance(5_000);
  client.send(get());
  clock.advance(4_999);
  client.send(get());
  assert.equal(last(client).connection, "keep-alive");
  clock.advance(LONG);
  assert.equal(connection.state, "idle", "by its age alone it is not closed");
  client.send(get() + get());
  assert.deepEqual([statuses(client).length, last(client).connection], [3, "close"]);
  await assertEnds({ client, connection }, "max_age");
});

for (
  const [how, fields] of [["", {}], [", whatever its date", {
    date: "Thu, 01 Jan 2026 00:00:00 GMT",
  }]] as const
) {
  limit(`maxAge counts from the accept to the response, not to the request${how}`, async () => {
    for (const [age, connection] of [[9_999, "keep-alive"], [10_000, "close"]] as const) {
      let x!: Exchange;
      const { client, clock } = connect({ exchange: (given) => void (x = given), maxAge: 10_000, jitter: 0 });
      clock.advance(5_000);
      client.send(get());
      clock.advance(age - 5_000);
      x.respond(200, fields);
      await settled();
      assert.equal(last(client).connection, connection, `${age} ms old`);
    }
  });
}

limit("maxAge: 0 lets connections grow old", () => {
  const { client, clock } = connect({ exchange: ok, maxAge: 0, jitter: 1, idleTimeout: 10 * LONG });
  client.send(get());
  clock.advance(LONG);
  client.send(get());
  assert.equal(last(client).connection, "keep-alive");
});

/** Calls `body` while `Math.random()` draws `drawn`. */
function drawing(drawn: number, body: () => void): void {
  const { random } = Math;
  Math.random = () => drawn;
  try {
    body();
  } finally {
    Math.random = random;
  }
}

limit("jitter spreads maxAge by its share, shorter and longer", () => {
  for (const [jitter, share] of [[undefined, 0.1], [0, 0], [0.5, 0.5], [1, 1]] as const) {
    for (const [drawn, sign] of [[0, -1], [0.5, 0], [1 - Number.EPSILON, 1]] as const) {
      drawing(drawn, () => {
        const options = jitter === undefined ? {} : { jitter };
        const { client, clock } = connect({ exchange: ok, maxAge: 10_000, ...options });
        const age = 10_000 * (1 + sign * share);
        const what = `jitter ${jitter}, drawn ${drawn}`;
        if (age > 0) {
          clock.advance(age - 1);
          client.send(get());
          assert.equal(last(client).connection, "keep-alive", what);
          clock.advance(1);
        }
        client.send(get());
        assert.equal(last(client).connection, "close", what);
      });
    }
  }
});

limit("jitter draws the age of each connection", () => {
  const place = new Place({ exchange: ok, headerTimeout: 0, maxAge: 10_000, jitter: 0.5 });
  const visitors = place.visits(100);
  const retired = (): number => visitors.filter(({ client }) => client.ended).length;
  const ask = (): void => visitors.forEach(({ client }) => client.ended || client.send(get()));
  place.clock.advance(4_800);
  ask();
  assert.equal(retired(), 0);
  place.clock.advance(5_200);
  ask();
  assert.ok(retired() > 10 && retired() < 90, `${retired()} of 100 are gone after maxAge`);
  place.clock.advance(5_000);
  ask();
  assert.equal(retired(), 100);
});
