/**
 * The WebSocket example in a process of its own, with real clients: the runtime's own WebSocket, where it has
 * one, and the `ws` package's.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import test from "node:test";
import ws from "ws";
import { assertSameBytes, concat, patternBytes } from "../support/bytes.ts";
import { inTime } from "../support/deadline.ts";
import { type Example, startExample } from "../support/example.ts";

/** What is used of a WebSocket, which all clients here have. */
interface Client {
  binaryType: string;
  readonly readyState: number;
  send(data: string | Uint8Array): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { code: number; reason: string }) => void): void;
  addEventListener(type: "open" | "error", listener: () => void): void;
}

const CLIENTS: Record<string, (url: string) => Client> = {
  "ws": (url) => new ws(url) as unknown as Client,
  ..."WebSocket" in globalThis &&
    { "the runtime's WebSocket": (url: string) => new WebSocket(url) as unknown as Client },
};

/** A client that keeps what comes until it is asked for. */
class Chat {
  readonly client: Client;
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly opened: Promise<void>;
  readonly #came: (string | Uint8Array)[] = [];
  #wake: () => void = () => {};

  constructor(client: Client) {
    this.client = client;
    client.binaryType = "arraybuffer";
    this.opened = new Promise((resolve, reject) => {
      client.addEventListener("open", resolve);
      client.addEventListener("error", () => reject(new Error("the WebSocket failed")));
    });
    this.opened.catch(() => {});
    this.closed = new Promise((resolve) => client.addEventListener("close", resolve));
    client.addEventListener("message", ({ data }) => {
      this.#came.push(typeof data === "string" ? data : new Uint8Array(data as ArrayBuffer));
      this.#wake();
    });
  }

  async next(): Promise<string | Uint8Array> {
    while (this.#came.length === 0) {
      await inTime(new Promise<void>((resolve) => this.#wake = resolve), "the next message");
    }
    return this.#came.shift()!;
  }
}

async function open(make: (url: string) => Client, example: Example): Promise<Chat> {
  const chat = new Chat(make(example.url("/").replace("http", "ws")));
  await inTime(chat.opened, "the opening of the WebSocket");
  return chat;
}

/** Registers the tests for one example. */
function examples(name: string): void {
  for (const [kind, make] of Object.entries(CLIENTS)) {
    test(`examples/${name} echoes what ${kind} sends, and closes`, async () => {
      await using example = await startExample(name);
      const chat = await open(make, example);
      for (const text of ["hello", "", "grün ☃ 𝄞", "x".repeat(125), "y".repeat(126), "z".repeat(65_536)]) {
        chat.client.send(text);
        assert.equal(await chat.next(), text);
      }
      for (const length of [0, 1, 125, 126, 65_535, 65_536, 1024 * 1024]) {
        const bytes = patternBytes(length);
        chat.client.send(bytes);
        assertSameBytes(await chat.next() as Uint8Array, bytes);
      }
      for (let i = 0; i < 1000; i++) chat.client.send(`message ${i}`);
      for (let i = 0; i < 1000; i++) assert.equal(await chat.next(), `message ${i}`);
      chat.client.close(3001, "done");
      const { code, reason } = await inTime(chat.closed, "the close");
      assert.deepEqual([code, reason], [3001, "done"]);
      await example.stop();
      assert.match(example.log, /closed with 3001: done/);
    });

    test(`examples/${name} serves many of ${kind} at once, and closes them when it ends`, async () => {
      await using example = await startExample(name);
      const chats = await Promise.all(Array.from({ length: 50 }, () => open(make, example)));
      for (let round = 0; round < 10; round++) {
        chats.forEach(({ client }, i) => client.send(`${round} of ${i}`));
        for (const [i, chat] of chats.entries()) assert.equal(await chat.next(), `${round} of ${i}`);
      }
      const closes = Promise.all(chats.map(({ closed }) => closed));
      await example.stop(); // which sees to it that nobody was cut off
      for (const { code, reason } of await inTime(closes, "the closes")) {
        assert.deepEqual([code, reason], [1001, "the server is going away"]);
      }
      assert.equal(example.log.match(/closed with 1001/g)?.length, 50);
      assert.match(example.log, /Connections: 50 finished, 0 were idle, 0 were cut off/);
    });
  }

  test(`examples/${name} answers pings, and takes fragments`, async () => {
    await using example = await startExample(name);
    const client = new ws(example.url("/").replace("http", "ws"), { perMessageDeflate: false });
    const chat = new Chat(client as unknown as Client);
    await inTime(chat.opened, "the opening");
    const pong = once(client, "pong");
    client.ping("are you there");
    assert.equal(String((await inTime(pong, "the pong"))[0]), "are you there");
    client.send("in ", { fin: false });
    client.send("three ", { fin: false });
    client.ping();
    client.send("parts", { fin: true });
    assert.equal(await chat.next(), "in three parts");
    client.close();
    assert.equal((await inTime(chat.closed, "the close")).code, 1005);
    await example.stop();
  });

  test(`examples/${name} goes on when a client breaks`, async () => {
    await using example = await startExample(name);
    for (let i = 0; i < 10; i++) {
      const client = new ws(example.url("/").replace("http", "ws"));
      client.on("error", () => {});
      await inTime(once(client, "open"), "the opening");
      if (i % 2 === 0) client.send("x".repeat(100_000));
      client.terminate();
    }
    const chat = await open(CLIENTS.ws, example);
    chat.client.send("still here");
    assert.equal(await chat.next(), "still here");
    chat.client.close(1000);
    await inTime(chat.closed, "the close");
    await example.stop();
  });

  test(`examples/${name} refuses what is no WebSocket`, async () => {
    await using example = await startExample(name);
    const response = await fetch(example.url("/"));
    assert.equal(response.status, 426);
    assert.equal(response.headers.get("upgrade"), "websocket");
    await response.body?.cancel();
    await example.stop();
  });

  const violations: [what: string, code: number, frames: number[]][] = [
    ["a frame without a mask", 1002, [0x81, 0x01, 0x61]],
    ["a bit of an extension", 1002, [0xf1, 0x80, 0, 0, 0, 0]],
    ["an unknown opcode", 1002, [0x83, 0x80, 0, 0, 0, 0]],
    ["an unknown control frame", 1002, [0x8b, 0x80, 0, 0, 0, 0]],
    ["nothing to continue", 1002, [0x80, 0x80, 0, 0, 0, 0]],
    ["a message inside of another", 1002, [0x01, 0x80, 0, 0, 0, 0, 0x81, 0x80, 0, 0, 0, 0]],
    ["a ping in fragments", 1002, [0x09, 0x80, 0, 0, 0, 0]],
    ["text that is not UTF-8", 1007, [0x81, 0x81, 0, 0, 0, 0, 0xff]],
    ["a message that is too long", 1009, [0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]],
    ["half a close code", 1002, [0x88, 0x81, 0, 0, 0, 0, 3]],
    ["a close code that must not travel", 1002, [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xee]],
  ];
  test(`examples/${name} closes on what breaks the protocol, sent right behind the handshake`, async () => {
    await using example = await startExample(name);
    const handshake = "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    for (const [what, code, frames] of violations) {
      const socket = net.connect(example.port, "127.0.0.1");
      socket.write(concat([handshake, Uint8Array.from(frames)]));
      const parts: Uint8Array[] = [];
      socket.on("data", (part: Uint8Array) => parts.push(part));
      socket.on("error", () => {});
      await inTime(once(socket, "close"), what);
      const got = concat(parts);
      const headEnd = got.findIndex((_, i) => got[i] === 0x0a && got[i - 2] === 0x0a) + 1;
      const head = new TextDecoder().decode(got.subarray(0, headEnd));
      assert.match(head, /^HTTP\/1\.1 101 /);
      assert.match(head, /sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/i); // RFC 6455 §1.3
      const frame = got.subarray(headEnd);
      assert.equal(frame[0], 0x88, what);
      assert.equal(frame[2] * 256 + frame[3], code, what);
    }
    await example.stop();
  });
}

examples("websocket");
