/**
 * writeTimeout on the fake clock: whom it cuts off, whom it leaves alone, and who is told.
 */
import assert from "node:assert/strict";
import { ConnectionError } from "../../src/api/errors.ts";
import type { Exchange } from "../../src/api/exchange.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import { causeOf } from "../support/abort_cause.ts";
import { connect, get, settled } from "../support/memory.ts";
import { KINDS, ok } from "./fake_clock_handlers.ts";
import { last } from "./fake_clock_outcomes.ts";
import { cutOffBy, LONG } from "./fake_clock_times.ts";
import { limit } from "./limit_tests.ts";

for (const kind of KINDS) {
  limit(`writeTimeout cuts off a client that takes nothing, and tells (${kind})`, async () => {
    const told: unknown[] = [];
    const tell = (error: unknown): void => void told.push(error);
    const options: ConnectionOptions = kind === "exchange"
      ? {
        async exchange(x) {
          x.signal.addEventListener("abort", () => tell(x.signal.reason));
          x.start(200);
          x.write("x".repeat(100_000));
          await x.ready().catch(tell);
          assert.equal(x.write("to nobody"), false);
          x.end();
        },
      }
      : {
        fetch(request, info) {
          request.signal.addEventListener("abort", () => tell(request.signal.reason));
          info.completed.catch(tell);
          return new Response(
            new ReadableStream({
              pull: (controller) => controller.enqueue(new Uint8Array(100_000)),
              cancel: tell,
            }),
          );
        },
      };
    const stuck = connect({ ...options, writeTimeout: 10_000 });
    const { client, connection, clock, errors } = stuck;
    client.takesWrites = false;
    client.send(get());
    await settled();
    clock.advance(9_999);
    await settled();
    assert.deepEqual([client.closed, told], [false, []]);
    clock.advance(1 + cutOffBy(10_000) - 10_000);
    await settled();
    assert.deepEqual([client.closed, client.wasReset, connection.state], [true, true, "closed"]);
    assert.equal(await connection.closed, "write_timeout");
    assert.equal(told.length, kind === "exchange" ? 2 : 3);
    for (const error of told.map(causeOf)) {
      assert.ok(error instanceof ConnectionError, `a ConnectionError, not ${error}`);
      assert.equal(error.code, "timeout");
    }
    assert.deepEqual(errors, [], "it is no failure of the handler");
  });
}

limit("writeTimeout leaves alone a client that takes a byte now and then", async () => {
  const slow = connect({ exchange: (x) => x.respond(200, {}, "x".repeat(100_000)), writeTimeout: 10_000 });
  const { client, connection, clock } = slow;
  client.takesWrites = false;
  client.send(get());
  for (let i = 0; i < 20; i++) {
    clock.advance(7_400); // and the next look is at most a quarter of the time away
    client.take(1);
  }
  assert.equal(client.closed, false);
  clock.advance(9_999);
  assert.equal(client.closed, false);
  clock.advance(1 + 2 * (cutOffBy(10_000) - 10_000));
  assert.equal(client.closed, true, "now it takes no more");
  assert.equal(await connection.closed, "write_timeout");
});

limit("writeTimeout knows to a quarter of it when a client took its last byte", () => {
  const slow = connect({ exchange: (x) => x.respond(200, {}, "x".repeat(100_000)), writeTimeout: 10_000 });
  const { client, clock } = slow;
  client.takesWrites = false;
  client.send(get());
  clock.advance(100);
  client.take(1);
  clock.advance(9_999);
  assert.equal(client.closed, false);
  clock.advance(1 + cutOffBy(10_000) - 10_000);
  assert.equal(client.closed, true);
});

limit("writeTimeout counts anew each time that the client falls behind", async () => {
  let x!: Exchange;
  const { client, clock } = connect({ exchange: (given) => void (x = given), writeTimeout: 10_000 });
  client.send(get());
  x.start(200);
  for (let i = 0; i < 5; i++) {
    client.takesWrites = false;
    x.write("x".repeat(100_000));
    clock.advance(9_999);
    client.drain();
    await settled();
    clock.advance(LONG); // it has all that there is
  }
  assert.equal(client.closed, false);
});

limit("writeTimeout is a minute where none is given: a player that pauses goes on", () => {
  const { client, clock } = connect({ exchange: (x) => x.respond(200, {}, "x".repeat(100_000)) });
  client.takesWrites = false;
  client.send(get());
  clock.advance(59_999);
  assert.equal(client.closed, false);
  clock.advance(1 + cutOffBy(60_000) - 60_000);
  assert.equal(client.closed, true);
});

limit("writeTimeout holds for the last response too", async () => {
  const { client, connection, clock } = connect({ exchange: ok, writeTimeout: 10_000, lingerTimeout: 1_000 });
  client.takesWrites = false;
  client.send(get("/", "Connection: close"));
  clock.advance(9_999);
  assert.equal(client.closed, false, "lingering begins once all was sent");
  clock.advance(1 + cutOffBy(10_000) - 10_000);
  assert.equal(client.closed, true);
  assert.equal(await connection.closed, "write_timeout");
});

limit("writeTimeout holds for the end that is not sent", async () => {
  const { client, connection, clock } = connect({ exchange: ok, writeTimeout: 10_000 });
  client.end = () => false;
  client.unsent = () => 1;
  client.send(get("/", "Connection: close"));
  clock.advance(9_999);
  assert.equal(client.closed, false);
  clock.advance(1 + cutOffBy(10_000) - 10_000);
  assert.equal(client.closed, true);
  assert.equal(await connection.closed, "write_timeout");
});

limit("writeTimeout: 0 waits for every client", async () => {
  const { client, clock } = connect({
    exchange: (x) => x.respond(200, {}, "x".repeat(100_000)),
    writeTimeout: 0,
  });
  client.takesWrites = false;
  client.send(get());
  clock.advance(LONG);
  client.drain();
  await settled();
  assert.equal(last(client).body.length, 100_000);
});
