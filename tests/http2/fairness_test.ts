/** Backpressure of the transport, and turns of the event loop: what one connection does holds up no other. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../../src/api/exchange.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import { concat } from "../support/bytes.ts";
import { FakeClock } from "../support/fake_clock.ts";
import {
  bodyOf,
  connectHttp2,
  FLAG,
  type Frame,
  frame,
  type Http2Connected,
  SETTING,
  visit,
} from "../support/http2_client.ts";
import { settled } from "../support/memory.ts";

/** What a handler takes, in milliseconds. */
const WORK = 1;
const REQUESTS = 90;
/** Longer than one connection may work without letting others have their turn, in milliseconds. */
const NOTICEABLE = 25;

function answered(frames: readonly Frame[]): number {
  return frames.filter(({ type }) => type === "HEADERS").length;
}

function handlers(clock: FakeClock): Record<string, ConnectionOptions> {
  return {
    "a synchronous exchange handler": {
      exchange(x) {
        clock.work(WORK);
        x.respond(200, {}, x.target);
      },
    },
    "a fetch handler": {
      fetch(request) {
        clock.work(WORK);
        return new Response(new URL(request.url).pathname);
      },
    },
  };
}

for (const name of Object.keys(handlers(new FakeClock()))) {
  test(`many requests at once let others have their turn, with ${name}`, async () => {
    const clock = new FakeClock();
    const connected = await connectHttp2(handlers(clock)[name], { clock });
    const { peer, connection } = connected;
    const heads = Array.from({ length: REQUESTS }, (_, i) =>
      peer.headers(1 + 2 * i, [
        [":method", "GET"],
        [":scheme", "http"],
        [":authority", "a.example"],
        [":path", `/${i}`],
      ]));
    clock.advance(clock.turnLength); // the connection was opened in another turn
    const began = clock.now();
    peer.send(concat(heads));
    await settled();
    const frames = peer.read();
    assert.ok(answered(frames) >= 4 && answered(frames) < REQUESTS, `${answered(frames)} in its turn`);
    assert.ok(clock.now() - began < NOTICEABLE, `its turn took ${clock.now() - began} ms`);
    const other = visit(connected);
    other.get(1, "/other");
    await settled();
    assert.equal(bodyOf(other.read(), 1), "/other");
    for (let turns = 0; answered(frames) < REQUESTS && turns < REQUESTS; turns++) {
      clock.advance(0);
      await settled();
      frames.push(...peer.read());
    }
    for (let i = 0; i < REQUESTS; i++) assert.equal(bodyOf(frames, 1 + 2 * i), `/${i}`);
    assert.equal(connection.state, "idle");
  });
}

test("frames that cost work and ask for nothing let others have their turn", async () => {
  const clock = new FakeClock();
  const connected = await connectHttp2({
    exchange: (x) => x.respond(200),
    onStateChange: () => {},
  }, { clock });
  const { peer, internal } = connected;
  let turns = 0;
  const spend = internal.spendTurn.bind(internal);
  internal.spendTurn = () => {
    clock.work(0.1);
    turns++;
    return spend();
  };
  peer.send(concat(new Array(5_000).fill(frame("PRIORITY", 0, 1, "12345"))));
  assert.ok(turns < 200, `${turns} frames in a turn`);
  for (let i = 0; i < 5_000 && turns < 5_000; i++) clock.advance(0);
  assert.equal(turns, 5_000);
});

test("a large response leaves in turns", async () => {
  const clock = new FakeClock();
  const connected = await connectHttp2({ exchange: (x) => x.respond(200, {}, new Uint8Array(10_000_000)) }, {
    clock,
    settings: [[SETTING.initialWindowSize, 2 ** 30]],
  });
  const { peer, internal } = connected;
  const spend = internal.spendTurn.bind(internal);
  internal.spendTurn = () => {
    clock.work(1);
    return spend();
  };
  peer.get(1);
  peer.read();
  clock.advance(clock.turnLength); // the window opens in another turn
  const began = clock.now();
  peer.widen(0, 20_000_000);
  assert.ok(clock.now() - began < NOTICEABLE, `its turn took ${clock.now() - began} ms`);
  const frames = peer.read();
  for (let i = 0; i < 1_000 && (frames.at(-1)!.flags & FLAG.end) === 0; i++) {
    clock.advance(0);
    frames.push(...peer.read());
  }
  assert.equal(frames.reduce((sum, { payload }) => sum + payload.length, 0), 10_000_000 - 65_535);
});

test("backpressure: no request is read while the transport takes nothing, and all are once it does", async () => {
  const { peer, client } = await connectHttp2({
    highWaterMark: 10_000,
    exchange: (x) => x.respond(200, {}, new Uint8Array(3_000)),
  });
  client.takesWrites = false;
  for (let i = 0; i < 20; i++) peer.get(1 + 2 * i);
  const written = client.written.reduce((sum, { length }) => sum + length, 0);
  assert.ok(written < 20_000, `${written}`);
  client.drain();
  await settled();
  const frames = peer.read();
  assert.equal(answered(frames), 20);
  assert.equal(frames.filter(({ type, flags }) => type === "DATA" && flags === FLAG.end).length, 20);
});

test("backpressure: a source waits for the transport, however wide the windows are", async () => {
  let made = 0;
  const { peer, client } = await connectHttp2({
    highWaterMark: 20_000,
    fetch: () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            if (made === 200_000) return controller.close();
            made += 10_000;
            controller.enqueue(new Uint8Array(10_000));
          },
        }),
      ),
  }, { settings: [[SETTING.initialWindowSize, 2 ** 30]] });
  peer.widen(0, 2 ** 30);
  client.takesWrites = false;
  peer.get(1);
  for (let i = 0; i < 10; i++) await settled();
  assert.ok(made <= 70_000, `${made}`);
  client.drain();
  for (let i = 0; i < 100; i++) await settled();
  assert.equal(bodyOf(peer.read(), 1).length, 200_000);
});

/** A client that takes nothing, while its response waits. */
async function backpressured(): Promise<Http2Connected & { readonly x: Exchange }> {
  let x!: Exchange;
  const connected = await connectHttp2({
    highWaterMark: 1_000,
    exchange: (given) => void (x = given),
  });
  connected.peer.get(1);
  connected.client.takesWrites = false;
  x.start(200);
  x.write(new Uint8Array(50_000));
  await settled();
  return { ...connected, x };
}

test("backpressure: frames that need no answer are read on: a reset ends what waits", async () => {
  const { peer, x } = await backpressured();
  peer.cancel(1);
  assert.equal(x.signal.aborted, true);
});

test("backpressure: acknowledgements are read on, since nothing answers them", async () => {
  const { peer, x } = await backpressured();
  peer.send(frame("SETTINGS", FLAG.ack, 0), frame("PING", FLAG.ack, 0, "12345678"));
  peer.cancel(1);
  assert.equal(x.signal.aborted, true);
});

test("backpressure: bodies are read on, and the connection's window is given back once that is possible", async () => {
  let length = 0;
  const { peer, client } = await connectHttp2({
    highWaterMark: 1_000,
    async exchange(x) {
      for await (const bytes of x.chunks()) length += bytes.length;
      x.respond(200);
    },
  });
  client.takesWrites = false;
  peer.get(1); // its answer is what is not taken
  peer.ping("x".repeat(8));
  peer.post(3);
  client.drain();
  await settled();
  for (let i = 0; i < 3; i++) peer.data(3, new Uint8Array(16_384));
  peer.data(3, "", FLAG.end);
  await settled();
  assert.equal(length, 3 * 16_384);
});

test("ready() of a stream resolves once the transport takes more", async () => {
  let x!: Exchange;
  const { peer, client } = await connectHttp2({
    highWaterMark: 1_000,
    exchange: (given) => void (x = given),
  });
  peer.get(1);
  client.takesWrites = false;
  x.start(200);
  x.write(new Uint8Array(2_000));
  await settled();
  assert.equal(x.write(new Uint8Array(10)), false);
  let isReady = false;
  void x.ready().then(() => isReady = true);
  await settled();
  assert.equal(isReady, false);
  client.drain();
  await settled();
  assert.equal(isReady, true);
  x.end();
  await settled();
  assert.equal(bodyOf(peer.read(), 1).length, 2_010);
});
