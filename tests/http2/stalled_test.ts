/** Streams that cannot go on: who is to blame, and which deadline ends them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  connectHttp2,
  FLAG,
  frame,
  type Http2Client,
  SETTING,
  settingsPayload,
} from "../support/http2_client.ts";
import { settled } from "../support/memory.ts";

test("writeTimeout counts for a handler that waits for the window with nothing left to send", async () => {
  for (const [name, window] of Object.entries({ "filled exactly": 5, "filled": 3 })) {
    const failures: unknown[] = [];
    const { peer, clock } = await connectHttp2({
      writeTimeout: 10_000,
      async exchange(x) {
        x.start(200);
        x.write("hello");
        await x.ready().catch((error) => failures.push(error.code));
      },
    }, { settings: [[SETTING.initialWindowSize, window]] });
    peer.get(1);
    await settled();
    clock.advance(9_000);
    assert.deepEqual(failures, [], name);
    peer.read();
    clock.advance(2_000);
    await settled();
    assert.deepEqual([failures, peer.told()], [["timeout"], ["RST_STREAM 1 CANCEL"]], name);
  }
});

test("writeTimeout counts for a stream whose source is held back, and ends with the window's next opening", async () => {
  const { peer, clock } = await connectHttp2({
    writeTimeout: 10_000,
    fetch: () =>
      new Response(
        new ReadableStream({
          pull: (controller) => controller.enqueue(new TextEncoder().encode("hello")),
        }, { highWaterMark: 0 }),
      ),
  }, { settings: [[SETTING.initialWindowSize, 5]] });
  peer.get(1);
  for (let i = 0; i < 5; i++) {
    await settled();
    clock.advance(9_000);
    peer.widen(1, 5);
  }
  await settled();
  assert.equal(peer.told().filter((told) => told === 'DATA 1 "hello"').length, 6);
  clock.advance(11_000);
  assert.deepEqual(peer.told(), ["RST_STREAM 1 CANCEL"]);
});

/** Fills what may wait unread on a connection: the streams from 1 on are not read. Answers the next stream. */
async function fillConnection(peer: Http2Client): Promise<number> {
  let id = 1;
  for (; id < 2 * 66; id += 2) {
    peer.post(id, "/unread");
    for (let i = 0; i < 4; i++) peer.data(id, new Uint8Array(16_383));
    await settled();
  }
  return id;
}

test("an upload is not too slow while the server gives it no window", async () => {
  const bodies: number[] = [];
  const failures: unknown[] = [];
  let readAll = (): void => {};
  const readable = new Promise<void>((resolve) => readAll = resolve);
  const { peer, clock } = await connectHttp2({
    requestTimeout: 60_000,
    minBodyRate: { bytesPerSecond: 1_000, grace: 5_000 },
    async exchange(x) {
      if (x.target === "/unread") await readable;
      const body = x.bytes();
      if (x.target !== "/unread") {
        body.then(({ length }) => bodies.push(length), (error) => failures.push(error));
      }
      await body.catch(() => {});
      x.respond(200);
    },
  });
  const id = await fillConnection(peer);
  peer.post(id, "/read");
  peer.data(id, "begun");
  clock.advance(100_000);
  await settled();
  assert.deepEqual(failures, []);
  readAll();
  await settled();
  peer.data(id, " and ended", FLAG.end);
  await settled();
  assert.deepEqual([bodies, failures], [[15], []]);
});

test("an upload is too slow again once the server gives it a window", async () => {
  const failures: unknown[] = [];
  let readAll = (): void => {};
  const readable = new Promise<void>((resolve) => readAll = resolve);
  const { peer, clock } = await connectHttp2({
    requestTimeout: 0,
    minBodyRate: { bytesPerSecond: 1_000, grace: 5_000 },
    async exchange(x) {
      if (x.target === "/unread") {
        await readable;
        await x.bytes().catch(() => {});
      } else await x.bytes().catch((error) => failures.push(error.code));
    },
  });
  const id = await fillConnection(peer);
  peer.post(id, "/read");
  clock.advance(20_000);
  readAll();
  await settled();
  clock.advance(12_000);
  await settled();
  assert.deepEqual(failures, ["body_too_slow"]);
});

/** Sends PINGs after 30 s, and waits 10 s for their answers. */
const pinging = { pingInterval: 30_000, pingTimeout: 10_000 };

test("PINGs are neither sent nor missed while what waits for the client would hold them up", async () => {
  const { peer, client, connection, clock } = await connectHttp2({
    http2: pinging,
    writeTimeout: 0,
    exchange: (x) => x.respond(200, {}, new Uint8Array(10_000)),
  });
  clock.advance(29_000);
  client.takesWrites = false;
  peer.get(1);
  clock.advance(3_600_000);
  assert.notEqual(connection.state, "closed");
  client.drain();
  await settled();
  peer.read();
  clock.advance(31_000);
  await settled();
  assert.deepEqual(peer.told().filter((told) => told.startsWith("PING")), ["PING are you?"]);
  clock.advance(11_000);
  assert.equal(connection.state, "closed");
});

test("a PING that was held up has its time from then on", async () => {
  const { peer, client, connection, clock } = await connectHttp2({
    http2: pinging,
    writeTimeout: 0,
    exchange: (x) => x.target === "/wait" ? new Promise<void>(() => {}) : x.respond(200),
  });
  peer.get(1, "/wait");
  clock.advance(29_000);
  client.takesWrites = false;
  clock.advance(2_000);
  await settled(); // the PING waits
  clock.advance(60_000);
  client.drain();
  clock.advance(8_000);
  assert.notEqual(connection.state, "closed");
  clock.advance(15_000);
  assert.equal(connection.state, "closed");
});

test("pingTimeout: 0 sends PINGs where the client is silent alone", async () => {
  const { peer, clock } = await connectHttp2({
    http2: { pingInterval: 30_000, pingTimeout: 0 },
    idleTimeout: 0,
    exchange: (x) => x.respond(200),
  });
  peer.get(1);
  clock.advance(31_000);
  await settled();
  assert.deepEqual(peer.told().at(-1), "PING are you?");
  let pings = 0;
  for (let id = 3; id < 21; id += 2) {
    clock.advance(20_000);
    await settled();
    peer.get(id);
    pings += peer.told().filter((told) => told.startsWith("PING")).length;
  }
  assert.equal(pings, 0);
  clock.advance(100_000);
  await settled();
  assert.equal(peer.told().filter((told) => told.startsWith("PING")).length, 3);
});

test("a PING that was answered stays so while a response waits for the client", async () => {
  const { peer, client, connection, clock } = await connectHttp2({ http2: pinging, exchange: () => {} });
  peer.get(1);
  clock.advance(31_000);
  await settled();
  assert.equal(peer.told().at(-1), "PING are you?");
  peer.send(frame("PING", FLAG.ack, 0, "are you?"));
  client.takesWrites = false;
  peer.ping(); // its answer waits
  await settled();
  clock.advance(10_500);
  client.drain();
  clock.advance(11_000);
  assert.notEqual(connection.state, "closed");
});

test("writeTimeout is not put off by SETTINGS that open a window and close it at once", async () => {
  const { peer, clock } = await connectHttp2({
    writeTimeout: 10_000,
    exchange: (x) => x.respond(200, {}, "hello"),
  }, { settings: [[SETTING.initialWindowSize, 0]] });
  const open = (size: number): Uint8Array =>
    frame("SETTINGS", 0, 0, settingsPayload([[SETTING.initialWindowSize, size]]));
  peer.get(1);
  for (let i = 0; i < 4; i++) {
    clock.advance(3_000);
    peer.send(open(1), open(0));
  }
  assert.ok(peer.told().includes("RST_STREAM 1 CANCEL"));
});

test("ready() resolves when the response has ended meanwhile, so that its handler ends", async () => {
  for (const window of [10, 5]) { // filled exactly, or more
    let end = (): void => {};
    const failures: unknown[] = [];
    const { peer } = await connectHttp2({
      http2: { maxConcurrentStreams: 1 },
      async exchange(x) {
        x.start(200);
        x.write(new Uint8Array(10));
        end = () => x.end();
        await x.ready().catch((error) => failures.push(error));
      },
    }, { settings: [[SETTING.initialWindowSize, window]] });
    for (const id of [1, 3]) {
      peer.get(id);
      await settled();
      end();
      peer.widen(id, 100);
      await settled();
      const told = peer.told();
      assert.ok(told.some((text) => text.startsWith(`DATA ${id}`) && text.endsWith("end")), told.join());
    }
    assert.deepEqual(failures, []);
  }
});
