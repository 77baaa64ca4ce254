/**
 * The ends of WebSockets, clients that read nothing, and clients that are silent.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import net from "node:net";
import { test } from "node:test";
import { createServer, serve, type Server } from "../../mod.ts";
import { MemoryTransport } from "../../testing.ts";
import { upgradeWebSocket } from "../../websocket.ts";
import { concat } from "../support/bytes.ts";
import { inTime } from "../support/deadline.ts";
import { until } from "../support/until.ts";
import {
  BINARY,
  CLIENTS,
  CLOSE,
  closing,
  echo,
  frame,
  FrameClient,
  handshake,
  next,
  PING,
  PONG,
  serveWebSockets,
  TEXT,
} from "../support/web_sockets.ts";

for (const [kind, connect] of Object.entries(CLIENTS)) {
  test(`shutdown() closes WebSockets with 1001, and waits for the client of ${kind}`, async () => {
    const closed: Promise<CloseEvent>[] = [];
    const opened = await serveWebSockets((socket) => {
      echo(socket);
      closed.push(next(socket, "close"));
    });
    const clients = Array.from({ length: 10 }, () => connect(opened.url));
    await Promise.all(clients.map((client) => next(client, "open")));
    assert.equal(opened.server.stats().upgraded, 10);
    const ends = Promise.all(clients.map((client) => next(client, "close")));
    const report = await opened.server.shutdown({ timeout: 20_000 });
    assert.deepEqual([report.finished, report.forced], [10, 0]);
    for (const { code, reason } of await ends) {
      assert.deepEqual([code, reason], [1001, "the server is going away"]);
    }
    assert.deepEqual((await Promise.all(closed)).map(({ code }) => code), Array(10).fill(1001));
  });
}

test("a WebSocket that opens during a shutdown is closed with 1001", async () => {
  let go = (): void => {};
  const asked = new Promise<void>((resolve) => go = resolve);
  let upgrade = (): void => {};
  const mayUpgrade = new Promise<void>((resolve) => upgrade = resolve);
  const server = await serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      go();
      await mayUpgrade;
      return upgradeWebSocket(request).response;
    },
  });
  const socket = net.connect(Number(new URL(server.url).port), "127.0.0.1");
  socket.write(handshake());
  await asked;
  const shutdown = server.shutdown();
  upgrade();
  const parts: Uint8Array[] = [];
  socket.on("data", (part: Uint8Array) => parts.push(part));
  await until(() => Buffer.concat(parts).includes(closing(1001)), true, "the close frame");
  socket.destroy();
  assert.equal((await shutdown).forced, 0);
});

test("close() of the server ends WebSockets at once, with 1006", async () => {
  let closed: Promise<CloseEvent> | undefined;
  const opened = await serveWebSockets((socket) => closed = next(socket, "close"));
  using client = await FrameClient.open(opened.port);
  await opened.server.close();
  await client.assertOver();
  const { code, wasClean } = (await closed)!;
  assert.deepEqual([code, wasClean], [1006, false]);
});

for (
  const [how, leave] of [
    ["resets", (client: FrameClient) => client.reset()],
    ["half-closes", (client: FrameClient) => client.end()],
  ] as const
) {
  test(`a client that ${how} without a close frame gives close with 1006`, async () => {
    let socket: WebSocket | undefined;
    let closed: Promise<CloseEvent> | undefined;
    const opened = await serveWebSockets((made) => {
      socket = made;
      closed = next(made, "close");
    });
    using client = await FrameClient.open(opened.port);
    await client.sendFrames({ opcode: TEXT, payload: "half a message", fin: false });
    leave(client);
    const { code, reason, wasClean } = (await closed)!;
    assert.deepEqual([code, reason, wasClean], [1006, "", false]);
    assert.equal(socket!.readyState, 3);
    socket!.send("to nobody");
    socket!.close();
    assert.ok(socket!.bufferedAmount >= "to nobody".length);
    await inTime(opened.server.shutdown({ idleGrace: 0 }), "the end of the server");
    assert.deepEqual(opened.errors, []);
  });
}

test("bufferedAmount grows for a client that reads nothing, and falls to 0 as it reads", async () => {
  let socket: WebSocket | undefined;
  await using opened = await serveWebSockets((made) => socket = made);
  using client = await FrameClient.open(opened.port);
  const count = 1000;
  const payload = new Uint8Array(64 * 1024);
  for (let i = 0; i < count; i++) socket!.send(payload);
  const sent = count * payload.length;
  // The system takes some megabytes, on whatever way they leave.
  assert.ok(socket!.bufferedAmount > sent / 2, `${socket!.bufferedAmount} of ${sent}`);
  assert.ok(socket!.bufferedAmount <= sent + count * 10, "and no more than there is, with its framing");
  for (let i = 0; i < count; i++) assert.equal((await client.frame()).payload.length, payload.length);
  await until(() => socket!.bufferedAmount, 0, "bufferedAmount");
});

test("bufferedAmount counts a little, too, that a client does not take", async () => {
  let socket: WebSocket | undefined;
  const server = createServer({
    fetch(request) {
      const upgrade = upgradeWebSocket(request);
      socket = upgrade.socket;
      return upgrade.response;
    },
  });
  const client = new MemoryTransport();
  server.accept(client);
  client.send(handshake());
  await until(() => socket?.readyState, 1, "its state");
  await until(() => socket!.bufferedAmount, 0, "what is left of the handshake");
  client.takesWrites = false;
  socket!.send("x".repeat(100));
  await until(() => socket!.bufferedAmount, 102, "what waits, with its framing");
  socket!.send("x".repeat(200_000));
  await until(() => socket!.bufferedAmount >= 200_000, true, "more");
  client.drain();
  client.takesWrites = true;
  client.drain();
  await until(() => socket!.bufferedAmount, 0, "what waits then");
  await server.close();
});

test("a silent client is sent a ping, and one that answers it stays", async () => {
  let socket: WebSocket | undefined;
  await using opened = await serveWebSockets((made) => echo(socket = made), { idleTimeout: 0.2 });
  using client = await FrameClient.open(opened.port);
  for (let i = 0; i < 5; i++) {
    const { opcode, payload } = await client.frame();
    assert.equal(opcode, PING);
    await client.sendFrames({ opcode: PONG, payload });
  }
  assert.equal(socket!.readyState, 1);
});

test("a client that answers no ping is given up: error, and close with 1006", async () => {
  const events: string[] = [];
  let closed: Promise<CloseEvent> | undefined;
  await using opened = await serveWebSockets((socket) => {
    socket.onerror = (event) => events.push((event as ErrorEvent).message);
    closed = next(socket, "close");
  }, { idleTimeout: 0.2 });
  using client = await FrameClient.open(opened.port);
  assert.equal((await client.frame()).opcode, PING);
  assert.equal((await closed)!.code, 1006);
  assert.equal(events.length, 1);
  assert.match(events[0], /idleTimeout/);
  await client.assertOver();
});

test("idleTimeout 0 sends no ping", async () => {
  await using opened = await serveWebSockets(echo, { idleTimeout: 0 });
  using client = await FrameClient.open(opened.port);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await client.sendFrames({ opcode: TEXT, payload: "first" });
  assert.equal((await client.frame()).text, "first");
});

/** A WebSocket in memory, whose client takes nothing from now on. */
async function blocked(
  server: Server,
  sockets: readonly WebSocket[],
): Promise<{ client: MemoryTransport; socket: WebSocket }> {
  const client = new MemoryTransport();
  server.accept(client);
  client.send(handshake());
  const socket = sockets.at(-1)!;
  await until(() => client.text().endsWith("\r\n\r\n"), true, "the answer to the handshake");
  client.takesWrites = false;
  return { client, socket };
}

for (const kept of ["by a client that does not read", "by a Blob that is slow to read"] as const) {
  test(`a client that sends on is not read from while its answers are kept ${kept}`, async () => {
    const sockets: WebSocket[] = [];
    const isSlow = kept.includes("Blob");
    let heard = 0;
    let read = (): void => {};
    const mayRead = new Promise<void>((resolve) => read = resolve);
    const blob = Object.assign(new Blob([new Uint8Array(1024)]), {
      arrayBuffer: async () => (await mayRead, new ArrayBuffer(1024)),
    });
    await using opened = await serveWebSockets((socket) => {
      const isOther = sockets.push(socket) > 1;
      socket.binaryType = "arraybuffer";
      socket.onmessage = ({ data }) => {
        heard++;
        socket.send(isSlow && !isOther ? blob : data);
      };
    });
    const { client, socket } = await blocked(opened.server, sockets);
    client.takesWrites = isSlow;
    const messages = 64;
    const chunk = concat(Array(messages).fill(frame({ opcode: BINARY, payload: new Uint8Array(1024) })));
    using other = await FrameClient.open(opened.port);
    // Rounds enough for all to be answered, if they would be.
    const rounds = 200;
    let sent = 0;
    for (let i = 0; i < rounds; i++) {
      if (!client.paused) {
        client.send(chunk);
        sent++;
      }
      await other.sendFrames({ opcode: TEXT, payload: `${i}` });
      assert.equal((await other.frame()).text, `${i}`);
    }
    assert.ok(sent < 20, `${sent} chunks were taken`);
    assert.ok(socket.bufferedAmount < 20 * chunk.length, `${socket.bufferedAmount} bytes wait`);
    client.drain();
    read();
    await until(() => heard, rounds + sent * messages, "messages that were heard");
    await until(() => socket.bufferedAmount, 0, "what waits then");
  });
}

test("a client that does not take what it was sent is not taken for a silent one", async () => {
  const sockets: WebSocket[] = [];
  await using opened = await serveWebSockets((socket) => void sockets.push(socket), { idleTimeout: 0.2 });
  const { client, socket } = await blocked(opened.server, sockets);
  socket.send(new Uint8Array(1024 * 1024));
  using silent = await FrameClient.open(opened.port);
  await next(sockets.at(-1)!, "close"); // whose time has ended later
  assert.equal(socket.readyState, 1);
  silent.reset();
  // It is a silent one when it takes everything, and says nothing.
  const closed = next(socket, "close");
  client.drain();
  assert.equal((await closed).code, 1006);
});

test("bufferedAmount is 0 in open, as no message was sent", async () => {
  let amounts: number[] = [];
  await using opened = await serveWebSockets((socket) => {
    socket.onopen = () => {
      amounts = [socket.bufferedAmount];
      socket.send("x".repeat(100));
      amounts.push(socket.bufferedAmount);
    };
  });
  using client = await FrameClient.open(opened.port);
  assert.equal((await client.frame()).payload.length, 100);
  assert.deepEqual(amounts, [0, 102]);
});

for (const [how, closeFrame] of [["reset", 0], ["close() of the server", 28]] as const) {
  test(`bufferedAmount keeps what did not leave when the client is gone (${how}), and grows by what is sent then`, async () => {
    const sockets: WebSocket[] = [];
    await using opened = await serveWebSockets((socket) => void sockets.push(socket));
    const { client, socket } = await blocked(opened.server, sockets);
    const count = 50;
    const payload = new Uint8Array(64 * 1024);
    for (let i = 0; i < count; i++) socket.send(payload);
    const sent = socket.bufferedAmount;
    assert.equal(sent, count * (payload.length + 10));
    const closed = next(socket, "close");
    if (how === "reset") client.reset();
    else await opened.server.close();
    await closed;
    assert.equal(socket.bufferedAmount, sent + closeFrame);
    socket.send("too late");
    assert.equal(socket.bufferedAmount, sent + closeFrame + 8);
  });
}

test("bufferedAmount is 0 after a WebSocket that was closed well", async () => {
  const sockets: WebSocket[] = [];
  await using opened = await serveWebSockets((socket) => void sockets.push(socket));
  using client = await FrameClient.open(opened.port);
  const closed = next(sockets[0], "close");
  sockets[0].send("x".repeat(1000));
  sockets[0].close(1000);
  assert.equal((await client.frame()).payload.length, 1000);
  assert.equal(await client.closeCode(), 1000);
  await client.sendFrames({ opcode: CLOSE, payload: closing(1000) });
  client.end();
  await closed;
  assert.equal(sockets[0].bufferedAmount, 0);
});
