/**
 * The server's `WebSocket` as the HTML standard has it, with the clients that there are.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { assertSameBytes, patternBytes } from "../support/bytes.ts";
import { BINARY, CLIENTS, echo, FrameClient, next, serveWebSockets, TEXT } from "../support/web_sockets.ts";

for (const [kind, connect] of Object.entries(CLIENTS)) {
  test(`a WebSocket talks to the client of ${kind}`, async () => {
    let closed: Promise<CloseEvent> | undefined;
    await using opened = await serveWebSockets((socket) => {
      echo(socket);
      closed = next(socket, "close");
    }, { protocol: ["chat"] });
    const client = connect(opened.url, ["other", "chat"]);
    client.binaryType = "arraybuffer";
    await next(client, "open");
    assert.equal(client.protocol, "chat");
    for (const text of ["", "hello", "grün ☃ 𝄞", "x".repeat(70_000)]) {
      const answer = next(client, "message");
      client.send(text);
      assert.equal((await answer).data, text);
    }
    for (const length of [0, 1, 126, 65_536, 8 * 1024 * 1024]) {
      const answer = next(client, "message");
      client.send(patternBytes(length));
      assertSameBytes(new Uint8Array((await answer).data), patternBytes(length));
    }
    const end = next(client, "close");
    client.close(3001, "done");
    const { code, reason, wasClean } = await end;
    assert.deepEqual([code, reason, wasClean], [3001, "done", true]);
    const there = (await closed)!;
    assert.deepEqual([there.code, there.reason, there.wasClean], [3001, "done", true]);
  });

  test(`a WebSocket is closed by the server, and the client of ${kind} hears why`, async () => {
    await using opened = await serveWebSockets((socket) => {
      socket.onopen = () => {
        socket.send("last words");
        socket.close(1008, "not you");
        assert.equal(socket.readyState, 2);
        socket.send("too late");
        socket.close(4000); // the first one counts
      };
    });
    const client = connect(opened.url);
    const said: unknown[] = [];
    client.onmessage = ({ data }) => said.push(data);
    const { code, reason, wasClean } = await next(client, "close");
    assert.deepEqual([code, reason, wasClean], [1008, "not you", true]);
    assert.deepEqual(said, ["last words"]);
    assert.deepEqual(opened.errors, []);
  });
}

/** Opens one; answers with both ends. */
async function open(
  use: (socket: WebSocket) => void = () => {},
): Promise<{ socket: WebSocket; client: FrameClient } & AsyncDisposable> {
  let socket: WebSocket | undefined;
  let isOpen: Promise<Event> | undefined;
  const opened = await serveWebSockets((made) => {
    isOpen = next(socket = made, "open");
    use(made);
  });
  const client = await FrameClient.open(opened.port);
  await isOpen;
  return {
    socket: socket!,
    client,
    async [Symbol.asyncDispose]() {
      client.reset();
      await opened[Symbol.asyncDispose]();
    },
  };
}

test("a WebSocket is an EventTarget with the standard's members and no others", async () => {
  await using opened = await open();
  const { socket } = opened;
  assert.ok(socket instanceof EventTarget);
  if ("WebSocket" in globalThis) assert.ok(socket instanceof WebSocket);
  assert.equal(socket.readyState, 1);
  assert.equal(socket.binaryType, "blob");
  assert.equal(socket.protocol, "");
  assert.equal(socket.extensions, "");
  assert.equal(socket.bufferedAmount, 0);
  assert.deepEqual([socket.CONNECTING, socket.OPEN, socket.CLOSING, socket.CLOSED], [0, 1, 2, 3]);
  for (const name of ["onopen", "onmessage", "onerror", "onclose"] as const) {
    assert.equal(socket[name], null);
    socket[name] = "no function" as never;
    assert.equal(socket[name], null);
  }
  socket.binaryType = "nothing" as never;
  assert.equal(socket.binaryType, "blob");
  const own = Object.getOwnPropertyNames(Object.getPrototypeOf(socket)).sort();
  assert.deepEqual(own, [
    ...[
      "CLOSED",
      "CLOSING",
      "CONNECTING",
      "OPEN",
      "addEventListener",
      "binaryType",
      "bufferedAmount",
      "close",
    ],
    ...["constructor", "extensions", "onclose", "onerror", "onmessage", "onopen", "protocol", "readyState"],
    ...["removeEventListener", "send", "url"],
  ]);
  inspect(socket); // which some platforms have their own way of
});

test("a WebSocket cannot be sent to before it is open", async () => {
  let error: unknown;
  await using opened = await open((socket) => {
    try {
      socket.send("too soon");
    } catch (thrown) {
      error = thrown;
    }
  });
  assert.ok(error instanceof DOMException);
  assert.equal(error.name, "InvalidStateError");
  opened.socket.send("now");
  assert.equal((await opened.client.frame()).text, "now");
});

test("a WebSocket sends text, buffers, views and Blobs, as they are at the call, in order", async () => {
  await using opened = await open();
  const { socket, client } = opened;
  const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  socket.send("text");
  socket.send(bytes.buffer);
  socket.send(bytes.subarray(2, 4));
  socket.send(new Uint16Array(bytes.buffer, 2, 2));
  socket.send(new DataView(bytes.buffer, 7));
  bytes.fill(9);
  socket.send(new Blob(["a ", "blob"]));
  socket.send("behind it");
  socket.send(new Blob([]));
  socket.send(5 as unknown as string);
  socket.send("\ud800");
  const frames = [];
  for (let i = 0; i < 10; i++) frames.push(await client.frame());
  assert.deepEqual(
    frames.map(({ opcode, payload, text }) => [opcode, opcode === TEXT ? text : [...payload]]),
    [
      [TEXT, "text"],
      [BINARY, [1, 2, 3, 4, 5, 6, 7, 8]],
      [BINARY, [3, 4]],
      [BINARY, [3, 4, 5, 6]],
      [BINARY, [8]],
      [BINARY, [...new TextEncoder().encode("a blob")]],
      [TEXT, "behind it"],
      [BINARY, []],
      [TEXT, "5"],
      [TEXT, "\ufffd"],
    ],
  );
});

test("a WebSocket says farewell behind the Blobs that were sent before", async () => {
  await using opened = await open();
  const { socket, client } = opened;
  socket.send(new Blob(["x".repeat(100_000)]));
  socket.close(1000, "done");
  assert.equal((await client.frame()).payload.length, 100_000);
  assert.equal(await client.closeCode(), 1000);
});

test("a WebSocket gives binary messages as binaryType says at that time", async () => {
  await using opened = await open();
  const { socket, client } = opened;
  let message = next(socket, "message");
  await client.sendFrames({ opcode: BINARY, payload: "bytes" });
  const { data, type } = await message;
  assert.equal(type, "message");
  assert.ok(data instanceof Blob);
  assert.equal(await data.text(), "bytes");
  socket.binaryType = "arraybuffer";
  message = next(socket, "message");
  await client.sendFrames({ opcode: BINARY, payload: "bytes" });
  const buffer: unknown = (await message).data;
  assert.ok(buffer instanceof ArrayBuffer);
  assert.equal(new TextDecoder().decode(buffer), "bytes");
});

test("close() refuses codes that must not travel, and reasons that are too long", async () => {
  await using opened = await open();
  const { socket, client } = opened;
  for (const code of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, NaN]) {
    assert.throws(() => socket.close(code), { name: "InvalidAccessError" }, String(code));
  }
  assert.throws(() => socket.close(1000, "ü".repeat(62)), { name: "SyntaxError" });
  assert.equal(socket.readyState, 1);
  socket.close(undefined, "a reason alone");
  const { payload } = await client.frame();
  assert.equal(payload[0] * 256 + payload[1], 1000);
});

test("close() before open sends its code, and open does not follow", async () => {
  const events: string[] = [];
  let closed: Promise<unknown> | undefined;
  await using opened = await serveWebSockets((socket) => {
    for (const type of ["open", "message", "error", "close"]) {
      socket.addEventListener(type, () => events.push(type));
    }
    socket.close(1013, "later");
    assert.equal(socket.readyState, 2);
    closed = next(socket, "close");
  });
  using client = await FrameClient.open(opened.port);
  assert.equal(await client.closeCode(), 1013);
  await client.sendFrames({ opcode: 8, payload: Uint8Array.of(3, 245) });
  client.end();
  await client.assertEnd();
  await closed;
  assert.deepEqual(events, ["close"]);
  assert.deepEqual(opened.errors, []);
});

test("listeners are called in order, once each, and can be removed", async () => {
  const calls: string[] = [];
  const twice = (): void => void calls.push("twice added");
  const removed = (): void => void calls.push("removed");
  const object = { handleEvent: ({ type }: Event): void => void calls.push(`object ${type}`) };
  await using opened = await open((socket) => {
    socket.addEventListener("message", twice);
    socket.addEventListener("message", twice);
    socket.onmessage = () => void calls.push("never, as it is replaced");
    socket.addEventListener("message", object);
    socket.addEventListener("message", removed);
    socket.removeEventListener("message", removed);
    socket.addEventListener("message", () => void calls.push("once"), { once: true });
    socket.onmessage = function (this: WebSocket) {
      assert.equal(this, socket);
      calls.push("handler");
    };
  });
  const { socket, client } = opened;
  let message = next(socket, "message");
  await client.sendFrames({ opcode: TEXT, payload: "1" });
  await message;
  assert.deepEqual(calls.splice(0), ["twice added", "handler", "object message", "once"]);
  message = next(socket, "message");
  await client.sendFrames({ opcode: TEXT, payload: "2" });
  await message;
  assert.deepEqual(calls.splice(0), ["twice added", "handler", "object message"]);
});

test("what a listener throws is told to onError, and everything goes on", async () => {
  let closed: Promise<unknown> | undefined;
  await using opened = await serveWebSockets((socket) => {
    socket.onopen = () => {
      throw new Error("from open");
    };
    socket.addEventListener("message", () => {
      throw new Error("from message");
    });
    socket.addEventListener("message", async () => {
      await null;
      throw new Error("from an async one");
    });
    socket.addEventListener("message", {
      handleEvent() {
        throw new Error("from an object");
      },
    });
    socket.addEventListener("message", ({ data }) => socket.send(data));
    socket.onclose = () => {
      throw new Error("from close");
    };
    closed = next(socket, "close");
  });
  using client = await FrameClient.open(opened.port);
  for (const payload of ["1", "2"]) {
    await client.sendFrames({ opcode: TEXT, payload });
    assert.equal((await client.frame()).text, payload);
  }
  await client.sendFrames({ opcode: 8 });
  assert.equal(await client.closeCode(), 1005);
  client.end();
  await client.assertEnd();
  await closed;
  const of = ["from message", "from an object", "from an async one"];
  const told = opened.errors.map((error) => (error as Error).message);
  assert.deepEqual(told, ["from open", ...of, ...of, "from close"]);
});
