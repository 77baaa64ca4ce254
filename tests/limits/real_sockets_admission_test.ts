/**
 * maxConnections, maxConnectionsPerIp, pressure and backlog over TCP: who comes in, and who goes for it.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { runtimes } from "../../scripts/tools.mjs";
import type { Exchange } from "../../src/api/exchange.ts";
import type { ServeOptions } from "../../src/api/options.ts";
import { needs } from "../support/tools.ts";
import type { WireResponse } from "../support/wire_client.ts";
import { curl } from "./curl.ts";
import { test } from "./limit_tests.ts";
import { ok } from "./real_sockets_handlers.ts";
import { assertRefused } from "./real_sockets_outcomes.ts";
import { assertTakes, until } from "./real_sockets_times.ts";
import { open, testThatEveryServerHasEnded, type Visitor } from "./site.ts";
import { limit, waits } from "./timed_limit_tests.ts";

/** A request in two parts, between which its handler waits, so that the connection is not idle. */
const IN_TWO = ["POST /upload HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1\r\n\r\n", "a"] as const;
const echo = (x: Exchange): void | Promise<void> =>
  x.hasBody ? x.text().then((text) => x.respond(200, {}, text)) : ok(x);

limit("maxConnections closes the longest idle for a newcomer, or answers 503", async () => {
  await using site = await open({ exchange: echo, maxConnections: 4 });
  const [a, b, c] = [await site.guest(), await site.guest(), await site.guest()];
  await a.ask(); // b is the longest idle now
  const d = await site.visit();
  assert.equal(site.server.stats().evicted, 0);
  const e = await site.visit();
  assert.equal(await b.connection.closed, "evicted");
  await b.client.assertOver();
  assert.deepEqual([a, c, d, e].map(({ connection }) => connection.state), ["idle", "idle", "new", "new"]);
  const f = await site.visit();
  assert.equal(await c.connection.closed, "evicted");
  // None is idle where all are in the middle of a request.
  const asking = [a, d, e, f];
  for (const { client } of asking) await client.send(IN_TWO[0]);
  await until(() => asking.every(({ connection }) => connection.state === "active"));
  const g = await site.visit();
  assertRefused(await g.client.response(), 503);
  await g.assertEnds("rejected");
  const { accepted, rejected, evicted, closed } = site.server.stats();
  assert.deepEqual({ accepted, rejected, evicted, closed }, {
    accepted: 6,
    rejected: 1,
    evicted: 2,
    closed: { evicted: 2, rejected: 1 },
  });
  d.client.end();
  assert.equal(await d.connection.closed, "client_gone");
  const h = await site.visit();
  assert.equal((await h.ask()).status, 200);
  for (const visitor of [a, e, f]) assert.equal((await visitor.ask(IN_TWO[1])).status, 200);
});

limit("maxConnections: silent connections lock nobody out", async () => {
  await using site = await open({ exchange: ok, maxConnections: 10 });
  const silent = await site.visits(30);
  const newcomer = await site.guest();
  assert.equal(newcomer.greeting.status, 200);
  for (const evicted of silent.slice(0, 21)) {
    assertRefused(await evicted.client.response(), 503);
    await evicted.assertEnds("evicted");
  }
  assert.equal(site.server.stats().open, 10);
});

limit("maxConnections: connections that bring a part of a head lock nobody out", async () => {
  await using site = await open({ exchange: ok, maxConnections: 10 });
  const slow = await site.visits(10);
  for (const { client } of slow) await client.send("G");
  await until(() => slow.every(({ connection }) => connection.state === "active"));
  const newcomer = await site.guest();
  assert.equal(newcomer.greeting.status, 200);
  assertRefused(await slow[0].client.response(), 503);
  await slow[0].assertEnds("evicted");
});

limit("maxConnections: a burst of clients is answered, each of them", async () => {
  await using site = await open({ exchange: echo, maxConnections: 4 });
  const burst = await site.visits(20);
  const statuses = await Promise.all(burst.map(async (visitor) => (await visitor.ask()).status));
  assert.deepEqual(statuses, burst.map((_, i) => i < 16 ? 503 : 200));
});

limit("maxConnections turns away hundreds at once", async () => {
  for (const lingerTimeout of [5_000, 0]) {
    await using site = await open({ exchange: echo, maxConnections: 2, lingerTimeout });
    const kept = await site.guest();
    await kept.client.send(IN_TWO[0]);
    const other = await site.visit();
    await other.client.send(IN_TWO[0]);
    await until(() => [kept, other].every(({ connection }) => connection.state === "active"));
    const turnedAway = await site.visits(300);
    const statuses = await Promise.all(
      turnedAway.map(({ client }) => client.response().then(({ status }) => status, () => "closed")),
    );
    // Only so many are told; to tell them all, they would all have to stay.
    assert.ok(statuses.filter((status) => status === 503).length >= 256);
    assert.ok(statuses.every((status) => status === 503 || status === "closed"));
    assert.equal(site.server.stats().rejected, 300);
    for (const { client } of turnedAway) client.end();
    for (const { connection } of turnedAway) assert.equal(await connection.closed, "rejected");
    assert.equal((await kept.ask(IN_TWO[1])).status, 200);
  }
});

limit("maxConnectionsPerIp answers 503 to one too many", async () => {
  await using site = await open({ exchange: ok, maxConnectionsPerIp: 2 });
  const [one, two] = [await site.guest(), await site.guest()];
  const three = await site.visit();
  assertRefused(await three.client.response(), 503);
  await three.assertEnds("rejected");
  one.client.end();
  assert.equal(await one.connection.closed, "client_closed");
  const four = await site.visit();
  for (const visitor of [two, four]) assert.equal((await visitor.ask()).status, 200);
  const { accepted, rejected, evicted } = site.server.stats();
  assert.deepEqual({ accepted, rejected, evicted }, { accepted: 3, rejected: 1, evicted: 0 });
});

test("maxConnectionsPerIp counts each address for itself", needs("curl"), async () => {
  await using site = await open({ exchange: (x) => x.respond(200), maxConnectionsPerIp: 1 });
  await site.visit();
  const url = `http://127.0.0.1:${site.port}/`;
  assert.match(await curl(url), /503$/);
  // Linux has all of 127.0.0.0/8 for this machine.
  if (process.platform === "linux") assert.equal(await curl("--interface", "127.0.0.2", url), "200");
});

waits("pressure shortens idle times, then lets nobody new stay", async () => {
  const options = { exchange: ok, maxConnections: 20, idleTimeout: 8_000, idleTimeoutBuffer: 0 };
  await using site = await open(options);
  const guests: (Visitor & { readonly greeting: WireResponse })[] = [];
  for (let i = 0; i < 17; i++) guests.push(await site.guest());
  assert.deepEqual(
    guests.map(({ greeting }) => greeting.headers.get("keep-alive")),
    guests.map((_, i) => i < 14 ? "timeout=8" : "timeout=2"),
  );
  const refused = await site.guest();
  assertRefused(refused.greeting, 200);
  assert.equal((await guests[1].ask()).headers.get("keep-alive"), "timeout=2", "who was there is kept");
  await refused.assertEnds("pressure");
  const hurried = [guests[1], ...guests.slice(14)];
  await assertTakes(2_000, "idling", async () => {
    await Promise.all(hurried.map((visitor) => visitor.ask()));
    await Promise.all(hurried.map((visitor) => visitor.assertEnds("idle_timeout")));
  });
  const stayed = guests.filter((visitor) => !hurried.includes(visitor));
  assert.ok(stayed.every(({ connection }) => connection.state === "idle"), "they were promised more");
  assert.equal((await stayed[0].ask()).headers.get("keep-alive"), "timeout=8", "there is room again");
});

limit("backlog is how many may wait, where the runtime takes it", async () => {
  // Comes 30 times while the server is busy, and tells how many were let wait.
  const COME = `
    const { connect } = require("node:net");
    let waiting = 0;
    for (let i = 0; i < 30; i++) connect(process.argv[1], "127.0.0.1", () => waiting++).on("error", () => {});
    setTimeout(() => process.exit(waiting), 300);
  `;
  const waitingAt = async (options: Partial<ServeOptions>): Promise<number | null> => {
    await using site = await open({ exchange: ok, ...options });
    return spawnSync(runtimes.node, ["-e", COME, String(site.port)]).status;
  };
  assert.equal(await waitingAt({}), 30);
  const few = (await waitingAt({ backlog: 3 }))!;
  // Systems let wait one or a few more than they are told.
  if ("Bun" in globalThis) assert.equal(few, 30);
  else assert.ok(few >= 3 && few < 10, `${few} connections wait`);
});

testThatEveryServerHasEnded();
