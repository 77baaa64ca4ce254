/** Tunnels through a stream (RFC 9113 §8.5, RFC 8441), frame by frame: windows, ends, resets, and streams used again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Upgraded } from "../../src/api/exchange.ts";
import {
  bodyOf,
  connectHttp2,
  FLAG,
  type Http2Client,
  type Http2Connected,
  SETTING,
} from "../support/http2_client.ts";
import type { Field } from "../support/hpack.ts";
import { settled } from "../support/memory.ts";

const CONNECT: Field[] = [
  [":method", "CONNECT"],
  [":protocol", "echo"],
  [":scheme", "http"],
  [":path", "/tunnel"],
  [":authority", "a.example"],
];

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

interface Tunnelled extends Http2Connected {
  readonly tunnels: Upgraded[];
}

/** A server that hands over CONNECT, answers POST with its body, and others at once. */
async function tunnelling(settings: [number, number][] = []): Promise<Tunnelled> {
  const tunnels: Upgraded[] = [];
  const connected = await connectHttp2({
    exchange(x) {
      if (x.method === "POST") return x.text().then((text) => x.respond(200, {}, text));
      if (x.method === "CONNECT") tunnels.push(x.upgrade());
      else x.respond(200);
      return undefined;
    },
  }, { settings });
  return { ...connected, tunnels };
}

function open(peer: Http2Client, stream: number): void {
  peer.send(peer.headers(stream, CONNECT, 0));
}

test("a tunnel carries octets both ways, and each side ends by itself", async () => {
  const { peer, tunnels, connection } = await tunnelling();
  open(peer, 1);
  assert.deepEqual(peer.told(), ["HEADERS 1 200"]);
  const [{ readable, writable }] = tunnels;
  const reader = readable.getReader();
  peer.data(1, "ping");
  assert.equal(text((await reader.read()).value!), "ping");
  const writer = writable.getWriter();
  await writer.write(bytes("pong"));
  await settled();
  assert.deepEqual(peer.told(), ['DATA 1 "pong"']);
  peer.data(1, "", FLAG.end);
  assert.equal((await reader.read()).done, true);
  assert.equal(connection.state, "active");
  await writer.write(bytes("after that"));
  await writer.close();
  await settled();
  assert.deepEqual(peer.told(), ['DATA 1 "after that"', 'DATA 1 "" end']);
  assert.equal(connection.state, "idle");
});

test("what a tunnel has received can be read after both sides have ended it", async () => {
  const { peer, tunnels } = await tunnelling();
  open(peer, 1);
  peer.data(1, "kept", FLAG.end);
  await tunnels[0].writable.getWriter().close();
  await settled();
  peer.read();
  peer.post(3);
  peer.data(3, "of another");
  const reader = tunnels[0].readable.getReader();
  const read = await reader.read();
  assert.equal(read.value === undefined ? "nothing" : text(read.value), "kept");
  assert.equal((await reader.read()).done, true);
  peer.data(3, " request", FLAG.end);
  await settled();
  assert.equal(bodyOf(peer.read(), 3), "of another request");
});

test("a tunnel that is over reaches into no request for which its stream is used again", async () => {
  const { peer, tunnels } = await tunnelling();
  open(peer, 1);
  peer.data(1, "", FLAG.end);
  const writer = tunnels[0].writable.getWriter();
  await writer.close();
  await settled();
  peer.read();
  peer.post(3);
  await tunnels[0].readable.cancel().catch(() => {});
  await writer.abort().catch(() => {});
  peer.data(3, "own", FLAG.end);
  await settled();
  assert.equal(bodyOf(peer.read(), 3), "own");
});

test("a reset of the client's fails both sides of a tunnel, and the connection lives on", async () => {
  const { peer, tunnels, connection } = await tunnelling();
  open(peer, 1);
  const reader = tunnels[0].readable.getReader();
  const writer = tunnels[0].writable.getWriter();
  peer.cancel(1);
  await assert.rejects(reader.read(), { code: "peer_gone" });
  await assert.rejects(writer.closed);
  peer.get(3);
  assert.deepEqual([peer.told(), connection.state], [["HEADERS 1 200", "HEADERS 3 200 end"], "idle"]);
});

test("a tunnel that is aborted resets its stream with CANCEL", async () => {
  const { peer, tunnels, connection } = await tunnelling();
  open(peer, 1);
  peer.read();
  await tunnels[0].writable.abort(new Error("enough"));
  await settled();
  assert.deepEqual([peer.told(), connection.state], [["RST_STREAM 1 CANCEL"], "idle"]);
});

test("windows hold for tunnels both ways", async () => {
  const { peer, tunnels } = await tunnelling([[SETTING.initialWindowSize, 3]]);
  open(peer, 1);
  const writer = tunnels[0].writable.getWriter();
  void writer.write(bytes("12345"));
  await settled();
  assert.deepEqual(peer.told(), ["HEADERS 1 200", 'DATA 1 "123"']);
  peer.widen(1, 5);
  await settled();
  assert.deepEqual(peer.told(), ['DATA 1 "45"']);
  for (let i = 0; i < 3; i++) peer.data(1, new Uint8Array(16_384));
  peer.data(1, new Uint8Array(16_383));
  assert.deepEqual(peer.told(), [], "nobody reads");
  peer.data(1, "x");
  assert.deepEqual(peer.told(), ["RST_STREAM 1 FLOW_CONTROL_ERROR"]);
});

test("a tunnel is under way when the connection is to end, and is waited for", async () => {
  const { peer, tunnels, connection, client } = await tunnelling();
  open(peer, 1);
  connection.shutdown();
  await settled();
  assert.deepEqual(peer.told(), ["HEADERS 1 200", "GOAWAY 2147483647 NO_ERROR", "PING goaway 1"]);
  peer.send("\0\0\x08\x06\x01\0\0\0\0goaway 1");
  assert.equal(client.ended, false);
  peer.data(1, "", FLAG.end);
  await tunnels[0].writable.getWriter().close();
  await settled();
  assert.equal(client.ended, true);
});

test("a tunnel that nobody uses any more takes no more of its client, whichever side was ended first", async () => {
  for (const first of ["readable", "writable"]) {
    const { peer, tunnels, connection, clock } = await tunnelling();
    open(peer, 1);
    const [{ readable, writable }] = tunnels;
    if (first === "readable") await readable.cancel();
    await writable.getWriter().close();
    if (first === "writable") await readable.cancel();
    await settled();
    assert.deepEqual(peer.told(), ["HEADERS 1 200", 'DATA 1 "" end']);
    for (let i = 0; i < 3; i++) peer.data(1, new Uint8Array(16_384));
    assert.deepEqual(peer.told(), [], "no more of the window");
    clock.advance(2_000);
    assert.deepEqual([peer.told(), connection.state], [["RST_STREAM 1 NO_ERROR"], "idle"]);
  }
});

test("a tunnel that is read on, but not written any more, has no deadline", async () => {
  const { peer, tunnels, clock } = await tunnelling();
  open(peer, 1);
  await tunnels[0].writable.getWriter().close();
  await settled();
  peer.read();
  clock.advance(3_600_000);
  peer.data(1, "late", FLAG.end);
  assert.deepEqual(peer.told(), []);
  assert.equal(text((await tunnels[0].readable.getReader().read()).value!), "late");
});

test("what tunnels have received keeps no upload waiting once they have ended", async () => {
  const { peer, tunnels } = await tunnelling();
  const full = new Uint8Array(16_383);
  let id = 1;
  for (; id < 400; id += 2) { // 12 MiB
    open(peer, id);
    for (let i = 0; i < 4; i++) peer.data(id, full, i === 3 ? FLAG.end : 0);
    await tunnels[0].writable.getWriter().close();
    await settled();
    tunnels.pop();
  }
  const given = peer.read().filter(({ type, stream }) => type === "WINDOW_UPDATE" && stream === 0).length;
  assert.ok(given > 10, `${given} times, each for a quarter of 4 MiB`);
});

test("a connection that is half-closed fails its tunnels' input, and ends", async () => {
  const { peer, tunnels, client, connection } = await tunnelling();
  open(peer, 1);
  const reading = tunnels[0].readable.getReader().read();
  client.sendEnd();
  await assert.rejects(reading, { code: "peer_gone" });
  await settled();
  assert.equal(connection.state, "closed");
});
