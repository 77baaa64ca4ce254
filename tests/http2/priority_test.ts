/** The order of responses (RFC 9218): by urgency, and within one either whole or in turn. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Http2Options } from "../../src/api/http2.ts";
import { concat } from "../support/bytes.ts";
import { connectHttp2, frame, type Http2Client, SETTING, uint32 } from "../support/http2_client.ts";
import type { Http2Connected } from "../support/http2_client.ts";

/** Octets of each response: three frames. */
const LENGTH = 3 * 16_384;

/** Requests with these priorities on streams 1, 3, …, none of which has got an octet of its body. */
async function queued(
  priorities: (string | null)[],
  length = LENGTH,
  http2: Http2Options | true = true,
): Promise<Http2Connected> {
  const connected = await connectHttp2(
    {
      http2,
      exchange: (x) =>
        x.respond(200, {}, x.target === "/first" ? new Uint8Array(65_535) : new Uint8Array(length)),
    },
    { settings: [[SETTING.initialWindowSize, 2 ** 30]] },
  );
  const { peer } = connected;
  peer.get(1, "/first"); // takes the connection's window
  for (const [i, priority] of priorities.entries()) {
    peer.get(3 + 2 * i, "/", ...(priority === null ? [] : [["priority", priority] as const]));
  }
  peer.read();
  return connected;
}

/** Opens the window, and answers the streams in the order in which their frames come. */
function order(peer: Http2Client): number[] {
  peer.widen(0, 10_000_000);
  return peer.read().filter(({ type }) => type === "DATA").map(({ stream }) => (stream - 3) / 2);
}

function update(peer: Http2Client, index: number, priority: string): void {
  peer.send(frame("PRIORITY_UPDATE", 0, 0, concat([uint32(3 + 2 * index), priority])));
}

test("responses come by urgency, 3 where none is told, and one after another", async () => {
  const { peer } = await queued(["u=5", null, "u=0", "u=3", "u=7", "u=2"]);
  assert.deepEqual(order(peer), [2, 2, 2, 5, 5, 5, 1, 1, 1, 3, 3, 3, 0, 0, 0, 4, 4, 4]);
});

test("incremental responses of an urgency come in turn", async () => {
  const { peer } = await queued(["i", "u=3, i", "i=?1", "u=2,i"]);
  assert.deepEqual(order(peer), [3, 3, 3, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
});

test("a Priority field that is malformed, or out of range, is as none", async () => {
  const { peer } = await queued(["u=2", "u=8", "u=-1", "u=x", ";;", "u=1.5", "u", "i=?0", "U=0", "x=1, u=1"]);
  const expected = [9, 0, 1, 2, 3, 4, 5, 6, 7, 8];
  assert.deepEqual(order(peer).filter((_, i) => i % 3 === 0), expected);
});

test("PRIORITY_UPDATE changes the order, and what it leaves out is as none", async () => {
  const { peer } = await queued([null, null, "u=1, i", null]);
  update(peer, 3, "u=0");
  update(peer, 0, "u=6");
  update(peer, 2, "");
  assert.deepEqual(order(peer), [3, 3, 3, 1, 1, 1, 2, 2, 2, 0, 0, 0]);
});

test("PRIORITY_UPDATE within a response changes what is left of it", async () => {
  const { peer } = await queued([null, null]);
  peer.widen(0, 16_384);
  assert.deepEqual(peer.told(), ["DATA 3 16384"]);
  update(peer, 1, "u=2");
  assert.deepEqual(order(peer), [1, 1, 1, 0, 0]);
});

test("PRIORITY_UPDATE of a stream that is over is passed over", async () => {
  const { peer } = await queued([null]);
  peer.widen(0, 10_000_000);
  peer.read();
  update(peer, 0, "u=1");
  assert.deepEqual(peer.told(), []);
});

test("PRIORITY_UPDATE before its request holds for that, the last of them, as many as there may be streams", async () => {
  const { peer } = await queued([]);
  update(peer, 1, "u=0");
  update(peer, 0, "u=5");
  update(peer, 0, "u=2");
  for (let i = 100; i < 1_000; i++) update(peer, i, "u=0");
  for (const i of [0, 1, 2]) peer.get(3 + 2 * i, "/", ["priority", "u=1"]);
  peer.get(3 + 2 * 197, "/");
  peer.get(3 + 2 * 999, "/");
  peer.read();
  assert.deepEqual(order(peer).filter((_, i) => i % 3 === 0), [1, 197, 2, 0, 999]);
});

test("a stream whose own window is closed keeps no other from its turn", async () => {
  const connected = await connectHttp2(
    { exchange: (x) => x.respond(200, {}, new Uint8Array(LENGTH)) },
    { settings: [[SETTING.initialWindowSize, 100]] },
  );
  const { peer } = connected;
  peer.get(1, "/", ["priority", "u=0"]);
  peer.get(3, "/", ["priority", "u=7"]);
  peer.read();
  peer.widen(3, LENGTH);
  assert.deepEqual(peer.told(), ["DATA 3 16384", "DATA 3 16384", "DATA 3 16284 end"]);
  peer.widen(1, LENGTH);
  assert.equal(peer.told().length, 1, "what is left of the connection's window");
});

test("a small answer is not held up behind large ones of a lower urgency", async () => {
  const { peer } = await queued(["u=5", "u=5"], 1_000_000);
  peer.widen(0, 20_000);
  peer.read();
  peer.get(101, "/first", ["priority", "u=1"]);
  peer.widen(0, 16_384);
  assert.deepEqual(peer.told(), ["HEADERS 101 200", "DATA 101 16384"]);
});

test("PRIORITY_UPDATE before its request is kept of 256 requests, however many streams there may be", async () => {
  const { peer } = await queued([], LENGTH, { maxConcurrentStreams: 100_000 });
  for (let i = 0; i < 1_000; i++) update(peer, i, "u=0");
  for (const [i, priority] of [[255, "u=7"], [256, "u=5"], [1_000, "u=4"]] as const) {
    peer.get(3 + 2 * i, "/", ["priority", priority]);
  }
  peer.read();
  assert.deepEqual(order(peer).filter((_, i) => i % 3 === 0), [255, 1_000, 256]);
});
