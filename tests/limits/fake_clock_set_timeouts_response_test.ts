/**
 * setTimeouts() of idleTimeout and writeTimeout on the fake clock, and of all at once: for this response
 * alone.
 */
import assert from "node:assert/strict";
import type { Exchange } from "../../src/api/exchange.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import type { Timeouts } from "../../src/api/timeouts.ts";
import { connect, get, post, settled } from "../support/memory.ts";
import { handler, KINDS, setting } from "./fake_clock_handlers.ts";
import { assertEnds, last, statuses } from "./fake_clock_outcomes.ts";
import { ARRIVALS, sendSlowly } from "./fake_clock_requests.ts";
import { cutOffBy, LATE, LONG } from "./fake_clock_times.ts";
import { limit } from "./limit_tests.ts";

for (const kind of KINDS) {
  const own = (timeouts: Timeouts): ConnectionOptions => setting(kind, timeouts);

  limit(`setTimeouts.idleTimeout is told, and holds behind this request alone (${kind})`, async () => {
    for (const [idleTimeout, hint] of [[5_000, "timeout=5"], [20_000, "timeout=20"]] as const) {
      const idle = connect({ ...own({ idleTimeout }), idleTimeout: 10_000, idleTimeoutBuffer: 1_000 });
      const { client, connection, clock } = idle;
      client.send(get("/own"));
      await settled();
      assert.equal(last(client).hint, hint);
      clock.advance(idleTimeout + 999);
      assert.equal(connection.state, "idle");
      client.send(get("/next"));
      await settled();
      assert.equal(last(client).hint, "timeout=10", "the next has the server's time");
      clock.advance(10_999);
      assert.equal(connection.state, "idle");
      client.send(get("/own"));
      await settled();
      clock.advance(idleTimeout + 1_000 + LATE);
      await assertEnds(idle, "idle_timeout");
      const after = connect({ ...own({ idleTimeout }), idleTimeout: 10_000, idleTimeoutBuffer: 1_000 });
      after.client.send(get("/own") + get("/next"));
      await settled();
      after.clock.advance(11_000 + LATE);
      await assertEnds(after, "idle_timeout");
    }
  });

  limit(`setTimeouts.idleTimeout stays where a later call does not name it (${kind})`, async () => {
    const options = handler(kind, (asked) => {
      asked.setTimeouts({ idleTimeout: 5_000 });
      asked.setTimeouts({ requestTimeout: 1_000 });
      asked.setTimeouts({});
      return asked.text();
    });
    const { client, clock } = connect({ ...options, onError: () => {}, minBodyRate: 0 });
    client.send(post("whole"));
    await settled();
    assert.equal(last(client).hint, "timeout=5");
    client.send(post("slowly").slice(0, -1));
    clock.advance(1_000 + LATE);
    assert.deepEqual(statuses(client), [200, 408]);
  });

  limit(`setTimeouts.writeTimeout holds for this response alone (${kind})`, async () => {
    for (const [server, writeTimeout] of [[10_000, 2_000], [10_000, 40_000], [0, 2_000]]) {
      const stuck = connect({ ...own({ writeTimeout }), writeTimeout: server });
      stuck.client.takesWrites = false;
      stuck.client.send(post("large", "/own"));
      await settled();
      stuck.clock.advance(writeTimeout - 1);
      assert.equal(stuck.client.closed, false);
      stuck.clock.advance(1 + cutOffBy(writeTimeout) - writeTimeout);
      assert.equal(stuck.client.closed, true, `${writeTimeout} in place of ${server}`);
      assert.equal(await stuck.connection.closed, "write_timeout");
    }
    for (const writeTimeout of [0, 2_000, 40_000]) {
      const { client, clock } = connect({ ...own({ writeTimeout }), writeTimeout: 10_000 });
      client.send(post("small", "/own"));
      await settled();
      client.takesWrites = false;
      client.send(post("large", "/next"));
      await settled();
      clock.advance(9_999);
      assert.equal(client.closed, false);
      clock.advance(1 + cutOffBy(10_000) - 10_000);
      assert.equal(client.closed, true, `after ${writeTimeout} the server's time`);
    }
  });

  limit(`setTimeouts.requestTimeout: 0 switches it off, as with each of them (${kind})`, async () => {
    const none = { idleTimeout: 0, requestTimeout: 0, minBodyRate: 0, writeTimeout: 0 };
    const times = {
      idleTimeout: 10_000,
      requestTimeout: 10_000,
      minBodyRate: 1_000,
      writeTimeout: 10_000,
      headerTimeout: 0,
    };
    for (const [how, cut] of ARRIVALS) {
      const { client, clock, connection } = connect({ ...own(none), ...times });
      sendSlowly(client, "/own", cut);
      clock.advance(LONG);
      client.takesWrites = false;
      client.send("x");
      await settled();
      clock.advance(LONG);
      client.drain();
      assert.deepEqual(statuses(client), [200], `head ${how}`);
      assert.equal(last(client).hint, undefined);
      clock.advance(LONG);
      assert.equal(connection.state, "idle");
    }
  });
}

limit("setTimeouts.writeTimeout runs on where a call does not name it", async () => {
  let x!: Exchange;
  const { client, connection, clock } = connect({
    exchange: (given) => void (x = given),
    writeTimeout: 10_000,
  });
  client.takesWrites = false;
  client.send(get());
  x.start(200);
  x.write("x".repeat(100_000));
  let passed = 0;
  for (; !client.closed && passed < 30_000; passed += 1_000) {
    x.setTimeouts({ idleTimeout: 5_000 });
    clock.advance(1_000);
  }
  assert.ok(passed >= 10_000 && passed <= cutOffBy(10_000) + 1_000, `after ${passed} ms`);
  assert.equal(await connection.closed, "write_timeout");
});

limit("setTimeouts.writeTimeout counts for a client that is behind", async () => {
  for (const writeTimeout of [6_000, 20_000]) {
    let x!: Exchange;
    const { client, connection, clock } = connect({
      exchange: (given) => void (x = given),
      writeTimeout: 10_000,
    });
    client.takesWrites = false;
    client.send(get());
    x.start(200);
    x.write("x".repeat(100_000));
    clock.advance(5_000);
    x.setTimeouts({ writeTimeout });
    clock.advance(writeTimeout - 1);
    assert.equal(client.closed, false, `${writeTimeout} ms are not over`);
    clock.advance(1 + cutOffBy(writeTimeout) - writeTimeout);
    assert.equal(client.closed, true, `${writeTimeout} ms are over`);
    assert.equal(await connection.closed, "write_timeout");
  }
});

limit("setTimeouts.idleTimeout comes too late behind the response's head", async () => {
  const idle = connect({
    idleTimeout: 10_000,
    idleTimeoutBuffer: 0,
    exchange(x) {
      x.start(200);
      x.setTimeouts({ idleTimeout: 5_000 });
      x.end();
    },
  });
  idle.client.send(get());
  assert.equal(last(idle.client).hint, "timeout=10");
  idle.clock.advance(9_999);
  assert.equal(idle.connection.state, "idle", "it has what it was told");
  idle.clock.advance(1 + LATE);
  await assertEnds(idle, "idle_timeout");
});
