/** Streams that are kept to be used again hold nothing of what they were used for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { upgradeWebSocket } from "../../websocket.ts";
import { countAlive } from "../support/garbage.ts";
import { connectHttp2, FLAG, visit } from "../support/http2_client.ts";
import { settled } from "../support/memory.ts";

const COUNT = 20;
/** Found on the stack by a collector that takes what looks like a reference for one. */
const CHANCE = 4;

test("connections that are closed are held by no stream", async () => {
  const refs: WeakRef<object>[] = [];
  const first = await connectHttp2({ exchange: (x) => x.bytes().then(() => x.respond(200)) });
  const visits = async (): Promise<void> => {
    const peers = Array.from({ length: COUNT }, () => visit(first));
    for (const peer of peers) peer.post(1); // each takes another stream
    for (const peer of peers) peer.data(1, "body", FLAG.end);
    await settled();
    for (const { transport } of peers) {
      transport.reset();
      refs.push(new WeakRef(transport));
    }
  };
  await visits();
  assert.ok(await countAlive(refs) <= CHANCE);
});

test("bodies that were read are held by no stream", async () => {
  const refs: WeakRef<object>[] = [];
  const { peer } = await connectHttp2({
    async exchange(x) {
      refs.push(new WeakRef((await x.bytes()).buffer));
      x.respond(200);
    },
  });
  for (let i = 0; i < COUNT; i++) peer.post(1 + 2 * i, "/", ["content-length", "10003"]);
  for (let i = 0; i < COUNT; i++) {
    peer.data(1 + 2 * i, new Uint8Array(10_000));
    peer.data(1 + 2 * i, "end", FLAG.end);
  }
  await settled();
  assert.equal(refs.length, COUNT);
  assert.ok(await countAlive(refs) <= CHANCE);
});

test("WebSockets that are closed are not held by their connection", async () => {
  const refs: WeakRef<object>[] = [];
  let closed = 0;
  const { peer, connection } = await connectHttp2({
    fetch(request) {
      const { socket, response } = upgradeWebSocket(request, { idleTimeout: 0 });
      socket.addEventListener("close", () => closed++);
      refs.push(new WeakRef(socket));
      return response;
    },
  });
  const turns = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve));
  };
  for (let id = 1; id <= 2 * COUNT; id += 2) {
    peer.send(peer.headers(id, [
      [":method", "CONNECT"],
      [":protocol", "websocket"],
      [":scheme", "http"],
      [":path", "/"],
      [":authority", "a.example"],
      ["sec-websocket-version", "13"],
    ], 0));
    await turns();
    peer.data(id, Uint8Array.of(0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8));
    await turns();
    peer.data(id, "", FLAG.end);
    await turns();
  }
  assert.deepEqual([closed, connection.state], [COUNT, "idle"]);
  assert.ok(await countAlive(refs) <= CHANCE);
});
