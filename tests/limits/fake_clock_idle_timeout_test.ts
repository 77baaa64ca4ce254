/**
 * idleTimeout and idleTimeoutBuffer on the fake clock: when an idle connection is closed, and what it was
 * told.
 */
import assert from "node:assert/strict";
import { connect, get } from "../support/memory.ts";
import { ok } from "./fake_clock_handlers.ts";
import { assertEnds, last, statuses } from "./fake_clock_outcomes.ts";
import { LATE, LONG } from "./fake_clock_times.ts";
import { limit, test } from "./limit_tests.ts";

limit("idleTimeout, idleTimeoutBuffer: an idle connection is closed quietly, later than told", async () => {
  const idle = connect({ exchange: ok, idleTimeout: 10_000, idleTimeoutBuffer: 2_000 });
  const { client, connection, clock, server } = idle;
  client.send(get());
  assert.equal(last(client).hint, "timeout=10");
  clock.advance(11_999);
  assert.equal(server.connections()[0].idleTimeLeft, 1);
  client.send(get());
  assert.deepEqual(statuses(client), [200, 200], "what comes within the buffer is answered");
  clock.advance(11_999);
  assert.equal(connection.state, "idle", "each response begins its time anew");
  clock.advance(1 + LATE);
  assert.deepEqual(statuses(client), [200, 200], "no 408 to an idle connection");
  await assertEnds(idle, "idle_timeout");
});

limit("idleTimeoutBuffer: 0 closes when the client was told", async () => {
  const idle = connect({ exchange: ok, idleTimeout: 10_000, idleTimeoutBuffer: 0 });
  idle.client.send(get());
  idle.clock.advance(9_999);
  assert.equal(idle.connection.state, "idle");
  idle.clock.advance(1 + LATE);
  await assertEnds(idle, "idle_timeout");
});

limit("idleTimeout: 0 keeps idle connections for ever, and tells no time", () => {
  const { client, connection, clock, server } = connect({ exchange: ok, idleTimeout: 0 });
  client.send(get());
  assert.equal(last(client).hint, undefined);
  clock.advance(LONG);
  assert.equal(connection.state, "idle");
  assert.equal(server.connections()[0].idleTimeLeft, null);
});

limit("idleTimeout is told in whole seconds, and not at all below one", () => {
  for (const [idleTimeout, hint] of [[7_999, "timeout=7"], [1_000, "timeout=1"], [999, undefined]] as const) {
    const { client, connection, clock } = connect({ exchange: ok, idleTimeout, idleTimeoutBuffer: 0 });
    client.send(get());
    assert.equal(last(client).hint, hint);
    clock.advance(idleTimeout - 1);
    assert.equal(connection.state, "idle");
    clock.advance(1 + LATE);
    assert.equal(connection.state, "draining");
  }
});

test("a request that is found while the sockets are heard is answered", () => {
  const { client, clock } = connect({ exchange: ok, idleTimeout: 10_000, idleTimeoutBuffer: 0 });
  client.send(get());
  // Behind the timer that finds the connection late, and before the one that ends it.
  clock.schedule(() => client.send(get()), 10_000);
  clock.advance(10_000 + LATE);
  assert.deepEqual(statuses(client), [200, 200]);
});
