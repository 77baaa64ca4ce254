/** Timeouts of single streams on the fake clock: the connection and its other streams go on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProtocolError } from "../../src/api/errors.ts";
import type { Exchange } from "../../src/api/exchange.ts";
import {
  connectHttp2,
  FLAG,
  frame,
  type Http2Client,
  type Http2Connected,
  rawHead,
  request,
  SETTING,
  settingsPayload,
  visit,
} from "../support/http2_client.ts";
import { settled } from "../support/memory.ts";

/** Later than a deadline at which it is certain that it was noticed, in milliseconds. */
const LATE = 300;

interface Reading extends Http2Connected {
  readonly failures: ProtocolError[];
  readonly signals: AbortSignal[];
}

/** A server whose handler answers `/` at once, and otherwise with the body. */
async function reading(options = {}): Promise<Reading> {
  const failures: ProtocolError[] = [];
  const signals: AbortSignal[] = [];
  const connected = await connectHttp2({
    ...options,
    exchange(x) {
      if (x.target === "/") return x.respond(200);
      signals.push(x.signal);
      return x.text().then((text) => x.respond(200, {}, text), (error) => void failures.push(error));
    },
  });
  return { ...connected, failures, signals };
}

function assertLives(peer: Http2Client, stream: number): void {
  peer.get(stream);
  assert.deepEqual(peer.told(), [`HEADERS ${stream} 200 end`]);
}

/** Fails unless stream 1 was answered with 408, and its request ended. */
async function assertRefused(slow: Reading, code: string): Promise<void> {
  await settled();
  slow.clock.advance(600); // the reset comes later
  await settled();
  const told = slow.peer.told();
  assert.deepEqual([told[0], told.at(-1), told.length], ["HEADERS 1 408", "RST_STREAM 1 NO_ERROR", 3]);
  assert.equal(slow.failures[0].code, code);
  assert.equal(slow.signals[0].aborted, true);
  assertLives(slow.peer, 101);
}

test("requestTimeout answers 408 where the body is not complete, for its stream alone", async () => {
  const slow = await reading({ requestTimeout: 10_000, minBodyRate: 0 });
  slow.peer.post(1, "/echo");
  slow.clock.advance(5_000);
  slow.peer.post(3, "/echo");
  slow.clock.advance(4_900);
  slow.peer.data(1, "x");
  assert.deepEqual(slow.peer.told(), []);
  slow.clock.advance(100 + LATE);
  await assertRefused(slow, "request_timeout");
  slow.peer.data(1, "late");
  slow.peer.data(3, "in time", FLAG.end);
  await settled();
  assert.deepEqual(slow.peer.told(), ["HEADERS 3 200", 'DATA 3 "in time" end']);
});

test("requestTimeout resets a stream with CANCEL where the response has begun", async () => {
  const { peer, clock } = await connectHttp2({
    requestTimeout: 10_000,
    minBodyRate: 0,
    async exchange(x) {
      x.start(200);
      await x.text().catch(() => {});
    },
  });
  peer.post(1);
  clock.advance(10_000 + LATE);
  assert.deepEqual(peer.told(), ["HEADERS 1 200", "RST_STREAM 1 CANCEL"]);
});

test("requestTimeout does not count the time in which the handler does not read", async () => {
  let x!: Exchange;
  const { peer, clock } = await connectHttp2({
    requestTimeout: 10_000,
    minBodyRate: 0,
    exchange: (given) => void (x = given),
  });
  peer.post(1);
  clock.advance(100_000);
  const text = x.text();
  clock.advance(9_900);
  assert.deepEqual(peer.told(), []);
  peer.data(1, "read", FLAG.end);
  assert.equal(await text, "read");
});

test("requestTimeout begins when the handler begins to read, and puts off no other deadline", async () => {
  let x!: Exchange;
  const connected = await connectHttp2({
    requestTimeout: 10_000,
    headerTimeout: 61_000,
    minBodyRate: 0,
    exchange: (given) => void (x = given),
  });
  const { peer, clock } = connected;
  peer.post(1);
  const other = visit(connected);
  clock.advance(60_000);
  x.text().catch(() => {});
  clock.advance(1_000 + LATE);
  await settled();
  assert.equal(other.told()[1], "PING goaway 1", "deadlines of others are not put off");
  clock.advance(8_600);
  assert.deepEqual(peer.told(), []);
  clock.advance(100 + LATE);
  assert.equal(peer.told()[0], "HEADERS 1 408");
});

test("minBodyRate answers 408 to a body that trickles, for its stream alone", async () => {
  const slow = await reading({ minBodyRate: { bytesPerSecond: 1_000, grace: 2_000 } });
  slow.peer.post(1, "/echo");
  slow.peer.post(3, "/echo");
  for (let i = 0; i < 40; i++) {
    slow.clock.advance(100);
    slow.peer.data(1, "x".repeat(i < 20 ? 110 : 1));
    slow.peer.data(3, "x".repeat(110));
    if (slow.failures.length > 0) break;
  }
  await assertRefused(slow, "body_too_slow");
  slow.peer.data(3, "", FLAG.end);
  await settled();
  assert.equal(slow.peer.told()[0], "HEADERS 3 200");
});

test("minBodyRate counts octets as they come, not those that a frame's head tells of", async () => {
  const slow = await reading({ minBodyRate: { bytesPerSecond: 1_000, grace: 2_000 } });
  slow.peer.post(1, "/echo");
  slow.peer.send(rawHead(16_384, 0, 0, 1));
  slow.clock.advance(2_000 + LATE);
  await settled();
  assert.equal(slow.peer.told()[0], "HEADERS 1 408");
  assert.equal(slow.failures[0].code, "body_too_slow");
});

test("minBodyRate counts no padding", async () => {
  const slow = await reading({ minBodyRate: { bytesPerSecond: 1_000, grace: 2_000 } });
  slow.peer.post(1, "/echo");
  for (let i = 0; i < 30 && slow.failures.length === 0; i++) {
    slow.clock.advance(100);
    slow.peer.data(1, `\xff${"\0".repeat(255)}`, FLAG.padded);
    await settled();
  }
  await assertRefused(slow, "body_too_slow");
});

test("setTimeouts() changes what holds for its own stream", async () => {
  const { peer, clock } = await connectHttp2({
    minBodyRate: 0,
    requestTimeout: 10_000,
    exchange(x) {
      if (x.target === "/short") x.setTimeouts({ requestTimeout: 2_000 });
      x.text().catch(() => {});
    },
  });
  peer.post(1, "/short");
  peer.post(3, "/long");
  clock.advance(3_000);
  await settled();
  assert.deepEqual(peer.told().map((text) => text.split(" ")[1]), ["1", "1", "1"]);
  clock.advance(8_000);
  await settled();
  assert.equal(peer.told()[0], "HEADERS 3 408");
});

/** A server that answers with more than its client's windows allow. */
function stuck(options = {}, initialWindowSize = 10, length = 100): Promise<Http2Connected> {
  return connectHttp2(
    {
      writeTimeout: 10_000,
      exchange: (x) => x.respond(200, {}, x.target === "/" ? "" : "x".repeat(length)),
      ...options,
    },
    { settings: [[SETTING.initialWindowSize, initialWindowSize]] },
  );
}

test("writeTimeout resets a stream whose window stays closed, with CANCEL, and the others go on", async () => {
  const { peer, clock } = await stuck();
  peer.get(1, "/a");
  assert.deepEqual(peer.told(), ["HEADERS 1 200", 'DATA 1 "xxxxxxxxxx"']);
  clock.advance(9_900);
  assert.deepEqual(peer.told(), []);
  clock.advance(100 + LATE);
  assert.deepEqual(peer.told(), ["RST_STREAM 1 CANCEL"]);
  assertLives(peer, 3);
});

test("writeTimeout begins anew with each octet that the window allows", async () => {
  const { peer, clock } = await stuck();
  peer.get(1, "/a");
  for (let i = 0; i < 10; i++) {
    clock.advance(9_000);
    peer.widen(1, 1);
  }
  peer.read();
  clock.advance(9_900);
  assert.deepEqual(peer.told(), []);
  clock.advance(100 + LATE);
  assert.deepEqual(peer.told(), ["RST_STREAM 1 CANCEL"]);
});

test("writeTimeout is not put off by a window that is widened, and stays closed", async () => {
  for (const connection of [false, true]) {
    const { peer, clock } = connection ? await stuck({}, 2 ** 20, 70_000) : await stuck();
    peer.get(1, "/a");
    if (!connection) peer.send(frame("SETTINGS", 0, 0, settingsPayload([[SETTING.initialWindowSize, 0]])));
    peer.read();
    for (let i = 0; i < 9; i++) {
      clock.advance(1_000);
      peer.widen(1, 1); // it was -10, or the connection's is 0
    }
    clock.advance(1_000 + LATE);
    assert.deepEqual(peer.told(), ["RST_STREAM 1 CANCEL"]);
  }
});

test("writeTimeout holds for each stream that waits for the connection's window", async () => {
  const { peer, clock, connection } = await stuck({}, 2 ** 20, 70_000);
  for (const id of [1, 3, 5]) peer.get(id, "/a");
  peer.read();
  clock.advance(5_000);
  peer.widen(0, 1); // the first stream gets it
  assert.deepEqual(peer.told(), ['DATA 1 "x"']);
  clock.advance(20_000);
  await settled();
  assert.deepEqual(peer.told().sort(), [1, 3, 5].map((id) => `RST_STREAM ${id} CANCEL`));
  assert.equal(connection.state, "idle");
});

test("writeTimeout spares a stream that waits for another one's turn", async () => {
  const { peer, clock } = await stuck({}, 2 ** 20, 200_000);
  for (const id of [1, 3]) peer.get(id, "/a");
  for (let i = 0; i < 20; i++) {
    clock.advance(9_000);
    peer.widen(0, 1_000); // all of it for the first one
  }
  assert.ok(peer.told().every((text) => !text.startsWith("RST_STREAM")));
});

test("writeTimeout begins when something waits, not when the response began", async () => {
  let x!: Exchange;
  const connected = await stuck({ exchange: (given: Exchange) => void (x = given), headerTimeout: 21_000 });
  const { peer, clock } = connected;
  const other = visit(connected);
  peer.get(1);
  x.start(200);
  clock.advance(20_000);
  x.write("x".repeat(20));
  clock.advance(1_000 + LATE);
  await settled();
  assert.equal(other.told()[1], "PING goaway 1", "deadlines of others are not put off");
  clock.advance(8_600);
  await settled();
  assert.deepEqual(peer.told(), ["HEADERS 1 200", 'DATA 1 "xxxxxxxxxx"']);
  clock.advance(100 + LATE);
  await settled();
  assert.deepEqual(peer.told(), ["RST_STREAM 1 CANCEL"]);
});

test("writeTimeout tells the handler", async () => {
  let failure: unknown;
  const { peer, clock } = await stuck({
    async exchange(x: Exchange) {
      x.start(200);
      x.write("x".repeat(20));
      await x.ready().catch((error) => failure = error);
    },
  });
  peer.get(1);
  clock.advance(10_000 + LATE);
  await settled();
  assert.equal((failure as { code: string }).code, "timeout");
});

test("writeTimeout: 0 waits for every client", async () => {
  const { peer, clock } = await stuck({ writeTimeout: 0 });
  peer.get(1, "/a");
  clock.advance(10 ** 7);
  peer.widen(1, 100);
  assert.equal(peer.told().at(-1), `DATA 1 90 end`);
});

test("a stream that is over leaves no timer", async () => {
  const { peer, client, clock } = await stuck();
  peer.get(1, "/a");
  peer.send(peer.headers(3, request({ method: "POST", path: "/" }), 0));
  client.reset();
  assert.equal(clock.timers, 0);
});

test("setTimeouts({ writeTimeout }) holds for its stream, from the call on", async () => {
  let x!: Exchange;
  const { peer, clock } = await stuck({
    exchange(given: Exchange) {
      if (given.target === "/own") x = given;
      given.respond(200, {}, "x".repeat(100));
    },
  });
  const early = await stuck({
    exchange(given: Exchange) {
      given.setTimeouts({ writeTimeout: 2_000 });
      given.respond(200, {}, "x".repeat(100));
    },
  });
  peer.get(1, "/own");
  assert.throws(() => x.setTimeouts({ writeTimeout: 2_000 }), { code: "over" });
  early.peer.get(1);
  early.peer.read();
  early.clock.advance(2_000 + LATE);
  assert.deepEqual(early.peer.told(), ["RST_STREAM 1 CANCEL"]);
  clock.advance(9_000);
  peer.read();
  clock.advance(1_000 + LATE);
  assert.deepEqual(peer.told(), ["RST_STREAM 1 CANCEL"]);
});

test("setTimeouts({ writeTimeout }) of a response that waits already", async () => {
  let x!: Exchange;
  const { peer, clock } = await stuck({ exchange: (given: Exchange) => void (x = given) });
  peer.get(1);
  x.start(200);
  x.write("x".repeat(20));
  clock.advance(5_000);
  x.setTimeouts({ writeTimeout: 20_000 });
  await settled();
  peer.read();
  clock.advance(19_900);
  assert.deepEqual(peer.told().filter((text) => text.startsWith("RST")), []);
  clock.advance(100 + LATE);
  await settled();
  assert.deepEqual(peer.told(), ["RST_STREAM 1 CANCEL"]);
});

test("setTimeouts({ minBodyRate }) is measured from the call on", async () => {
  let x!: Exchange;
  const { peer, clock } = await connectHttp2({
    minBodyRate: { bytesPerSecond: 1, grace: 60_000 },
    exchange: (given) => void (x = given),
  });
  peer.post(1);
  const failure = x.text().then(() => null, (error) => error);
  clock.advance(10_000);
  x.setTimeouts({ minBodyRate: { bytesPerSecond: 1_000, grace: 2_000 } });
  clock.advance(1_900);
  assert.deepEqual(peer.told(), []);
  clock.advance(100 + LATE);
  assert.equal((await failure).code, "body_too_slow");
});

test("setTimeouts() refuses what is no time, and changes nothing then", async () => {
  const { peer, clock } = await connectHttp2({
    requestTimeout: 5_000,
    minBodyRate: 0,
    exchange(x) {
      assert.throws(() => x.setTimeouts({ requestTimeout: -1 }), RangeError);
      assert.throws(() => x.setTimeouts({ requestTime: 1 } as object), TypeError);
      x.text().catch(() => {});
    },
  });
  peer.post(1);
  clock.advance(4_900);
  assert.deepEqual(peer.told(), []);
  clock.advance(100 + LATE);
  await settled();
  assert.equal(peer.told()[0], "HEADERS 1 408");
});
