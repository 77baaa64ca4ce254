/** Limits of requests: 431, 414, 413 and 417 are answered with a response, and the connection lives on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProtocolError } from "../../src/api/errors.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import { connectHttp2, FLAG, frame, type Http2Client, request, SETTING } from "../support/http2_client.ts";
import type { Field } from "../support/hpack.ts";
import { settled } from "../support/memory.ts";

const many = (count: number): Field[] => Array.from({ length: count }, (_, i) => [`x-${i}`, "1"]);

const OPTIONS: ConnectionOptions = {
  maxHeaderBytes: 4_096,
  maxHeaders: 20,
  maxTargetBytes: 1_000,
  maxBodyBytes: 50,
  exchange: (x) => x.target === "/read" ? x.text().then((text) => x.respond(200, {}, text)) : x.respond(200),
};

function assertLives(peer: Http2Client, stream: number): void {
  peer.get(stream);
  assert.deepEqual(peer.told(), [`HEADERS ${stream} 200 end`]);
}

const REFUSED: Record<string, [fields: Field[], status: number, code: string]> = {
  "a large field": [request({}, ["x-a", "x".repeat(4_000)]), 431, "head_too_large"],
  "many fields": [request({}, ...many(21)), 431, "too_many_fields"],
  "crumbs of cookies": [
    request({}, ...Array.from({ length: 21 }, (_, i): Field => ["cookie", `a${i}=1`])),
    431,
    "too_many_fields",
  ],
  "a long target": [request({ path: `/${"x".repeat(1_000)}` }), 414, "target_too_long"],
  "an unknown expectation": [request({}, ["expect", "200-ok"]), 417, "unsupported_expectation"],
  "a large body, as it is announced": [
    request({ method: "POST" }, ["content-length", "51"]),
    413,
    "body_too_large",
  ],
};

for (const [name, [fields, status, code]] of Object.entries(REFUSED)) {
  test(`${status}: ${name}`, async () => {
    for (const flags of status === 413 ? [0] : [FLAG.end, 0]) {
      const refused: ProtocolError[] = [];
      const { peer, server, connection, clock } = await connectHttp2({
        ...OPTIONS,
        onRefused: (error) => refused.push(error),
      });
      peer.send(peer.headers(1, fields, flags));
      const [head, body] = peer.read();
      clock.advance(600);
      await settled();
      const resets = peer.told();
      const { fields: told } = head;
      assert.deepEqual(told.map(([name]) => name), [":status", "content-type", "content-length", "date"]);
      assert.deepEqual([told[0][1], told[2][1]], [String(status), String(body.payload.length)]);
      assert.deepEqual([body.type, body.flags], ["DATA", FLAG.end]);
      assert.deepEqual(resets, flags === FLAG.end ? [] : ["RST_STREAM 1 NO_ERROR"]);
      assert.deepEqual(refused.map((error) => [error.status, error.code]), [[status, code]]);
      peer.data(1, "on its way");
      if (flags === 0) assertLives(peer, 3);
      assert.equal(server.stats().requests, flags === 0 ? 1 : 0);
      assert.notEqual(connection.state, "active");
    }
  });
}

test("what is just within the limits is served", async () => {
  const { peer } = await connectHttp2(OPTIONS);
  const heads = [
    request({}, ...many(20)),
    request({ path: `/${"x".repeat(999)}` }),
    request({}, ["x-a", "x".repeat(4_096 - 32 - 3 - sizeOf(request()))]),
  ];
  for (const [i, fields] of heads.entries()) {
    peer.send(peer.headers(1 + 2 * i, fields));
    assert.deepEqual(peer.told(), [`HEADERS ${1 + 2 * i} 200 end`]);
  }
  peer.send(peer.headers(7, request({}, ["x-a", "x".repeat(4_096 - 32 - 2 - sizeOf(request()))])));
  assert.equal(peer.told()[0], "HEADERS 7 431");
});

function sizeOf(fields: Field[]): number {
  return fields.reduce((size, [name, value]) => size + name.length + value.length + 32, 0);
}

test("fields of a refused request are in the dynamic table: the next one may refer to them", async () => {
  const seen: (string | null)[] = [];
  const { peer } = await connectHttp2({
    ...OPTIONS,
    exchange(x) {
      seen.push(x.header("x-19"), x.header("x-21"));
      x.respond(200);
    },
  });
  peer.get(1, "/", ...many(22));
  peer.get(3, "/", ["x-19", "1"], ["x-21", "1"]);
  assert.deepEqual(seen, ["1", "1"]);
});

test("a body that becomes too large is answered with 413, and the rest is not wanted", async () => {
  const refused: ProtocolError[] = [];
  const { peer, clock } = await connectHttp2({ ...OPTIONS, onRefused: (error) => refused.push(error) });
  peer.post(1, "/read");
  peer.data(1, "x".repeat(50));
  assert.deepEqual(peer.told(), []);
  peer.data(1, "x");
  await settled();
  clock.advance(600);
  await settled();
  const told = peer.told();
  assert.deepEqual([told[0], told[2]], ["HEADERS 1 413", "RST_STREAM 1 NO_ERROR"]);
  assert.deepEqual(refused.map(({ code }) => code), ["body_too_large"]);
  assertLives(peer, 3);
});

test("a body that is too large, and was received whole, is answered with 413 and nothing behind it", async () => {
  let read!: () => Promise<string>;
  const { peer } = await connectHttp2({ ...OPTIONS, exchange: (x) => void (read = () => x.text()) });
  peer.post(1);
  peer.data(1, "x".repeat(51), FLAG.end);
  await assert.rejects(read(), { code: "body_too_large" });
  await settled();
  const told = peer.told();
  assert.deepEqual([told[0], told.length], ["HEADERS 1 413", 2]);
  assert.match(told[1], / end$/);
});

test("a refusal of HEAD has no body", async () => {
  const { peer } = await connectHttp2(OPTIONS);
  const heads: [Field[], number][] = [
    [request({ method: "HEAD", path: `/${"x".repeat(1_000)}` }), 414],
    [request({ method: "HEAD" }, ["expect", "x"]), 417],
    [request({ method: "HEAD" }, ...many(21)), 431],
  ];
  for (const [i, [fields, status]] of heads.entries()) {
    peer.send(peer.headers(1 + 2 * i, fields));
    assert.deepEqual(peer.told(), [`HEADERS ${1 + 2 * i} ${status} end`]);
  }
});

test("a refusal whose text does not fit into the client's window has none", async () => {
  const { peer } = await connectHttp2(OPTIONS, { settings: [[SETTING.initialWindowSize, 5]] });
  peer.get(1, `/${"x".repeat(1_000)}`);
  assert.deepEqual(peer.told(), ["HEADERS 1 414 end"]);
});

test("limits of 0 are none", async () => {
  const { peer } = await connectHttp2({
    maxHeaderBytes: 0,
    maxHeaders: 0,
    maxTargetBytes: 0,
    maxBodyBytes: 0,
    exchange: (x) => x.text().then((text) => x.respond(200, {}, String(text.length + x.target.length))),
  });
  const fields = request({ method: "POST", path: `/${"x".repeat(19_999)}` }, ...many(500));
  const block = peer.encoder.encode(fields);
  peer.send(
    frame("HEADERS", 0, 1, block.subarray(0, 16_000)),
    frame("CONTINUATION", FLAG.endHeaders, 1, block.subarray(16_000)),
  );
  peer.data(1, "x".repeat(16_000), FLAG.end);
  await settled();
  assert.deepEqual(peer.told().filter((text) => !text.startsWith("WINDOW")), [
    "HEADERS 1 200",
    'DATA 1 "36000" end',
  ]);
});

test("a response head larger than a frame is sent in CONTINUATION", async () => {
  const { peer } = await connectHttp2({
    exchange: (x) => x.respond(200, { "x-a": "a".repeat(16_384), "x-b": "b".repeat(20_000) }, "body"),
  });
  peer.get(1);
  const [head, body] = peer.read();
  assert.equal(head.fields.find(([name]) => name === "x-b")![1].length, 20_000);
  assert.equal(body.payload.length, 4);
});
