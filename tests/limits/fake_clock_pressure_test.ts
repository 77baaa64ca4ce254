/**
 * Pressure on the fake clock: what a server that is nearly full shortens, and whom it lets stay.
 */
import assert from "node:assert/strict";
import { get } from "../support/memory.ts";
import { ok } from "./fake_clock_handlers.ts";
import { assertEnds, last } from "./fake_clock_outcomes.ts";
import { LATE } from "./fake_clock_times.ts";
import { limit } from "./limit_tests.ts";
import { Place } from "./place.ts";

limit("pressure cuts idle times to a quarter from 75 % of the cap on", async () => {
  const place = new Place({
    exchange: ok,
    maxConnections: 20,
    idleTimeout: 40_000,
    idleTimeoutBuffer: 1_000,
  });
  const [early, ...others] = place.guests(14);
  assert.equal(last(others.at(-1)!.client).hint, "timeout=40");
  const [late] = place.guests(1);
  assert.equal(last(late.client).hint, "timeout=10");
  early.client.send(get());
  assert.equal(last(early.client).hint, "timeout=10", "also to those who came before");
  place.clock.advance(10_999);
  assert.deepEqual([early.connection.state, late.connection.state], ["idle", "idle"]);
  place.clock.advance(1 + LATE);
  assert.deepEqual([early.connection.state, late.connection.state], ["draining", "draining"]);
  assert.ok(others.every(({ connection }) => connection.state === "idle"), "they were promised more");
  place.clock.advance(31_000);
  for (const { connection } of others) assert.equal(await connection.closed, "idle_timeout");
});

limit("pressure ends when enough have gone", () => {
  const place = new Place({ exchange: ok, maxConnections: 20, idleTimeout: 40_000 });
  const [first, second] = place.guests(15);
  second.client.send(get());
  assert.equal(last(second.client).hint, "timeout=10");
  first.client.sendEnd();
  second.client.send(get());
  assert.equal(last(second.client).hint, "timeout=40");
});

limit("pressure leaves at least a second, and what was less", () => {
  for (
    const [idleTimeout, left, hint] of [
      [4_100, 1_025, "timeout=1"],
      [3_000, 1_000, "timeout=1"],
      [1_000, 1_000, "timeout=1"],
      [800, 800, undefined],
    ] as const
  ) {
    const place = new Place({ exchange: ok, maxConnections: 4, idleTimeout, idleTimeoutBuffer: 0 });
    place.visits(2);
    const [idle] = place.guests(1);
    assert.equal(last(idle.client).hint, hint);
    place.clock.advance(left - 1);
    assert.equal(idle.connection.state, "idle");
    place.clock.advance(1 + LATE);
    assert.equal(idle.connection.state, "draining", `idleTimeout ${idleTimeout}`);
  }
});

limit("pressure lets no new connection stay from 90 % of the cap on", async () => {
  const place = new Place({ exchange: ok, maxConnections: 20 });
  const guests = place.guests(17);
  assert.ok(guests.every(({ client }) => last(client).connection === "keep-alive"));
  const [refused] = place.guests(1);
  assert.equal(last(refused.client).connection, "close");
  guests[0].client.send(get());
  assert.deepEqual([last(guests[0].client).connection, last(guests[0].client).hint], [
    "keep-alive",
    "timeout=15",
  ]);
  await assertEnds(refused, "pressure");
});

limit("pressure counts when the response is written", () => {
  const place = new Place({ exchange: ok, maxConnections: 20 });
  const visitors = place.visits(18);
  visitors[0].client.send(get());
  assert.equal(last(visitors[0].client).connection, "close");
  visitors[1].client.sendEnd();
  visitors[2].client.send(get());
  assert.equal(last(visitors[2].client).connection, "keep-alive", "17 are left");
});

limit("pressure is none of one connection alone", () => {
  const place = new Place({ exchange: ok, maxConnections: 1 });
  const [guest] = place.guests(1);
  assert.deepEqual([last(guest.client).connection, last(guest.client).hint], ["keep-alive", "timeout=60"]);
});

limit("pressure is none without maxConnections", () => {
  const place = new Place({ exchange: ok, maxConnectionsPerIp: 1_000 });
  const guests = place.guests(1_000);
  assert.ok(guests.every(({ client }) => last(client).hint === "timeout=60"));
});
