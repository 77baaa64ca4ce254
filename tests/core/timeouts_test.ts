/**
 * DeadlineQueue, on a clock that the tests move: the lists, their timer, and what must not arm them. What each
 * limit does is in `tests/limits/`.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Deadline, DeadlineQueue, TIMER_RESOLUTION_MS } from "../../src/core/deadline_queue.ts";
import type { Exchange } from "../../src/api/exchange.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { connect, get, parseResponses } from "../support/memory.ts";

const ok = (x: Exchange): void => x.respond(200);

test("DeadlineQueue expire in their order, within a tick of their time", () => {
  const clock = new FakeClock();
  const deadlines = new DeadlineQueue(clock);
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
  assert.ok(expired[0][1] >= 1000 && expired[0][1] <= 1000 + TIMER_RESOLUTION_MS);
  assert.ok(expired[1][1] >= 5000 && expired[1][1] <= 5000 + TIMER_RESOLUTION_MS);
  assert.equal(clock.timers, 0, "with nothing armed there is no timer");
});

test("DeadlineQueue use one timer for all, and re-arming schedules nothing", () => {
  const clock = new FakeClock();
  const deadlines = new DeadlineQueue(clock);
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
  const deadlines = new DeadlineQueue(clock);
  deadlines.arm(deadline, 1000, clock.now());
  deadlines.arm(deadline, 0, clock.now());
  clock.advance(100_000);
  assert.equal(deadline.armed, false);
});

test("an expiry may arm deadlines anew", () => {
  const clock = new FakeClock();
  const deadlines = new DeadlineQueue(clock);
  let times = 0;
  const deadline: Deadline = new Deadline({
    expired: () => ++times < 3 && deadlines.arm(deadline, 1000, clock.now()),
  });
  deadlines.arm(deadline, 1000, clock.now());
  clock.advance(20_000);
  assert.equal(times, 3);
});

test("without connections no timer is left", () => {
  const { client, clock } = connect({ exchange: ok });
  client.send(get());
  assert.equal(clock.timers, 1);
  client.reset();
  assert.equal(clock.timers, 0);
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

test("deadlines shorter than a tick do not hold up others", () => {
  const clock = new FakeClock();
  const deadlines = new DeadlineQueue(clock);
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

test("a connection that was idle lingers for a moment only, one that answered for lingerTimeout", async () => {
  const { client, connection, clock } = connect({
    exchange: ok,
    idleTimeout: 1000,
    idleTimeoutBuffer: 0,
    lingerTimeout: 5000,
  });
  client.send(get());
  clock.advance(1000 + TIMER_RESOLUTION_MS);
  assert.equal(connection.state, "draining");
  client.send(get()); // it crosses our end, and is not answered, but not reset either
  assert.equal(client.closed, false);
  clock.advance(2 * TIMER_RESOLUTION_MS);
  assert.equal(await connection.closed, "idle_timeout");
  const answered = connect({ exchange: ok, lingerTimeout: 5000 });
  answered.client.send(get("/", "Connection: close"));
  answered.clock.advance(4999);
  assert.equal(answered.client.closed, false);
});
