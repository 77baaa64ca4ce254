/**
 * drainBody and lingerTimeout on the fake clock: how much is discarded of what nobody reads, and for how
 * long.
 */
import assert from "node:assert/strict";
import type { Exchange } from "../../src/api/exchange.ts";
import { connect, get, post } from "../support/memory.ts";
import { ok } from "./fake_clock_handlers.ts";
import { assertEnds, last, statuses } from "./fake_clock_outcomes.ts";
import { chunked, LAST_CHUNK, postHead } from "./fake_clock_requests.ts";
import { LATE, LONG, RATE } from "./fake_clock_times.ts";
import { limit } from "./limit_tests.ts";

// drainBody

limit("drainBody.bytes is how much of an unread body is skipped", async () => {
  for (
    const [drainBody, most] of [[{ bytes: 100 }, 100], [{}, 262_144], [undefined, 262_144], [
      { bytes: 0 },
      0,
    ]] as const
  ) {
    const options = drainBody === undefined ? {} : { drainBody };
    const request = (length: number): string => postHead(length) + "x".repeat(length);
    const skipped = connect({ exchange: ok, ...options });
    skipped.client.send(request(most) + get());
    assert.deepEqual([statuses(skipped.client), skipped.connection.state], [[200, 200], "idle"]);
    const announced = connect({ exchange: ok, ...options });
    announced.client.send(request(most + 1) + get());
    assert.deepEqual([statuses(announced.client), last(announced.client).connection], [[200], "close"]);
    await assertEnds(announced, "unread_body");
  }
});

limit("drainBody.bytes bounds a chunked body as it comes", async () => {
  const skipped = connect({ exchange: ok, drainBody: { bytes: 100 } });
  skipped.client.send(chunked("x".repeat(60)));
  skipped.client.send(`28\r\n${"x".repeat(40)}\r\n` + LAST_CHUNK + get());
  assert.deepEqual([statuses(skipped.client), skipped.connection.state], [[200, 200], "idle"]);
  const ended = connect({ exchange: ok, drainBody: { bytes: 100 } });
  ended.client.send(chunked("x".repeat(60)));
  assert.equal(ended.client.ended, false);
  ended.client.send(`29\r\n${"x".repeat(41)}\r\n` + LAST_CHUNK + get());
  assert.deepEqual(statuses(ended.client), [200]);
  await assertEnds(ended, "unread_body");
});

limit("drainBody.timeout is how long an unread body may take", async () => {
  for (const [drainBody, time] of [[{ timeout: 2_000 }, 2_000], [{}, 500]] as const) {
    const slow = connect({ exchange: ok, drainBody });
    slow.client.send(postHead(100));
    for (let i = 0; i < 10; i++) {
      slow.client.send("x");
      slow.clock.advance(i < 9 ? time / 10 : time / 10 - 1);
    }
    assert.equal(slow.connection.state, "active");
    slow.clock.advance(1 + LATE);
    await assertEnds(slow, "unread_body");
    assert.deepEqual(statuses(slow.client), [200]);
    const inTime = connect({ exchange: ok, drainBody });
    inTime.client.send(postHead(2) + "x");
    inTime.clock.advance(time - 1);
    inTime.client.send("x" + get());
    assert.deepEqual([statuses(inTime.client), inTime.connection.state], [[200, 200], "idle"]);
  }
});

limit("drainBody.timeout counts anew for each of pipelined bodies", () => {
  const { client, clock, connection } = connect({ exchange: ok, drainBody: { timeout: 1_000 } });
  client.send(postHead(2) + "x");
  clock.advance(900);
  client.send("x" + postHead(2) + "x");
  clock.advance(900);
  client.send("x");
  assert.deepEqual([statuses(client), connection.state], [[200, 200], "idle"]);
});

limit("drainBody.timeout begins when the response is complete", async () => {
  let x!: Exchange;
  const dropping = connect({ exchange: (given) => void (x = given) });
  dropping.client.send(post("hello").slice(0, -2));
  await x.stream().cancel();
  dropping.clock.advance(10_000);
  x.respond(200, {}, "in the end");
  dropping.clock.advance(499);
  assert.equal(dropping.connection.state, "active");
  dropping.clock.advance(1 + LATE);
  assert.equal(last(dropping.client).body, "in the end");
  await assertEnds(dropping, "unread_body");
});

limit("drainBody.timeout is not for a body that is read", async () => {
  let text: Promise<string> | undefined;
  const { client, clock } = connect({
    minBodyRate: 0,
    exchange(x) {
      text = x.text();
      x.respond(202);
    },
  });
  client.send(post("hello").slice(0, -2));
  clock.advance(10_000);
  client.send("lo");
  assert.equal(await text, "hello");
});

limit("drainBody.timeout is for what comes behind a read that was pending at the response", async () => {
  const { client, clock, connection } = connect({
    drainBody: { timeout: 1_000 },
    exchange(x) {
      void x.chunks().next();
      x.respond(202);
    },
  });
  client.send(postHead(10) + "x");
  assert.equal(connection.state, "active");
  clock.advance(1_000 + LATE);
  await assertEnds({ client, connection }, "unread_body");
});

limit("drainBody.timeout: 0 sets no time", () => {
  const { client, clock, connection } = connect({
    exchange: ok,
    drainBody: { timeout: 0 },
    requestTimeout: 1_000,
    minBodyRate: RATE,
  });
  client.send(postHead(2) + "x");
  clock.advance(LONG);
  client.send("x" + get());
  assert.deepEqual([statuses(client), connection.state], [[200, 200], "idle"]);
});

// lingerTimeout

limit("lingerTimeout is how long a closing connection discards", async () => {
  for (const [options, time] of [[{ lingerTimeout: 2_000 }, 2_000], [{}, 5_000]] as const) {
    const { client, connection, clock } = connect({ exchange: ok, ...options });
    client.send(get("/", "Connection: close"));
    for (let i = 0; i < 10; i++) {
      client.send("whatever else comes".repeat(1_000));
      assert.deepEqual([client.ended, client.closed, client.paused], [true, false, false]);
      clock.advance(i < 9 ? time / 10 : time / 10 - 1);
    }
    assert.equal(client.closed, false);
    clock.advance(1 + LATE);
    assert.equal(client.closed, true);
    assert.deepEqual([statuses(client), await connection.closed], [[200], "close_requested"]);
  }
});

limit("lingerTimeout is not waited for where the client ends too", async () => {
  const { client, connection } = connect({ exchange: ok });
  client.send(get("/", "Connection: close"));
  assert.equal(client.closed, false);
  client.sendEnd();
  assert.equal(client.closed, true);
  assert.equal(await connection.closed, "close_requested");
});

limit("lingerTimeout begins once all was sent; 0 closes then", () => {
  for (const [lingerTimeout, closes] of [[1_000, false], [0, true]] as const) {
    const { client, clock } = connect({ exchange: ok, lingerTimeout });
    client.takesWrites = false;
    client.send(get("/", "Connection: close"));
    clock.advance(5_000);
    assert.equal(client.closed, false);
    client.drain();
    assert.equal(client.closed, closes);
    clock.advance(999);
    assert.equal(client.closed, closes);
    clock.advance(1 + LATE);
    assert.equal(client.closed, true);
  }
});
