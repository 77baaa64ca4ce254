/**
 * Deadlines, on a clock that the tests move: the lists, and what a connection waits for.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Deadline, Deadlines, TICK } from "../../src/connection/deadlines.ts";
import type { Exchange } from "../../src/exchange.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { connect, get, parseResponses, post, settled } from "../support/memory.ts";

const ok = (x: Exchange): void => x.respond(200);

test("Deadlines expire in their order, within a tick of their time", () => {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock);
  const expired: [string, number][] = [];
  const start = clock.now();
  const named = (name: string): Deadline =>
    new Deadline({ expired: () => void expired.push([name, clock.now() - start]) });
  deadlines.arm(named("late"), 5000, clock.now());
  deadlines.arm(named("early"), 1000, clock.now());
  const disarmed = named("disarmed");
  deadlines.arm(disarmed, 1000, clock.now());
  deadlines.disarm(disarmed);
  clock.advance(10_000);
  assert.deepEqual(expired.map(([name]) => name), ["early", "late"]);
  assert.ok(expired[0][1] >= 1000 && expired[0][1] <= 1000 + TICK);
  assert.ok(expired[1][1] >= 5000 && expired[1][1] <= 5000 + TICK);
  assert.equal(clock.timers, 0, "with nothing armed there is no timer");
});

test("Deadlines use one timer for all, and re-arming schedules nothing", () => {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock);
  let expired = 0;
  const all = Array.from({ length: 1000 }, () => new Deadline({ expired: () => void expired++ }));
  for (const deadline of all) deadlines.arm(deadline, 1000, clock.now());
  assert.equal(clock.timers, 1);
  clock.advance(900);
  for (const deadline of all.slice(1)) deadlines.arm(deadline, 1000, clock.now());
  clock.advance(500);
  assert.equal(expired, 1);
  clock.advance(1000);
  assert.equal(expired, 1000);
});

test("a deadline of length 0 never expires", () => {
  const clock = new FakeClock();
  const deadline = new Deadline({ expired: () => assert.fail() });
  const deadlines = new Deadlines(clock);
  deadlines.arm(deadline, 1000, clock.now());
  deadlines.arm(deadline, 0, clock.now());
  clock.advance(100_000);
  assert.equal(deadline.armed, false);
});

test("an expiry may arm deadlines anew", () => {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock);
  let times = 0;
  const deadline: Deadline = new Deadline({
    expired: () => ++times < 3 && deadlines.arm(deadline, 1000, clock.now()),
  });
  deadlines.arm(deadline, 1000, clock.now());
  clock.advance(20_000);
  assert.equal(times, 3);
});

test("an idle connection is closed quietly, the buffer after what it was told", async () => {
  const { client, connection, clock } = connect({
    exchange: ok,
    idleTimeout: 10_000,
    idleTimeoutBuffer: 2_000,
  });
  client.send(get());
  const told = client.text();
  clock.advance(6_000);
  client.send(get());
  clock.advance(11_999);
  assert.equal(connection.state, "idle");
  clock.advance(1 + TICK);
  assert.equal(connection.state, "draining");
  assert.equal(client.text(), told + told.replace(/:01 GMT/, ":07 GMT"), "no 408 to an idle connection");
  client.sendEnd();
  assert.equal(await connection.closed, "idle_timeout");
});

test("idleTimeout: 0 keeps idle connections for ever", () => {
  const { client, connection, clock } = connect({ exchange: ok, idleTimeout: 0 });
  client.send(get());
  assert.equal(parseResponses(client.text())[0].headers.has("keep-alive"), false);
  clock.advance(10 ** 9);
  assert.equal(connection.state, "idle");
});

test("a connection that never asks is closed without an answer", async () => {
  const { client, connection, clock } = connect({ exchange: ok, headerTimeout: 1000 });
  clock.advance(1000 + TICK);
  assert.equal(client.ended, true);
  assert.equal(client.text(), "");
  client.sendEnd();
  assert.equal(await connection.closed, "header_timeout");
});

test("a head that takes too long gets 408, however it trickles", async () => {
  const { client, connection, clock } = connect({ exchange: ok, headerTimeout: 1000 });
  client.send(get());
  clock.advance(5000);
  const slow = get("/slow", "X-A: " + "a".repeat(100));
  for (let i = 0; i < 10; i++) {
    client.send(slow[i]);
    clock.advance(100 + TICK / 10);
  }
  assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [200, 408]);
  client.sendEnd();
  assert.equal(await connection.closed, "header_timeout");
});

test("empty lines do not make an idle connection wait for a head", async () => {
  const { client, connection, clock } = connect({ exchange: ok, headerTimeout: 1000, idleTimeout: 5000 });
  client.send(get() + "\r\n");
  clock.advance(2000);
  assert.equal(connection.state, "idle");
  client.send(get());
  assert.equal(parseResponses(client.text()).length, 2);
});

test("a body that takes too long gets 408, and tells its reader", async () => {
  const { client, connection, clock, errors } = connect({
    exchange: async (x) => x.respond(200, {}, await x.text()),
    requestTimeout: 1000,
  });
  const request = post("slowly");
  client.send(request.slice(0, -3));
  clock.advance(500);
  client.send(request.at(-3)!);
  clock.advance(500 + TICK);
  await settled();
  assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [408]);
  assert.match(String(errors[0]), /too long/);
  client.sendEnd();
  assert.equal(await connection.closed, "request_timeout");
});

test("requestTimeout counts from the first byte of the head", () => {
  const { client, clock } = connect({
    exchange: ok,
    headerTimeout: 900,
    requestTimeout: 1000,
    drainBody: { timeout: 0 },
  });
  const request = post("slowly");
  client.send(request.slice(0, 10));
  clock.advance(800);
  client.send(request.slice(10, -3));
  clock.advance(200 + TICK);
  // The handler answered already, so that what is late is only dropped.
  assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [200]);
  const pending = connect({
    exchange: (x) => x.text().then(() => {}),
    headerTimeout: 900,
    requestTimeout: 1000,
  });
  pending.client.send(request.slice(0, 10));
  pending.clock.advance(800);
  pending.client.send(request.slice(10, -3));
  pending.clock.advance(200 + TICK);
  assert.deepEqual(parseResponses(pending.client.text()).map(({ status }) => status), [408]);
});

test("a handler may take as long as it likes", async () => {
  let x!: Exchange;
  const { client, clock } = connect({ exchange: (exchange) => void (x = exchange) });
  client.send(post("complete"));
  await x.text();
  clock.advance(10 ** 8);
  x.respond(200);
  await settled();
  assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [200]);
});

test("an unread body that does not come in time ends the connection", async () => {
  const { client, connection, clock } = connect({ exchange: ok });
  client.send(post("hello").slice(0, -2));
  assert.equal(connection.state, "active");
  clock.advance(500 + TICK);
  client.sendEnd();
  assert.equal(await connection.closed, "unread_body");
});

test("a body that is read after the response has the time of any other", async () => {
  let text: Promise<string> | undefined;
  const { client, clock } = connect({
    minBodyRate: 0,
    exchange(x) {
      text = x.text();
      x.respond(202);
    },
  });
  client.send(post("hello").slice(0, -2));
  clock.advance(10_000);
  client.send("lo");
  assert.equal(await text, "hello");
});

test("a body that is dropped before the response does not hurry it", async () => {
  let x!: Exchange;
  const { client, clock } = connect({ exchange: (exchange) => void (x = exchange) });
  client.send(post("hello").slice(0, -2));
  await x.stream().cancel();
  clock.advance(10_000);
  x.respond(200, {}, "in the end");
  await settled();
  assert.equal(parseResponses(client.text())[0].body, "in the end");
});

test("a closing connection discards for lingerTimeout and no longer", async () => {
  const { client, connection, clock } = connect({ exchange: ok, lingerTimeout: 2000 });
  client.send(get("/", "Connection: close"));
  assert.equal(client.ended, true);
  client.send("whatever else comes".repeat(1000));
  clock.advance(1999);
  assert.equal(client.closed, false);
  clock.advance(1 + TICK);
  assert.equal(client.closed, true);
  assert.equal(await connection.closed, "close_requested");
});

test("lingerTimeout: 0 closes once all was sent", () => {
  const { client } = connect({ exchange: ok, lingerTimeout: 0 });
  client.takesWrites = false;
  client.send(get("/", "Connection: close"));
  assert.equal(client.closed, false);
  client.drain();
  assert.equal(client.closed, true);
});

test("without connections no timer is left", () => {
  const { client, clock } = connect({ exchange: ok });
  client.send(get());
  assert.equal(clock.timers, 1);
  client.reset();
  assert.equal(clock.timers, 0);
});

test("the first head has its time from the accept on", () => {
  const { client, clock } = connect({ exchange: ok, headerTimeout: 1000 });
  clock.advance(900);
  client.send("GET / HT");
  clock.advance(100 + TICK);
  assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [408]);
});

test("the client is not to blame for a body that the handler does not read", async () => {
  let x!: Exchange;
  const { client, clock } = connect({ exchange: (exchange) => void (x = exchange), requestTimeout: 1000 });
  client.send(post("it is all here"));
  clock.advance(100_000);
  x.respond(200, {}, await x.text());
  await settled();
  assert.equal(parseResponses(client.text())[0].body, "it is all here");
});

test("the longest times do not overflow the timer", () => {
  const delays: number[] = [];
  const clock = new FakeClock();
  const schedule = clock.schedule.bind(clock);
  clock.schedule = (callback, delay) => (delays.push(delay), schedule(callback, delay));
  const { client } = connect({ exchange: ok, idleTimeout: 2 ** 31 - 1, headerTimeout: 0 }, clock);
  client.send(get());
  clock.advance(2 ** 31);
  assert.equal(client.ended, false);
  clock.advance(10_000);
  assert.equal(client.ended, true);
  assert.ok(delays.every((delay) => delay < 2 ** 31));
});

test("pipelined requests whose packets end inside of heads are each in time", () => {
  const { client, connection, clock } = connect({ exchange: ok, headerTimeout: 1000, requestTimeout: 1500 });
  const request = get();
  client.send(request.slice(0, 10));
  for (let i = 0; i < 50; i++) {
    clock.advance(100);
    client.send(request.slice(10) + request.slice(0, 10));
  }
  assert.equal(connection.state, "active");
  assert.equal(parseResponses(client.text()).every(({ status }) => status === 200), true);
});

test("each of two bodies in a row has its own pace and drain time", async () => {
  const { client, connection, clock } = connect({
    minBodyRate: { bytesPerSecond: 100, grace: 1000 },
    drainBody: { timeout: 500 },
    exchange(x) {
      if (x.target === "/read") void x.bytes().catch(() => {});
      x.respond(200);
    },
  });
  const first = post("x".repeat(5000), "/read");
  const second = post("y".repeat(1000), "/read");
  client.send(first.slice(0, -10));
  clock.advance(500);
  client.send(first.slice(-10) + second.slice(0, -900)); // one body after the other, in one packet
  for (let i = 0; i < 10; i++) {
    clock.advance(250);
    client.send("y".repeat(50));
  }
  assert.equal(connection.state, "active", "200 bytes a second are enough");
  client.send("y".repeat(400));
  assert.equal(connection.state, "idle");
  const unread = post("hello", "/");
  client.send(unread.slice(0, -1));
  clock.advance(400);
  client.send(unread.slice(-1) + unread.slice(0, -1));
  clock.advance(400);
  assert.equal(connection.state, "active", "the second has 500 ms of its own");
});

test("the time of the handler is not the client's", async () => {
  let resume!: () => void;
  const { client, clock } = connect({
    requestTimeout: 10_000,
    exchange(x) {
      const reader = x.stream().getReader();
      void reader.read();
      resume = () => void reader.read().then(() => x.respond(200), () => {});
    },
  });
  client.send(post("hello").slice(0, -2));
  await settled();
  for (let i = 0; i < 4; i++) clock.advance(2400); // the handler thinks
  resume();
  await settled();
  clock.advance(5000);
  client.send("lo");
  await settled();
  assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [200]);
});

test("deadlines shorter than a tick do not hold up others", () => {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock);
  let expired = 0;
  deadlines.arm(new Deadline({ expired: () => void expired++ }), 1000, clock.now());
  const busy = new Deadline({ expired: () => assert.fail("it is armed anew in time") });
  for (let i = 0; i < 100; i++) {
    deadlines.arm(busy, 100, clock.now());
    clock.advance(50);
  }
  assert.equal(expired, 1);
});

test("a grace for silent connections is none for a head that has begun", () => {
  const { client, server, clock } = connect({ exchange: ok });
  void server.shutdown({ idleGrace: 500 });
  clock.advance(300);
  client.send(get().slice(0, 10));
  clock.advance(2000);
  client.send(get().slice(10));
  assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [200]);
});

test("setTimeouts() counts for a request whose head came in two pieces, and for no other", async () => {
  let text: Promise<string> | undefined;
  const { client, connection, clock } = connect({
    requestTimeout: 1000,
    minBodyRate: 0,
    exchange(x) {
      if (x.target === "/slow") x.setTimeouts({ requestTimeout: 60_000 });
      text = x.text();
      text.then((body) => x.respond(200, {}, body), () => {});
    },
  });
  const slow = post("slowly", "/slow");
  client.send(slow.slice(0, 20));
  clock.advance(500);
  client.send(slow.slice(20, -3));
  clock.advance(30_000);
  client.send(slow.slice(-3));
  assert.equal(await text, "slowly");
  await settled();
  client.send(post("next", "/quick").slice(0, 20));
  clock.advance(1000 + 2 * TICK);
  assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [200, 408]);
  client.sendEnd();
  assert.equal(await connection.closed, "request_timeout");
});

test("setTimeouts() on a connection that is lost arms nothing", () => {
  let x!: Exchange;
  const { client, clock } = connect({ exchange: (exchange) => void (x = exchange) });
  client.takesWrites = false;
  client.send(get());
  x.start(200);
  x.write("to nobody");
  client.reset();
  x.setTimeouts({ writeTimeout: 1000, requestTimeout: 1000 });
  assert.equal(clock.timers, 0);
});
