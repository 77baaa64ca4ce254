/** The times that hold for upgraded connections, and those that do not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConnectionError } from "../../src/api/errors.ts";
import { settled } from "../support/memory.ts";
import { assertEnd, readText, rejection, switched } from "../support/upgrades.ts";

test("no time holds for an upgraded connection that is silent", async () => {
  const { connection, clock, client, upgraded } = await switched({
    idleTimeout: 1_000,
    headerTimeout: 1_000,
    requestTimeout: 1_000,
    maxAge: 1_000,
  });
  clock.advance(3_600_000);
  assert.equal(connection.state, "upgraded");
  client.send("late");
  assert.equal(await readText(upgraded.readable.getReader(), 4), "late");
  assert.equal(clock.timers, 0);
  connection.close();
});

test("writeTimeout holds for an upgraded connection, and only while its client takes nothing", async () => {
  const connected = await switched({ writeTimeout: 10_000 });
  const { client, upgraded, clock, connection } = connected;
  client.takesWrites = false;
  const writer = upgraded.writable.getWriter();
  const written = writer.write(new Uint8Array(100_000));
  await settled();
  clock.advance(9_000);
  client.take(1000);
  clock.advance(9_000);
  assert.equal(connection.state, "upgraded");
  const failure = rejection(written);
  const closed = rejection(writer.closed);
  clock.advance(20_000);
  assert.deepEqual([client.closed, client.wasReset], [true, true]);
  for (const error of [await failure, await closed]) assert.equal((error as ConnectionError).code, "timeout");
  await assertEnd(connected, "write_timeout");
});

test("an upgraded connection is not evicted, and not idle", async () => {
  const { server, connection } = await switched();
  assert.deepEqual(server.connections().map(({ state, idleTimeLeft }) => [state, idleTimeLeft]), [
    ["upgraded", null],
  ]);
  const { active, idle, upgraded } = server.stats();
  assert.deepEqual([active, idle, upgraded], [0, 0, 1]);
  connection.close();
});
