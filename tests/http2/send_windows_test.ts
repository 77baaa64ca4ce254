/** What the client's windows allow of responses (RFC 9113 §5.2, §6.9). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../../src/api/exchange.ts";
import { FastResponse } from "../../src/fetch/fast_response.ts";
import { memoryPool } from "../../src/wire/memory_pool.ts";
import {
  bodyOf,
  connectHttp2,
  describe,
  FLAG,
  frame,
  type Http2Client,
  request,
  SETTING,
  settingsPayload,
} from "../support/http2_client.ts";
import { settled } from "../support/memory.ts";

const TEXT = "0123456789".repeat(4); // 40 octets

function setInitialWindow(peer: Http2Client, value: number): void {
  peer.send(frame("SETTINGS", 0, 0, settingsPayload([[SETTING.initialWindowSize, value]])));
}

const exchange = (x: Exchange): void => x.respond(200, {}, TEXT);

test("a response leaves as far as the stream's window allows, and the rest with each WINDOW_UPDATE", async () => {
  const { peer } = await connectHttp2({ exchange }, { settings: [[SETTING.initialWindowSize, 10]] });
  peer.get(1);
  assert.deepEqual(peer.told(), ["HEADERS 1 200", 'DATA 1 "0123456789"']);
  peer.widen(1, 1);
  assert.deepEqual(peer.told(), ['DATA 1 "0"']);
  peer.widen(1, 28);
  assert.deepEqual(peer.told(), [`DATA 1 "${TEXT.slice(11, 39)}"`]);
  peer.widen(1, 100);
  assert.deepEqual(peer.told(), ['DATA 1 "9" end']);
});

test("a window of 0 lets heads out, responses without a body whole, and trailers none before their body", async () => {
  const { peer, connection } = await connectHttp2({
    exchange(x) {
      if (x.target === "/204") return x.respond(204);
      if (x.target === "/304") return x.respond(304, { "content-length": 40 });
      if (x.target === "/empty") return x.respond(200, {}, "");
      if (x.target === "/hints") {
        x.earlyHints({ link: "</a>" });
        return x.respond(200, {}, TEXT);
      }
      if (x.target === "/trailers") {
        x.start(200);
        return x.end(TEXT, { "x-sum": "9" });
      }
      x.respond(200, {}, TEXT);
    },
  }, { settings: [[SETTING.initialWindowSize, 0]] });
  const paths = ["/204", "/304", "/empty", "/hints", "/trailers"];
  for (const [i, path] of paths.entries()) peer.get(1 + 2 * i, path);
  peer.send(peer.headers(11, request({ method: "HEAD" })));
  assert.deepEqual(peer.told(), [
    "HEADERS 1 204 end",
    "HEADERS 3 304 end",
    "HEADERS 5 200 end",
    "HEADERS 7 103",
    "HEADERS 7 200",
    "HEADERS 9 200",
    "HEADERS 11 200 end",
  ]);
  peer.widen(9, 39);
  assert.deepEqual(peer.told(), [`DATA 9 "${TEXT.slice(0, 39)}"`]);
  peer.widen(9, 1);
  assert.deepEqual(peer.told(), ['DATA 9 "9"', "HEADERS 9 x-sum=9 end"]);
  peer.widen(7, 40);
  assert.deepEqual(peer.told(), [`DATA 7 "${TEXT}" end`]);
  assert.equal(connection.state, "idle");
});

test("what does not fit into the connection's window waits, whatever the stream's allows", async () => {
  const { peer } = await connectHttp2({ exchange: (x) => x.respond(200, {}, "x".repeat(70_000)) });
  peer.get(1);
  const sent = peer.read();
  assert.equal(bodyOf(sent, 1).length, 65_535);
  assert.ok(sent.every(({ payload }) => payload.length <= 16_384));
  peer.widen(1, 10_000);
  peer.get(3);
  assert.deepEqual(peer.told(), ["HEADERS 3 200"]);
  peer.widen(0, 4_465);
  assert.deepEqual(peer.told(), ["DATA 1 4465 end"]);
  peer.widen(0, 5);
  assert.deepEqual(peer.told(), ['DATA 3 "xxxxx"']);
});

test("SETTINGS change the windows of streams that are under way, also below 0 (§6.9.2)", async () => {
  const { peer } = await connectHttp2({ exchange }, { settings: [[SETTING.initialWindowSize, 10]] });
  peer.get(1);
  assert.deepEqual(peer.told(), ["HEADERS 1 200", 'DATA 1 "0123456789"']);
  setInitialWindow(peer, 12);
  assert.deepEqual(peer.told(), ["SETTINGS ack", 'DATA 1 "01"']);
  setInitialWindow(peer, 0); // the stream's window is -12
  peer.widen(1, 12);
  assert.deepEqual(peer.told(), ["SETTINGS ack"]);
  peer.widen(1, 1);
  assert.deepEqual(peer.told(), ['DATA 1 "2"']);
  peer.get(3);
  assert.deepEqual(peer.told(), ["HEADERS 3 200"]);
  setInitialWindow(peer, 100);
  assert.deepEqual(peer.told().sort(), [
    `DATA 1 "${TEXT.slice(13)}" end`,
    `DATA 3 "${TEXT}" end`,
    "SETTINGS ack",
  ]);
});

test("SETTINGS do not change the connection's window", async () => {
  const { peer } = await connectHttp2({ exchange: (x) => x.respond(200, {}, "x".repeat(70_000)) }, {
    settings: [[SETTING.initialWindowSize, 100_000]],
  });
  peer.get(1);
  peer.read();
  setInitialWindow(peer, 200_000);
  assert.deepEqual(peer.told(), ["SETTINGS ack"]);
});

test("a stream's window above 2^31 - 1 is a stream error of FLOW_CONTROL_ERROR", async () => {
  const { peer, connection } = await connectHttp2({ exchange }, {
    settings: [[SETTING.initialWindowSize, 0]],
  });
  peer.get(1);
  peer.get(3);
  peer.read();
  peer.widen(1, 2 ** 31 - 1);
  assert.deepEqual(peer.told(), [`DATA 1 "${TEXT}" end`]);
  peer.widen(3, 10);
  peer.widen(3, 2 ** 31 - 1);
  assert.deepEqual(peer.told(), ['DATA 3 "0123456789"', `DATA 3 "${TEXT.slice(10)}" end`]);
  const waits = await connectHttp2({ exchange: () => {} });
  waits.peer.get(1);
  waits.peer.widen(1, 2 ** 31 - 1);
  waits.peer.get(3);
  assert.deepEqual(waits.peer.told(), ["RST_STREAM 1 FLOW_CONTROL_ERROR"]);
  assert.deepEqual([connection.state, waits.connection.state], ["idle", "active"]);
});

test("SETTINGS that make a stream's window too large are a connection error of FLOW_CONTROL_ERROR", async () => {
  const { peer } = await connectHttp2({ exchange: () => {} });
  peer.get(1);
  peer.widen(1, 1);
  setInitialWindow(peer, 2 ** 31 - 1);
  assert.deepEqual(peer.told(), ["GOAWAY 1 FLOW_CONTROL_ERROR"]);
});

test("write() tells when the window is full, and ready() resolves when it is not", async () => {
  for (const stream of [0, 1]) {
    let x!: Exchange;
    const { peer } = await connectHttp2({ exchange: (given) => void (x = given) }, {
      settings: [[SETTING.initialWindowSize, stream === 0 ? 100_000 : 10]],
    });
    peer.get(1);
    x.start(200);
    if (stream === 0) assert.equal(x.write("x".repeat(65_535)), false);
    else assert.equal(x.write("0123456789"), false);
    let isReady = false;
    void x.ready().then(() => isReady = true);
    await settled();
    peer.read();
    assert.equal(isReady, false);
    peer.widen(stream, 3);
    await settled();
    assert.equal(isReady, true);
    assert.equal(x.write("abc"), false);
    assert.equal(x.write("d"), false);
    peer.widen(stream, 10);
    x.end("e");
    await settled();
    assert.equal(bodyOf(peer.read(), 1), "abcde");
  }
});

test("a source is asked for no more than the client's window takes", async () => {
  let pulled = 0;
  const { peer } = await connectHttp2({
    fetch: () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            pulled++;
            controller.enqueue(new Uint8Array(10_000));
          },
        }),
      ),
  });
  peer.get(1);
  await settled();
  assert.equal(bodyOf(peer.read(), 1).length, 65_535);
  assert.ok(pulled <= 9, `${pulled} chunks`);
  const before = pulled;
  for (let i = 0; i < 20; i++) await settled();
  assert.equal(pulled, before);
  peer.cancel(1);
});

test("a reset gives up what waits, and nothing more of the stream is sent", async () => {
  const { peer, connection } = await connectHttp2({ exchange }, {
    settings: [[SETTING.initialWindowSize, 5]],
  });
  peer.get(1);
  peer.get(3);
  peer.cancel(1);
  peer.widen(1, 100);
  peer.widen(3, 100);
  assert.deepEqual(peer.told(), [
    "HEADERS 1 200",
    'DATA 1 "01234"',
    "HEADERS 3 200",
    'DATA 3 "01234"',
    `DATA 3 "${TEXT.slice(5)}" end`,
  ]);
  assert.equal(connection.state, "idle");
});

test("bodies of any length around a frame and a window arrive whole, however they are given", async () => {
  const sizes = [1, 16_383, 16_384, 16_385, 32_768, 65_535, 65_536, 100_000, 300_000];
  const ways: ((x: Exchange, bytes: Uint8Array) => void)[] = [
    (x, bytes) => x.respond(200, {}, bytes),
    (x, bytes) => x.respond(200, {}, "x".repeat(bytes.length)),
    (x, bytes) => {
      x.start(200);
      x.end(bytes);
    },
    (x, bytes) => {
      x.start(200, { "content-length": bytes.length });
      x.write(bytes.subarray(0, bytes.length >> 1));
      x.end(bytes.subarray(bytes.length >> 1), { "x-sum": "9" });
    },
  ];
  for (const way of ways) {
    const { peer } = await connectHttp2({
      exchange: (x) => way(x, new Uint8Array(Number(x.target.slice(1))).fill(120)),
    });
    for (const [i, size] of sizes.entries()) {
      const id = 1 + 2 * i;
      peer.get(id, `/${size}`);
      const frames = peer.read();
      while (!frames.some(({ flags, type }) => (flags & FLAG.end) !== 0 && type !== "SETTINGS")) {
        const before = frames.length;
        peer.widen(0, 20_000);
        peer.widen(id, 20_000);
        frames.push(...peer.read());
        assert.ok(frames.length > before, frames.map(describe).join());
      }
      assert.equal(bodyOf(frames, id), "x".repeat(size));
      peer.widen(0, 65_535);
    }
  }
});

test("bytes of a Response keep their memory while they wait; it goes back once they were sent, or dropped", async () => {
  const size = 300 * 1024;
  const waiting = [1, 2, 3, 4].map((n) => new Uint8Array(size).fill(n));
  const fetch = (request: Request): Response =>
    new FastResponse(waiting[Number(new URL(request.url).pathname[1])]);
  const { peer, client } = await connectHttp2({ fetch }, { settings: [[SETTING.initialWindowSize, 10]] });
  peer.widen(0, 8 * size);
  for (const i of [0, 1, 2, 3]) peer.get(1 + 2 * i, `/${i}`);
  const kept = memoryPool.keptBytes;
  for (const i of [0, 1]) peer.widen(1 + 2 * i, size);
  const frames = peer.read();
  for (const i of [0, 1]) {
    assert.equal(bodyOf(frames, 1 + 2 * i), String.fromCharCode(i + 1).repeat(size));
  }
  peer.cancel(5);
  client.reset();
  await settled();
  // Of 512 KiB each, beside which all other memory is small.
  assert.equal(Math.round((memoryPool.keptBytes - kept) / (512 * 1024)), 4);
});
