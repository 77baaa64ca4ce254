/**
 * requestTimeout on the fake clock: from when it counts, while whom it passes, and who is told.
 */
import assert from "node:assert/strict";
import type { Exchange } from "../../src/api/exchange.ts";
import { connect, get, post, settled } from "../support/memory.ts";
import { echo, KINDS, ok, reading } from "./fake_clock_handlers.ts";
import { assertEnds, assertProtocolError, last, statuses } from "./fake_clock_outcomes.ts";
import { postHead } from "./fake_clock_requests.ts";
import { LATE, LONG } from "./fake_clock_times.ts";
import { limit } from "./limit_tests.ts";

for (const kind of KINDS) {
  limit(`requestTimeout answers 408, and tells reader and signal (${kind})`, async () => {
    const { options, told } = reading(kind);
    const slow = connect({ ...options, requestTimeout: 1_000, minBodyRate: 0 });
    slow.client.send(postHead(10));
    for (let i = 0; i < 9; i++) {
      slow.clock.advance(i < 8 ? 100 : 199);
      slow.client.send("x");
    }
    await settled();
    assert.deepEqual([statuses(slow.client), told.reader], [[], undefined]);
    slow.clock.advance(1 + LATE);
    await settled();
    assert.deepEqual([statuses(slow.client), last(slow.client).connection], [[408], "close"]);
    assertProtocolError(told.reader, "request_timeout", 408);
    assert.equal(told.signal!.reason.cause, told.reader);
    await assertEnds(slow, "request_timeout");
  });

  limit(`requestTimeout leaves alone a body that ends in its last moment (${kind})`, async () => {
    const { options, told } = reading(kind);
    const { client, clock } = connect({ ...options, requestTimeout: 1_000, minBodyRate: 0 });
    for (let i = 0; i < 2; i++) {
      client.send(post("slowly").slice(0, -1));
      clock.advance(999);
      client.send("y");
      await settled();
    }
    assert.deepEqual(statuses(client), [200, 200]);
    assert.equal(told.signal!.aborted, false);
  });
}

limit("requestTimeout counts from the first byte of the head", () => {
  const { client, clock } = connect({ exchange: echo, headerTimeout: 0, requestTimeout: 1_000 });
  client.send(post("slowly").slice(0, 10));
  clock.advance(800);
  client.send(post("slowly").slice(10, -3));
  clock.advance(199);
  assert.deepEqual(statuses(client), []);
  clock.advance(1 + LATE);
  assert.deepEqual(statuses(client), [408]);
});

limit("requestTimeout holds for the head too", async () => {
  const slow = connect({ exchange: ok, headerTimeout: 0, requestTimeout: 1_000 });
  slow.clock.advance(LONG);
  slow.client.send("GET / HT");
  slow.clock.advance(999);
  assert.equal(slow.client.text(), "");
  slow.clock.advance(1 + LATE);
  assert.deepEqual(statuses(slow.client), [408]);
  await assertEnds(slow, "request_timeout");
});

limit("requestTimeout counts anew for each of pipelined requests", () => {
  const { client, clock } = connect({ exchange: ok, requestTimeout: 1_000 });
  const [begin, end] = [get().slice(0, 10), get().slice(10)];
  client.send(begin);
  for (let i = 0; i < 20; i++) {
    clock.advance(100);
    client.send(end + begin);
  }
  assert.equal(statuses(client).includes(408), false, "no request took longer than 100 ms");
});

limit("requestTimeout is not the handler's time", async () => {
  const request = post("it is all here");
  for (const cut of [0, 10, request.length - 3]) {
    let x!: Exchange;
    const { client, clock } = connect({ exchange: (given) => void (x = given), requestTimeout: 1_000 });
    client.send(request.slice(0, cut));
    const early = cut > 10 ? x.text() : undefined;
    client.send(request.slice(cut));
    clock.advance(LONG);
    const text = await (early ?? x.text());
    clock.advance(LONG);
    x.respond(200, {}, text);
    await settled();
    assert.equal(last(client).body, "it is all here", `cut at ${cut}`);
  }
});

limit("requestTimeout passes only while the client is waited for", async () => {
  let reader!: ReadableStreamDefaultReader<Uint8Array>;
  const slow = connect({
    exchange: (x) => void (reader = x.stream().getReader()),
    requestTimeout: 1_000,
    minBodyRate: 0,
  });
  const { client, clock, connection } = slow;
  client.send(post("slowly").slice(0, -5));
  clock.advance(100_000);
  assert.equal((await reader.read()).value!.length, 1, "the handler did not ask");
  for (const byte of "low") {
    const read = reader.read();
    await settled();
    clock.advance(200);
    client.send(byte);
    assert.equal((await read).value!.length, 1);
    clock.advance(100_000);
    assert.equal(connection.state, "active", "the handler does not ask for more");
  }
  const told = reader.read().catch((error) => error);
  await settled();
  clock.advance(399);
  assert.equal(connection.state, "active", "400 of 1000 ms are left");
  clock.advance(1 + 3 * LATE);
  assertProtocolError(await told, "request_timeout", 408);
  await assertEnds(slow, "request_timeout");
});

limit("requestTimeout cuts off a response that has begun", async () => {
  const slow = connect({
    requestTimeout: 1_000,
    minBodyRate: 0,
    onError: () => {},
    async exchange(x) {
      x.start(200);
      x.write("part");
      await x.text();
      x.end();
    },
  });
  slow.client.send(post("slowly").slice(0, -3));
  slow.clock.advance(999);
  assert.equal(slow.client.closed, false);
  slow.clock.advance(1 + LATE);
  assert.equal(slow.client.closed, true);
  assert.match(slow.client.text(), /\r\n\r\n4\r\npart\r\n$/);
  await assertEnds(slow, "request_timeout");
});

limit("requestTimeout ends quietly what is read behind the response", async () => {
  const errors: unknown[] = [];
  const slow = connect({
    requestTimeout: 1_000,
    minBodyRate: 0,
    exchange(x) {
      x.text().catch((error) => errors.push(error));
      x.respond(202);
    },
  });
  slow.client.send(post("slowly").slice(0, -3));
  slow.clock.advance(999);
  await settled();
  assert.deepEqual(errors, []);
  slow.clock.advance(1 + LATE);
  await settled();
  assertProtocolError(errors[0], "request_timeout", 408);
  assert.deepEqual(statuses(slow.client), [202]);
  await assertEnds(slow, "request_timeout");
});

limit("requestTimeout: 0 waits for every body", async () => {
  const { client, clock } = connect({ exchange: echo, headerTimeout: 0, requestTimeout: 0, minBodyRate: 0 });
  for (const byte of post("hi")) {
    client.send(byte);
    clock.advance(10_000);
  }
  await settled();
  assert.equal(last(client).body, "hi");
});
