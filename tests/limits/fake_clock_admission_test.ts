/**
 * maxConnections, maxConnectionsPerIp and backlog on the fake clock: who comes in, who goes for it, and who
 * is turned away.
 */
import assert from "node:assert/strict";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import type { CloseReason } from "../../src/api/transport.ts";
import type { Listen } from "../../src/server/listener.ts";
import { startServer } from "../../src/server/start.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { get, settled } from "../support/memory.ts";
import { ok } from "./fake_clock_handlers.ts";
import { assertEnds, last, statuses } from "./fake_clock_outcomes.ts";
import { limit } from "./limit_tests.ts";
import { AddressedTransport, Place, type Visitor } from "./place.ts";

// maxConnections

limit("maxConnections closes the longest idle for a newcomer", async () => {
  const place = new Place({ exchange: ok, maxConnections: 8 });
  const [a, b, c, d] = place.guests(4);
  const fresh = place.visits(3);
  place.clock.advance(1_000);
  a.client.send(get()); // b is the longest idle now
  const eighth = place.visit();
  assert.deepEqual(place.counts(), { accepted: 8, rejected: 0, evicted: 0 }, "up to the cap nobody goes");
  const received = b.client.text();
  const ninth = place.visit();
  assert.deepEqual(place.counts(), { accepted: 9, rejected: 0, evicted: 1 });
  assert.equal(await b.connection.closed, "evicted");
  assert.deepEqual([b.client.closed, b.client.text()], [true, received], "without a word");
  place.visit();
  assert.equal(await c.connection.closed, "evicted");
  const states = [a, d, ...fresh, eighth, ninth].map(({ connection }) => connection.state);
  assert.deepEqual(states, ["idle", "idle", "new", "new", "new", "new", "new"]);
  d.client.send(get("/pending")); // it is not idle any more
  place.visit();
  assert.deepEqual(
    [fresh[0].connection.state, d.connection.state],
    ["draining", "active"],
    "silent for longest",
  );
  assert.deepEqual(statuses(fresh[0].client), [503], "its first request may be on its way");
  await assertEnds(fresh[0], "evicted");
  ninth.client.send(get());
  assert.deepEqual(statuses(ninth.client), [200], "the newcomer is served");
  assert.deepEqual(place.server.stats().closed, { evicted: 3 });
});

limit("maxConnections: silent connections lock nobody out", async () => {
  const place = new Place({ exchange: ok, maxConnections: 100 });
  const silent = place.visits(300);
  const [newcomer] = place.guests(1);
  assert.deepEqual(statuses(newcomer.client), [200]);
  await assertEnds(silent[0], "evicted");
  for (const { client } of silent.slice(1, 201)) client.sendEnd();
  assert.deepEqual(place.counts(), { accepted: 301, rejected: 0, evicted: 201 });
  assert.equal(place.server.stats().open, 100);
});

limit("maxConnections: a burst of clients is answered, each of them", async () => {
  const place = new Place({ exchange: ok, maxConnections: 4 });
  const clients = place.visits(20); // all are accepted before one of them is read
  for (const { client } of clients) client.send(get("/", "Connection: close"));
  const answers = clients.map(({ client }) => statuses(client));
  assert.deepEqual(answers, clients.map((_, i) => i < 16 ? [503] : [200]));
  for (const visitor of clients.slice(0, 16)) await assertEnds(visitor, "evicted");
});

limit("maxConnections: so many at a time are told that they were evicted, of a flood", async () => {
  const place = new Place({ exchange: ok, maxConnections: 10 });
  const flood = place.visits(400);
  const told = flood.map(({ client }) => statuses(client).length);
  assert.deepEqual(told, flood.map((_, i) => i < 256 ? 1 : 0));
  assert.equal(flood[256].client.closed, true, "without a word");
  assert.equal(place.server.stats().open, 256 + 10);
  assert.equal(place.counts().evicted, 390, "counted at once");
  place.clock.advance(5_000);
  assert.equal(await flood[0].connection.closed, "evicted");
  assert.equal(place.server.stats().open, 10, "none lingers for longer than lingerTimeout");
});

limit("maxConnections: connections that bring a part of a head lock nobody out", async () => {
  const place = new Place({ exchange: ok, maxConnections: 100 });
  const later = place.guests(50);
  const first = place.visits(50);
  for (const { client } of [...later, ...first]) client.send("G");
  const newcomers = place.guests(51);
  for (const { client } of newcomers) assert.deepEqual(statuses(client), [200]);
  // The first heads have begun with their connections, the later ones when they came.
  assert.deepEqual([statuses(first[0].client), statuses(later[0].client)], [[503], [200, 503]]);
  await assertEnds(first[0], "evicted");
  await assertEnds(later[0], "evicted");
  later[1].client.send(get().slice(1));
  assert.deepEqual(statuses(later[1].client), [200, 200], "a head that comes whole in time is answered");
});

limit(
  "maxConnections: a part of a head behind an answered request locks nobody out, in one chunk or in two",
  async () => {
    for (const parts of [[get() + "GET /x"], [get(), "GET /x"]]) {
      const place = new Place({ exchange: ok, maxConnections: 2 });
      const [slow] = place.visits(1);
      for (const part of parts) slow.client.send(part);
      place.askers(1);
      const newcomer = place.visit();
      newcomer.client.send(get());
      assert.deepEqual([statuses(newcomer.client), statuses(slow.client)], [[200], [200, 503]]);
      await assertEnds(slow, "evicted");
    }
  },
);

limit("maxConnections: one that is told that it was evicted ends as that, whatever it takes", async () => {
  const place = new Place({ exchange: ok, maxConnections: 1, writeTimeout: 1_000 });
  const stuck = place.visits(2).map((visitor) => {
    visitor.client.takesWrites = false;
    return visitor;
  });
  place.visit();
  place.visit();
  assert.equal(place.counts().evicted, 3);
  place.clock.advance(10_000);
  assert.equal(await stuck[1].connection.closed, "evicted");
  assert.deepEqual(place.server.stats().closed, { evicted: 3 });
});

limit("maxConnections: one that is turned away is told so once, whoever comes meanwhile", async () => {
  const late = new MemoryTransport();
  let isArmed = false;
  const refused: number[] = [];
  const place: Place = new Place({
    exchange: (x) => x.target === "/pending" ? undefined : ok(x),
    maxConnections: 1,
    onStateChange(_connection, state) {
      if (state !== "new" || !isArmed) return;
      isArmed = false;
      place.server.accept(late);
    },
    onRefused: ({ status }) => void refused.push(status),
  });
  place.askers(1);
  isArmed = true;
  const turnedAway = place.visit();
  assert.deepEqual([statuses(turnedAway.client), statuses(late)], [[503], [503]]);
  assert.deepEqual(refused, [503, 503]);
  assert.deepEqual(place.counts(), { accepted: 1, rejected: 2, evicted: 0 });
});

limit("maxConnections: who hoards silent connections costs nobody else theirs", () => {
  const place = new Place({ exchange: ok, maxConnections: 100 });
  const guests = place.guests(10);
  place.visits(1_000);
  for (const { client, connection } of guests) {
    assert.equal(connection.state, "idle");
    client.send(get());
    assert.deepEqual(statuses(client), [200, 200]);
  }
});

limit("maxConnections answers 503 and closes where none can be spared", async () => {
  const targets: string[] = [];
  const answers: (() => void)[] = [];
  const place = new Place({
    maxConnections: 4,
    exchange(x) {
      targets.push(x.target);
      if (x.target === "/pending") answers.push(() => x.respond(200));
      else if (x.target !== "/upload") ok(x);
    },
  });
  const [other] = place.askers(1);
  const [pending, partial, stuck] = place.visits(3);
  pending.client.send(get("/pending"));
  partial.client.send("POST /upload HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\na");
  stuck.client.takesWrites = false;
  stuck.client.send(get("/stuck", "Connection: close"));
  const states = [other, pending, partial, stuck].map(({ connection }) => connection.state);
  assert.deepEqual(states, ["active", "active", "active", "draining"]);
  const turnedAway = place.visit();
  turnedAway.client.send(get("/never"));
  const { status, connection } = last(turnedAway.client);
  assert.deepEqual([status, connection, statuses(turnedAway.client).length], [503, "close", 1]);
  await assertEnds(turnedAway, "rejected");
  assert.deepEqual(place.counts(), { accepted: 4, rejected: 1, evicted: 0 });
  assert.deepEqual(place.server.stats().closed, { rejected: 1 });
  // Whoever goes makes room.
  other.client.reset();
  const next = place.visit();
  next.client.send(get("/next"));
  assert.deepEqual(statuses(next.client), [200]);
  answers[1]();
  await settled();
  assert.deepEqual(statuses(pending.client), [200], "those that were there are not disturbed");
  stuck.client.drain();
  assert.deepEqual(statuses(stuck.client), [200]);
  assert.deepEqual(targets, ["/pending", "/pending", "/upload", "/stuck", "/next"]);
});

limit("maxConnections closes who has finished, where none is idle", async () => {
  const place = new Place({ exchange: ok, maxConnections: 4 });
  const [idle, first, second] = place.guests(3);
  place.askers(1);
  for (const { client } of [first, second]) client.send(get("/", "Connection: close"));
  assert.deepEqual([first.connection.state, second.connection.state], ["draining", "draining"]);
  const goes = async (visitor: Visitor, reason: CloseReason): Promise<void> => {
    place.askers(1);
    assert.equal(visitor.client.closed, true);
    assert.equal(await visitor.connection.closed, reason);
  };
  await goes(idle, "evicted");
  await goes(first, "close_requested");
  await goes(second, "close_requested");
  assert.equal(place.visit().connection.state, "draining");
  assert.deepEqual(place.counts(), { accepted: 7, rejected: 1, evicted: 1 });
});

limit("maxConnections does not count those that were turned away", () => {
  const place = new Place({ exchange: ok, maxConnections: 2 });
  const [one] = place.askers(2);
  const turnedAway = place.visits(3);
  for (const { connection } of turnedAway) assert.equal(connection.state, "draining", "it lingers");
  one.client.reset();
  assert.equal(place.askers(1)[0].connection.state, "active");
  assert.equal(place.visit().connection.state, "draining");
  assert.deepEqual(place.counts(), { accepted: 3, rejected: 4, evicted: 0 });
});

limit("maxConnections closes without a word beyond 256 turned away", async () => {
  const place = new Place({ exchange: ok, maxConnections: 1 });
  place.askers(1);
  const told = place.visits(256);
  assert.ok(told.every(({ client }) => statuses(client)[0] === 503));
  const untold = place.visit();
  assert.deepEqual([untold.client.closed, untold.client.text()], [true, ""]);
  assert.equal(await untold.connection.closed, "rejected");
  told[0].client.sendEnd();
  assert.deepEqual(statuses(place.visit().client), [503]);
  assert.deepEqual(place.counts(), { accepted: 1, rejected: 258, evicted: 0 });
});

limit("maxConnections: 0 lets everybody in", () => {
  const place = new Place({ exchange: ok, maxConnections: 0 });
  const visitors = place.guests(1_000);
  assert.ok(visitors.every(({ connection }) => connection.state === "idle"));
  assert.deepEqual(place.counts(), { accepted: 1_000, rejected: 0, evicted: 0 });
});

// maxConnectionsPerIp

limit("maxConnectionsPerIp answers 503 to one too many", async () => {
  const place = new Place({ exchange: ok, maxConnectionsPerIp: 2 });
  const from = (ip: string): Visitor => place.visit(new AddressedTransport(ip));
  const [one, two] = [from("192.0.2.1"), from("192.0.2.1")];
  one.client.send(get());
  const three = from("192.0.2.1");
  assert.deepEqual([last(three.client).status, last(three.client).connection], [503, "close"]);
  assert.equal(one.connection.state, "idle", "it makes no room");
  await assertEnds(three, "rejected");
  const elsewhere = [from("192.0.2.2"), from("2001:db8::1"), from("2001:db8::1")];
  assert.ok(elsewhere.every(({ connection }) => connection.state === "new"));
  assert.deepEqual(place.counts(), { accepted: 5, rejected: 1, evicted: 0 });
  two.client.reset();
  assert.equal(from("192.0.2.1").connection.state, "new", "who goes makes room");
  assert.equal(from("192.0.2.1").connection.state, "draining");
});

limit("maxConnectionsPerIp and maxConnections hold together", () => {
  const place = new Place({ exchange: ok, maxConnections: 4, maxConnectionsPerIp: 2 });
  const from = (ip: string): Visitor => place.visit(new AddressedTransport(ip));
  const [a, ...others] = [from("192.0.2.1"), from("192.0.2.2"), from("192.0.2.3")];
  a.client.send(get());
  for (const { client } of others) client.send(get("/pending"));
  const b = from("192.0.2.2");
  b.client.send(get("/pending"));
  assert.equal(from("192.0.2.2").connection.state, "draining");
  assert.equal(a.connection.state, "idle", "nobody goes for one who must not come in");
  from("192.0.2.3").client.send(get("/pending"));
  assert.deepEqual([a.connection.state, b.connection.state], ["closed", "active"]);
  assert.equal(from("192.0.2.1").connection.state, "draining", "nobody is idle");
  assert.deepEqual(place.counts(), { accepted: 5, rejected: 2, evicted: 1 });
});

limit("maxConnectionsPerIp: 0, and no address, let everybody in", () => {
  for (
    const [maxConnectionsPerIp, client] of [[0, () => new AddressedTransport("192.0.2.1")], [
      1,
      () => new MemoryTransport(),
    ]] as const
  ) {
    const place = new Place({ exchange: ok, maxConnectionsPerIp });
    for (let i = 0; i < 100; i++) assert.equal(place.visit(client()).connection.state, "new");
  }
});

// backlog

limit("backlog reaches the listener, and the engine has no other part in it", async () => {
  for (const [options, backlog] of [[{}, 1024], [{ backlog: 1 }, 1], [{ backlog: 7 }, 7]] as const) {
    const given: number[] = [];
    const listen: Listen = (settings) => {
      given.push(settings.backlog);
      return { addr: { transport: "tcp", hostname: "192.0.2.1", port: 80 }, isSecure: false, close() {} };
    };
    const server = await startServer({ exchange: ok, ...options }, { clock: new FakeClock(), listen });
    assert.deepEqual(given, [backlog]);
    await server.close();
  }
});
