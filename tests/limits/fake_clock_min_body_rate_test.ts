/**
 * minBodyRate on the fake clock: rate and grace, what counts for them, and who is told.
 */
import assert from "node:assert/strict";
import { connect, post, settled } from "../support/memory.ts";
import { echo, KINDS, reading } from "./fake_clock_handlers.ts";
import { assertEnds, assertProtocolError, last, statuses } from "./fake_clock_outcomes.ts";
import { chunked, postHead } from "./fake_clock_requests.ts";
import { LATE, LONG, RATE } from "./fake_clock_times.ts";
import { limit } from "./limit_tests.ts";

for (const kind of KINDS) {
  limit(`minBodyRate.bytesPerSecond answers 408, and tells reader and signal (${kind})`, async () => {
    const { options, told } = reading(kind);
    const slow = connect({ ...options, minBodyRate: RATE });
    slow.client.send(postHead(10_000));
    for (let i = 0; i < 50; i++) {
      slow.clock.advance(100);
      slow.client.send("x".repeat(105));
    }
    await settled();
    assert.deepEqual([statuses(slow.client), told.reader], [[], undefined], "fast enough");
    // At half the rate, which makes the whole too slow within another half of that time.
    for (let i = 0; i < 10 && !slow.client.ended; i++) {
      slow.clock.advance(100);
      slow.client.send("x".repeat(50));
    }
    await settled();
    assert.deepEqual([statuses(slow.client), last(slow.client).connection], [[408], "close"]);
    assertProtocolError(told.reader, "body_too_slow", 408);
    assert.equal(told.signal!.reason.cause, told.reader);
    await assertEnds(slow, "slow_body");
  });
}

limit("minBodyRate.grace is over before anything is looked at", async () => {
  const silent = connect({ exchange: echo, minBodyRate: { bytesPerSecond: 1, grace: 3_000 } });
  silent.client.send(postHead(10));
  silent.clock.advance(2_999);
  assert.deepEqual(statuses(silent.client), []);
  silent.clock.advance(1 + LATE);
  assert.deepEqual(statuses(silent.client), [408]);
  await assertEnds(silent, "slow_body");
});

limit("minBodyRate.bytesPerSecond is that of the whole body: who was fast may stall", () => {
  const { client, clock } = connect({ exchange: echo, minBodyRate: RATE });
  client.send(postHead(100_000));
  client.send("x".repeat(50_000));
  clock.advance(49_000);
  assert.deepEqual(statuses(client), []);
  client.send("x".repeat(2_000));
  clock.advance(3_000);
  assert.deepEqual(statuses(client), [], "52 000 bytes in as many milliseconds");
  clock.advance(2 * LATE); // the time for which that is enough is looked at once it is over
  assert.deepEqual(statuses(client), [408]);
});

limit(
  "minBodyRate.grace, minBodyRate.bytesPerSecond: an upload on a bad line lasts, a trickle ends",
  async () => {
    const phone = connect({ exchange: echo });
    phone.client.send(postHead(1_500_000) + "x".repeat(1_000_000));
    phone.clock.advance(11_000);
    phone.client.send("x".repeat(200_000));
    phone.clock.advance(59_000);
    phone.client.send("x".repeat(300_000));
    await settled();
    assert.deepEqual(statuses(phone.client), [200], "it stalls twice");
    const slow = connect({ exchange: echo });
    slow.client.send(postHead(20_000));
    for (let i = 0; i < 59; i++) {
      slow.clock.advance(1_000);
      slow.client.send("x".repeat(230));
    }
    assert.deepEqual(statuses(slow.client), []);
    slow.clock.advance(1_000 + LATE);
    assert.deepEqual(statuses(slow.client), [408]);
    await assertEnds(slow, "slow_body");
  },
);

limit("minBodyRate.bytesPerSecond counts content, not framing", () => {
  for (const [content, status] of [["x".repeat(1_500), []], ["x", [408]]] as const) {
    const { client, clock } = connect({ exchange: echo, minBodyRate: RATE });
    client.send(chunked());
    clock.advance(500);
    const size = content.length.toString(16);
    client.send(`${size};${"extension".repeat(150)}\r\n${content}\r\n`);
    clock.advance(500 + LATE);
    assert.deepEqual(statuses(client), status);
  }
});

limit("minBodyRate.grace counts no time in which nobody reads", async () => {
  let reader!: ReadableStreamDefaultReader<Uint8Array>;
  const slow = connect({
    minBodyRate: RATE,
    requestTimeout: 0,
    exchange: (x) => void (reader = x.stream().getReader()),
  });
  const { client, clock, connection } = slow;
  client.send(postHead(100_000));
  clock.advance(100_000);
  assert.equal(connection.state, "active", "the handler has not asked");
  for (let i = 0; i < 10; i++) {
    const read = reader.read();
    await settled();
    clock.advance(400);
    client.send("x".repeat(500)); // enough for half a second
    assert.equal((await read).value!.length, 500);
    clock.advance(100_000);
    assert.equal(connection.state, "active", "the handler does not ask for more");
  }
  const read = reader.read().catch((error) => error);
  await settled();
  clock.advance(1_000);
  assert.equal(
    connection.state,
    "active",
    "5 000 bytes are enough for five seconds, of which these are the last",
  );
  clock.advance(2 * LATE);
  assertProtocolError(await read, "body_too_slow", 408);
  await assertEnds(slow, "slow_body");
});

limit("minBodyRate.grace adds up the times in which somebody reads", async () => {
  let reader!: ReadableStreamDefaultReader<Uint8Array>;
  const slow = connect({ minBodyRate: RATE, exchange: (x) => void (reader = x.stream().getReader()) });
  const { client, clock } = slow;
  client.send(postHead(100_000));
  let waited = 0;
  let error: unknown;
  while (error === undefined && waited < 10_000) {
    const read = reader.read().then(() => {}, (given) => error = given);
    await settled();
    clock.advance(100); // never for as long as the grace, and too long for one byte
    waited += 100;
    if (!client.ended) client.send("x");
    await read;
    clock.advance(100);
  }
  assertProtocolError(error, "body_too_slow", 408);
  assert.ok(waited >= 1_000 && waited <= 2_000 + LATE, `${waited} ms`);
  await assertEnds(slow, "slow_body");
});

limit("minBodyRate.bytesPerSecond counts anew for each of pipelined bodies", async () => {
  const errors: unknown[] = [];
  const { client, clock, connection } = connect({
    minBodyRate: RATE,
    exchange(x) {
      x.text().catch((error) => errors.push(error));
      x.respond(202);
    },
  });
  client.send(postHead(20_000) + "x".repeat(10_000));
  clock.advance(900);
  client.send("x".repeat(10_000) + postHead(20_000) + "x".repeat(900));
  clock.advance(900);
  await settled();
  assert.deepEqual([connection.state, errors], ["active", []], "both came fast");
});

limit("minBodyRate.bytesPerSecond cuts off a response that has begun", async () => {
  const slow = connect({
    minBodyRate: RATE,
    onError: () => {},
    async exchange(x) {
      x.start(200);
      x.write("part");
      await x.text();
    },
  });
  slow.client.send(post("slowly").slice(0, -3));
  slow.clock.advance(1_000 + LATE);
  assert.equal(slow.client.closed, true);
  assert.match(slow.client.text(), /\r\n\r\n4\r\npart\r\n$/);
  await assertEnds(slow, "slow_body");
});

limit("minBodyRate.bytesPerSecond: 0 lets a body trickle", async () => {
  for (const minBodyRate of [0, { bytesPerSecond: 0, grace: 1 }]) {
    const { client, clock } = connect({ exchange: echo, minBodyRate, requestTimeout: 0 });
    client.send(postHead(2) + "h");
    clock.advance(LONG);
    client.send("i");
    await settled();
    assert.equal(last(client).body, "hi");
  }
});

limit("minBodyRate.bytesPerSecond, minBodyRate.grace: each has its default", () => {
  const defaults = { bytesPerSecond: 240, grace: 60_000 };
  for (
    const [minBodyRate, { bytesPerSecond, grace }] of [
      [undefined, defaults],
      [{}, defaults],
      [1_000, { ...defaults, bytesPerSecond: 1_000 }],
      [{ bytesPerSecond: 1_000 }, { ...defaults, bytesPerSecond: 1_000 }],
      [{ grace: 1_000 }, { ...defaults, grace: 1_000 }],
    ] as const
  ) {
    const least = bytesPerSecond * grace / 1000;
    for (const [share, status] of [[0.9, [408]], [1.3, []]] as const) {
      const options = minBodyRate === undefined ? {} : { minBodyRate };
      const { client, clock } = connect({ exchange: echo, ...options });
      client.send(postHead(100_000));
      clock.advance(grace - 1);
      assert.deepEqual(statuses(client), []);
      client.send("x".repeat(least * share));
      clock.advance(1 + LATE);
      assert.deepEqual(statuses(client), status, JSON.stringify({ minBodyRate, share }));
    }
  }
});
