/**
 * headerTimeout on the fake clock: from when it counts, and that 408 goes to who has begun a head.
 */
import assert from "node:assert/strict";
import { connect, get, settled } from "../support/memory.ts";
import { ok } from "./fake_clock_handlers.ts";
import { assertEnds, last, statuses } from "./fake_clock_outcomes.ts";
import { LATE, LONG } from "./fake_clock_times.ts";
import { limit, test } from "./limit_tests.ts";

limit("headerTimeout closes without an answer who never asks", async () => {
  const silent = connect({ exchange: ok, headerTimeout: 1_000 });
  silent.clock.advance(999);
  assert.equal(silent.client.ended, false);
  silent.clock.advance(1 + LATE);
  assert.equal(silent.client.text(), "");
  await assertEnds(silent, "header_timeout");
});

limit("headerTimeout counts from the accept on for the first head", async () => {
  const slow = connect({ exchange: ok, headerTimeout: 1_000 });
  slow.clock.advance(900);
  slow.client.send("GET / HT");
  slow.clock.advance(99);
  assert.deepEqual(statuses(slow.client), []);
  slow.clock.advance(1 + LATE);
  assert.deepEqual(statuses(slow.client), [408]);
  await assertEnds(slow, "header_timeout");
});

limit("headerTimeout answers a later head with 408, however it trickles", async () => {
  const slow = connect({ exchange: ok, headerTimeout: 1_000 });
  const { client, connection, clock } = slow;
  client.send(get());
  clock.advance(5_000);
  const head = get("/slow", "X-A: " + "a".repeat(100));
  for (let i = 0; i < 10; i++) {
    client.send(head[i]);
    clock.advance(i < 9 ? 100 : 99);
  }
  assert.equal(connection.state, "active");
  clock.advance(1 + LATE);
  assert.deepEqual(statuses(client), [200, 408]);
  assert.equal(last(client).connection, "close");
  await assertEnds(slow, "header_timeout");
});

limit("headerTimeout leaves alone a head that ends in its last moment", () => {
  const { client, clock } = connect({ exchange: ok, headerTimeout: 1_000 });
  for (let i = 0; i < 2; i++) {
    client.send(get().slice(0, 5));
    clock.advance(999);
    client.send(get().slice(5));
    clock.advance(999);
  }
  assert.deepEqual(statuses(client), [200, 200]);
});

limit("headerTimeout counts anew for each of pipelined heads", () => {
  for (const target of ["/now", "/later"]) {
    const { client, clock } = connect({
      headerTimeout: 1_000,
      exchange: (x) => x.target === "/now" ? ok(x) : settled().then(() => ok(x)),
    });
    const [begin, end] = [get(target).slice(0, 10), get(target).slice(10)];
    client.send(begin);
    // What ends a head begins the next, as where one segment follows the other: none of them is slow.
    for (let i = 0; i < 20; i++) {
      clock.advance(100);
      client.send(end + begin);
    }
    assert.equal(statuses(client).includes(408), false, `no head took longer than 100 ms (${target})`);
  }
});

limit("headerTimeout: 0 waits for every head", () => {
  const { client, clock } = connect({ exchange: ok, headerTimeout: 0, requestTimeout: 0 });
  for (const part of [get().slice(0, 5), get().slice(5) + "GET", get().slice(3)]) {
    clock.advance(LONG);
    client.send(part);
  }
  assert.deepEqual(statuses(client), [200, 200]);
});

limit("headerTimeout does not begin with empty lines behind a request", () => {
  const { client, connection, clock } = connect({ exchange: ok, headerTimeout: 1_000, idleTimeout: 5_000 });
  client.send(get() + "\r\n");
  clock.advance(2_000);
  assert.equal(connection.state, "idle");
  client.send(get());
  assert.deepEqual(statuses(client), [200, 200]);
});

test("a head that is found complete while the sockets are heard is answered", () => {
  const { client, clock } = connect({ exchange: ok, headerTimeout: 1_000 });
  client.send(get().slice(0, -1));
  clock.schedule(() => client.send(get().slice(-1)), 1_000);
  clock.advance(1_000 + LATE);
  assert.deepEqual(statuses(client), [200]);
});
