/**
 * WebSockets on a stream of HTTP/2 (RFC 8441 §5), by a real client.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { test } from "node:test";
import { Deferred } from "../../src/core/deferred.ts";
import { concat } from "../support/bytes.ts";
import { inTime } from "../support/deadline.ts";
import {
  BINARY,
  CLOSE,
  closing,
  echo,
  frame,
  type Opened,
  serveWebSockets,
  TEXT,
} from "../support/web_sockets.ts";

const HANDSHAKE = {
  ":method": "CONNECT",
  ":protocol": "websocket",
  ":scheme": "http",
  ":path": "/chat?a=b",
  ":authority": "a.example",
  "sec-websocket-version": "13",
};

async function withClient(
  opening: Promise<Opened>,
  use: (client: ClientHttp2Session) => Promise<void>,
): Promise<void> {
  await using opened = await opening;
  const client = connect(`http://127.0.0.1:${opened.port}`);
  client.on("error", () => {});
  try {
    await inTime(once(client, "remoteSettings"), "SETTINGS");
    await inTime(use(client), "the test");
    assert.deepEqual(opened.errors, []);
  } finally {
    client.destroy();
  }
}

/** What a stream has received. */
class Received {
  #bytes = new Uint8Array(0);
  #more = new Deferred<void>();

  constructor(stream: ClientHttp2Stream) {
    stream.on("data", (chunk: Uint8Array) => {
      this.#bytes = concat([this.#bytes, chunk]);
      this.#more.resolve();
      this.#more = new Deferred();
    });
  }

  /** The next `count` bytes. */
  async next(count: number): Promise<Uint8Array> {
    while (this.#bytes.length < count) await this.#more.promise;
    const bytes = this.#bytes.slice(0, count);
    this.#bytes = this.#bytes.slice(count);
    return bytes;
  }
}

test("a WebSocket on a stream echoes, tells its URL and subprotocol, and closes", async () => {
  let socket!: WebSocket;
  const opened = serveWebSockets((one) => echo(socket = one), { protocol: "chat" }, { http2: true });
  await withClient(opened, async (client) => {
    const stream = client.request({ ...HANDSHAKE, "sec-websocket-protocol": "other, chat" }, {
      endStream: false,
    });
    const [headers] = await once(stream, "response");
    assert.equal(headers[":status"], 200);
    assert.equal(headers["sec-websocket-protocol"], "chat");
    assert.equal(headers["sec-websocket-accept"], undefined);
    const received = new Received(stream);
    assert.deepEqual([socket.url, socket.protocol], ["ws://a.example/chat?a=b", "chat"]);
    stream.write(frame({ opcode: TEXT, payload: "hello" }));
    assert.deepEqual([...await received.next(7)], [0x81, 5, ...new TextEncoder().encode("hello")]);
    const payload = new Uint8Array(300_000).fill(7);
    stream.write(frame({ opcode: BINARY, payload }));
    assert.deepEqual([...await received.next(10)], [0x82, 127, 0, 0, 0, 0, 0, 4, 0x93, 0xe0]);
    assert.ok((await received.next(payload.length)).every((byte) => byte === 7));
    stream.write(frame({ opcode: CLOSE, payload: closing(1000) }));
    assert.deepEqual([...await received.next(4)], [0x88, 2, 3, 0xe8]);
    stream.end();
    if (!stream.closed) await once(stream, "close");
  });
});

test("WebSockets on streams of one connection are apart from each other and from its requests", async () => {
  await withClient(serveWebSockets(echo, {}, { http2: true }), async (client) => {
    const streams = [1, 2, 3].map(() => client.request(HANDSHAKE, { endStream: false }));
    for (const [i, stream] of streams.entries()) stream.write(frame({ opcode: TEXT, payload: `${i}` }));
    for (const [i, stream] of streams.entries()) {
      assert.deepEqual([...await new Received(stream).next(3)], [0x81, 1, 0x30 + i]);
    }
  });
});

for (
  const [what, head, status] of [
    ["a GET", { ":path": "/" }, 405],
    ["another protocol", { ...HANDSHAKE, ":protocol": "chat" }, 405],
    ["another version", { ...HANDSHAKE, "sec-websocket-version": "8" }, 400],
    ["subprotocols that are no tokens", { ...HANDSHAKE, "sec-websocket-protocol": "a b" }, 400],
  ] as const
) {
  test(`upgradeWebSocket() answers ${what} over HTTP/2 with ${status}`, async () => {
    await withClient(serveWebSockets(() => {}, {}, { http2: true }), async (client) => {
      const stream = client.request(head);
      const [headers] = await once(stream, "response");
      assert.equal(headers[":status"], status);
      stream.resume();
    });
  });
}
