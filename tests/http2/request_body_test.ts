/** Request bodies (RFC 9113 §8.1): content-length against DATA, trailers, 100-continue, and answers before their end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../../src/api/exchange.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import { causeOf } from "../support/abort_cause.ts";
import { connectHttp2, FLAG, type Http2Client, request, SETTING } from "../support/http2_client.ts";
import { settled } from "../support/memory.ts";

/** Longer than a reset of what is not wanted, or of a drained body, is put off, in milliseconds. */
const LATER = 1_000;

const echo: ConnectionOptions["exchange"] = (x) =>
  x.target === "/" ? x.respond(200) : x.text().then((text) => x.respond(200, {}, text));

function assertLives(peer: Http2Client, stream: number): void {
  peer.get(stream);
  assert.deepEqual(peer.told(), [`HEADERS ${stream} 200 end`]);
}

const WRONG: Record<string, (peer: Http2Client) => void> = {
  "DATA that is longer": (peer) => peer.data(1, "123456"),
  "DATA that is longer in a second frame": (peer) => {
    peer.data(1, "123");
    peer.data(1, "456");
  },
  "DATA that is shorter": (peer) => peer.data(1, "1234", FLAG.end),
  "no DATA but an end": (peer) => peer.data(1, "", FLAG.end),
  "trailers too early": (peer) => {
    peer.data(1, "1234");
    peer.send(peer.headers(1, [["x-a", "1"]]));
  },
  "padding instead of content": (peer) => peer.data(1, "\x01123\0", FLAG.end | FLAG.padded),
};

for (const [name, send] of Object.entries(WRONG)) {
  test(`content-length: ${name} is a stream error of PROTOCOL_ERROR`, async () => {
    let failure: unknown;
    const { peer } = await connectHttp2({
      exchange: (x) =>
        x.target === "/" ? x.respond(200) : x.text().then(() => {}, (error) => failure = error),
    });
    peer.post(1, "/read", ["content-length", "5"]);
    send(peer);
    assert.deepEqual(peer.told(), ["RST_STREAM 1 PROTOCOL_ERROR"]);
    await settled();
    assert.equal((failure as { code: string }).code, "body_incomplete");
    assertLives(peer, 3);
  });
}

test("content-length: DATA in any parts, with padding and trailers, is right where its octets are as many", async () => {
  const { peer } = await connectHttp2({ exchange: echo });
  const ways: ((id: number) => void)[] = [
    (id) => peer.data(id, "12345", FLAG.end),
    (id) => {
      for (const octet of "12345") peer.data(id, octet);
      peer.data(id, "", FLAG.end);
    },
    (id) => {
      peer.data(id, `\x02${"123"}\0\0`, FLAG.padded);
      peer.data(id, "45");
      peer.send(peer.headers(id, [["x-a", "1"]]));
    },
  ];
  for (const [i, way] of ways.entries()) {
    const id = 1 + 2 * i;
    peer.post(id, "/echo", ["content-length", "5"]);
    way(id);
    await settled();
    assert.deepEqual(peer.told(), [`HEADERS ${id} 200`, `DATA ${id} "12345" end`]);
  }
});

test("content-length of 0, and an end that comes in DATA, is an empty body", async () => {
  const { peer } = await connectHttp2({ exchange: echo });
  peer.post(1, "/echo", ["content-length", "0"]);
  peer.data(1, "", FLAG.end);
  await settled();
  assert.deepEqual(peer.told(), ["HEADERS 1 200 end"]);
});

test("trailers of a request are the handler's once the body is read", async () => {
  for (const early of [false, true]) {
    const trailers: [string, string][] = [];
    const { peer } = await connectHttp2({
      async exchange(x) {
        if (!early) await settled();
        await x.text();
        trailers.push(...x.trailers());
        x.respond(200);
      },
    });
    peer.post(1);
    peer.data(1, "body");
    peer.send(peer.headers(1, [["x-sum", "9"], ["x-more", "1"]]));
    await settled();
    await settled();
    assert.deepEqual(peer.told(), ["HEADERS 1 200 end"]);
    assert.deepEqual(trailers, [["x-sum", "9"], ["x-more", "1"]]);
  }
});

test("trailers of a response follow its body, with and without content-length, or alone", async () => {
  const { peer } = await connectHttp2({
    exchange(x) {
      x.start(200, x.target === "/length" ? { "content-length": 4 } : {});
      x.end(x.target === "/none" ? null : "body", { "grpc-status": "0" });
    },
  });
  for (const [i, path] of ["/length", "/", "/none"].entries()) {
    const id = 1 + 2 * i;
    peer.get(id, path);
    const body = path === "/none" ? [] : [`DATA ${id} "body"`];
    assert.deepEqual(peer.told(), [`HEADERS ${id} 200`, ...body, `HEADERS ${id} grpc-status=0 end`]);
  }
});

test("expect: 100-continue is answered when the body is asked for, once, and not when it has begun to come", async () => {
  let x!: Exchange;
  const { peer } = await connectHttp2({ exchange: (given) => void (x = given) });
  peer.post(1, "/", ["expect", "100-continue"]);
  await settled();
  assert.deepEqual(peer.told(), []);
  const chunks = x.chunks();
  const first = chunks.next();
  await settled();
  assert.deepEqual(peer.told(), ["HEADERS 1 100"]);
  peer.data(1, "a");
  await first;
  void chunks.next();
  await settled();
  assert.deepEqual(peer.told(), []);
  peer.post(3, "/", ["expect", "100-Continue"]);
  peer.data(3, "here");
  const text = x.text();
  peer.data(3, "", FLAG.end);
  assert.equal(await text, "here");
  assert.deepEqual(peer.told(), []);
});

test("expect: 100-continue and a final answer: the client is told that its body is not wanted", async () => {
  const { peer, clock, connection } = await connectHttp2({ exchange: (x) => x.respond(403) });
  peer.post(1, "/", ["expect", "100-continue"], ["content-length", "1000"]);
  assert.deepEqual(peer.told(), ["HEADERS 1 403 end"]);
  clock.advance(LATER);
  await settled();
  assert.deepEqual(peer.told(), ["RST_STREAM 1 NO_ERROR"]);
  assert.equal(connection.state, "idle");
});

test("an answer before the body: what is on its way is dropped, and more is not wanted", async () => {
  const { peer, clock, connection } = await connectHttp2({ exchange: (x) => x.respond(403, {}, "no") });
  peer.post(1, "/", ["content-length", "1000000"]);
  assert.deepEqual(peer.told(), ["HEADERS 1 403", 'DATA 1 "no" end']);
  for (let i = 0; i < 3; i++) peer.data(1, new Uint8Array(16_384));
  clock.advance(LATER);
  await settled();
  assert.deepEqual(peer.told(), ["RST_STREAM 1 NO_ERROR"]);
  peer.data(1, "late");
  assert.deepEqual([peer.told(), connection.state], [[], "idle"]);
});

test("an answer before a body that is on its way: its stream ends with it, without a reset", async () => {
  const { peer, clock } = await connectHttp2({ exchange: (x) => x.respond(200) });
  peer.post(1, "/", ["content-length", "10"]);
  peer.post(3, "/", ["content-length", "5000000"]);
  assert.deepEqual(peer.told(), ["HEADERS 1 200 end", "HEADERS 3 200 end"]);
  peer.data(1, "0123456789", FLAG.end);
  peer.cancel(3);
  clock.advance(LATER);
  await settled();
  assert.ok(!peer.told().includes("RST_STREAM 1 NO_ERROR"));
});

test("drainBody: a body of unknown length is awaited for drainBody.timeout, and its window is not widened", async () => {
  const { peer, clock } = await connectHttp2({
    exchange: (x) => x.respond(200),
    drainBody: { timeout: 2_000 },
  });
  peer.post(1);
  peer.read();
  for (let i = 0; i < 3; i++) peer.data(1, new Uint8Array(16_384));
  clock.advance(1_900);
  assert.deepEqual(peer.told(), []);
  clock.advance(LATER);
  await settled();
  assert.deepEqual(peer.told(), ["RST_STREAM 1 NO_ERROR"]);
});

test("drainBody.bytes: a body with more than that is not awaited", async () => {
  const { peer, clock } = await connectHttp2({
    exchange: (x) => x.respond(200),
    drainBody: { bytes: 100, timeout: 10_000 },
  });
  peer.post(1, "/", ["content-length", "101"]);
  peer.post(3, "/", ["content-length", "100"]);
  clock.advance(LATER);
  await settled();
  assert.deepEqual(peer.told(), ["HEADERS 1 200 end", "HEADERS 3 200 end", "RST_STREAM 1 NO_ERROR"]);
});

test("an upload can be answered while it is read: the response goes on, and so does the body", async () => {
  const { peer } = await connectHttp2({
    async exchange(x) {
      x.start(200);
      for await (const bytes of x.chunks()) x.write(bytes);
      x.end();
    },
  });
  peer.post(1);
  const expected = ["HEADERS 1 200"];
  for (const part of ["a", "b", "c"]) {
    peer.data(1, part);
    await settled();
    expected.push(`DATA 1 "${part}"`);
  }
  peer.data(1, "", FLAG.end);
  await settled();
  assert.deepEqual(peer.told(), [...expected, 'DATA 1 "" end']);
});

test("a response that waits for the window is sent although the rest of its request comes too slowly", async () => {
  let failure: unknown;
  const { peer, clock } = await connectHttp2({
    requestTimeout: 5_000,
    minBodyRate: 0,
    exchange(x) {
      x.text().catch((error) => failure = error);
      x.respond(200, {}, "0123456789");
    },
  }, { settings: [[SETTING.initialWindowSize, 4]] });
  peer.post(1);
  clock.advance(6_000);
  await settled();
  assert.equal((failure as { code: string }).code, "request_timeout");
  peer.widen(1, 100);
  await settled();
  assert.deepEqual(peer.told(), ["HEADERS 1 200", 'DATA 1 "0123"', 'DATA 1 "456789" end']);
});

test("request.signal aborts at the client's reset, and not when all went well", async () => {
  const signals: AbortSignal[] = [];
  const { peer, errors } = await connectHttp2({
    async fetch(given) {
      signals.push(given.signal);
      if (given.method === "POST") await given.text();
      return new Response("done");
    },
  });
  peer.get(1);
  peer.post(3);
  await settled();
  peer.cancel(3);
  await settled();
  assert.deepEqual(signals.map(({ aborted }) => aborted), [false, true]);
  assert.equal((causeOf(signals[1].reason) as { code: string }).code, "peer_gone");
  assert.deepEqual([errors, peer.told()], [[], ["HEADERS 1 200", 'DATA 1 "done" end']]);
});

test("a source of a response whose client has reset it is cancelled", async () => {
  let cancelled: unknown;
  const { peer } = await connectHttp2({
    fetch: () => new Response(new ReadableStream({ cancel: (reason) => void (cancelled = reason) })),
  });
  peer.get(1);
  await settled();
  peer.cancel(1);
  await settled();
  assert.equal((causeOf(cancelled) as { code: string }).code, "peer_gone");
});

test("HEAD is answered with the head of a GET, and a body behind it is an error of its own", async () => {
  const { peer } = await connectHttp2({ fetch: () => new Response("four") });
  peer.send(peer.headers(1, request({ method: "HEAD" })));
  await settled();
  const [{ fields, flags }] = peer.read();
  assert.deepEqual(fields.find(([name]) => name === "content-length"), ["content-length", "4"]);
  assert.equal(flags & FLAG.end, FLAG.end);
});
