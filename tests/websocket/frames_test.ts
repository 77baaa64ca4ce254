/**
 * Frames as clients may send them, and as they may not (RFC 6455 §5, §7; the cases of the Autobahn test suite by kind).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connectTcp } from "../support/byte_streams.ts";
import { patternBytes } from "../support/bytes.ts";
import {
  BINARY,
  CLOSE,
  closing,
  CONTINUATION,
  echo,
  type Frame,
  frame,
  FrameClient,
  handshake,
  next,
  PING,
  PONG,
  serveWebSockets,
  TEXT,
} from "../support/web_sockets.ts";

test("a WebSocket takes messages of all lengths at which the frame changes", async () => {
  await using opened = await serveWebSockets(echo);
  using client = await FrameClient.open(opened.port);
  for (const length of [0, 1, 125, 126, 127, 128, 65_535, 65_536, 1 << 20]) {
    const text = "*".repeat(length);
    await client.sendFrames({ opcode: TEXT, payload: text });
    const said = await client.frame();
    assert.deepEqual([said.opcode, said.text.length], [TEXT, length]);
    assert.ok(said.text === text);
    const payload = patternBytes(length);
    await client.sendFrames({ opcode: BINARY, payload });
    const sent = await client.frame();
    assert.deepEqual([sent.opcode, sent.payload.length], [BINARY, length]);
    assert.ok(sent.payload.every((byte, i) => byte === payload[i]));
  }
});

test("a WebSocket takes frames byte by byte, and many in one piece", async () => {
  await using opened = await serveWebSockets(echo);
  using client = await FrameClient.open(opened.port);
  for (const byte of frame({ opcode: TEXT, payload: "byte by byte" })) await client.send(Uint8Array.of(byte));
  assert.equal((await client.frame()).text, "byte by byte");
  const frames = Array.from({ length: 500 }, (_, i): Frame => ({ opcode: TEXT, payload: `message ${i}` }));
  await client.sendFrames(...frames);
  for (const { payload } of frames) assert.equal((await client.frame()).text, payload);
});

test("a WebSocket takes fragments, with control frames between, and text that is split within a character", async () => {
  await using opened = await serveWebSockets(echo);
  using client = await FrameClient.open(opened.port);
  const bytes = new TextEncoder().encode("grün ☃ 𝄞");
  const parts = Array.from(bytes, (_, i): Frame => ({
    opcode: i === 0 ? TEXT : CONTINUATION,
    payload: bytes.subarray(i, i + 1),
    fin: i === bytes.length - 1,
  }));
  await client.sendFrames(...parts);
  assert.equal((await client.frame()).text, "grün ☃ 𝄞");
  await client.sendFrames(
    { opcode: BINARY, payload: "in ", fin: false },
    { opcode: PING, payload: "between" },
    { opcode: CONTINUATION, payload: "", fin: false },
    { opcode: PONG, payload: "that nobody asked for" },
    { opcode: CONTINUATION, payload: "parts" },
  );
  const answers = [await client.frame(), await client.frame()];
  const pong = answers.find(({ opcode }) => opcode === PONG)!;
  assert.equal(pong.text, "between");
  assert.equal(answers.find(({ opcode }) => opcode === BINARY)!.text, "in parts");
});

test("a WebSocket answers pings of all lengths", async () => {
  await using opened = await serveWebSockets(echo);
  using client = await FrameClient.open(opened.port);
  for (const length of [0, 1, 125]) {
    await client.sendFrames({ opcode: PING, payload: "p".repeat(length) });
    const { opcode, text } = await client.frame();
    assert.deepEqual([opcode, text], [PONG, "p".repeat(length)]);
  }
});

/** Frames that break the protocol, and the code that the server closes with. */
const VIOLATIONS: [what: string, code: number, ...frames: Frame[]][] = [
  ["a frame without a mask", 1002, { opcode: TEXT, payload: "a", masked: false }],
  ["RSV1 without an extension", 1002, { opcode: TEXT, payload: "a", rsv: 4 }],
  ["RSV2", 1002, { opcode: TEXT, payload: "a", rsv: 2 }],
  ["RSV3", 1002, { opcode: BINARY, payload: "a", rsv: 1 }],
  ["an opcode of data that is none", 1002, { opcode: 3 }],
  ["an opcode of control that is none", 1002, { opcode: 11 }],
  ["nothing to continue", 1002, { opcode: CONTINUATION, payload: "a" }],
  ["a message inside of another", 1002, { opcode: TEXT, fin: false }, { opcode: TEXT }],
  ["a ping in fragments", 1002, { opcode: PING, fin: false }],
  ["a ping that is too long", 1002, { opcode: PING, payload: "p".repeat(126) }],
  ["half a close code", 1002, { opcode: CLOSE, payload: Uint8Array.of(3) }],
  ...[0, 999, 1004, 1005, 1006, 1015, 2999, 5000].map((
    code,
  ): [string, number, Frame] => [`the close code ${code}`, 1002, { opcode: CLOSE, payload: closing(code) }]),
  ["text that is not UTF-8", 1007, { opcode: TEXT, payload: Uint8Array.of(0xce, 0xff) }],
  ["a surrogate in text", 1007, { opcode: TEXT, payload: Uint8Array.of(0xed, 0xa0, 0x80) }],
  [
    "a reason that is not UTF-8",
    1007,
    { opcode: CLOSE, payload: Uint8Array.of(0x03, 0xe8, 0xff) },
  ],
  ["a message that is too long", 1009, { opcode: BINARY, payload: new Uint8Array(65_537) }],
  [
    "fragments that are too long",
    1009,
    { opcode: BINARY, payload: new Uint8Array(40_000), fin: false },
    { opcode: CONTINUATION, payload: new Uint8Array(40_000) },
  ],
];

test("a WebSocket closes on what breaks the protocol, and tells by error and close", async () => {
  const events: string[] = [];
  let closed: Promise<unknown> | undefined;
  await using opened = await serveWebSockets((socket) => {
    socket.onerror = (event) => events.push(`error ${(event as ErrorEvent).message !== ""}`);
    socket.onclose = ({ code, wasClean }) => events.push(`close ${code} ${wasClean}`);
    socket.onmessage = () => events.push("message");
    closed = next(socket, "close");
  }, { maxPayload: 65_536 });
  for (const [what, code, ...frames] of VIOLATIONS) {
    using client = await FrameClient.open(opened.port);
    await client.sendFrames(...frames);
    assert.equal(await client.closeCode(), code, what);
    client.end();
    await client.assertEnd();
    await closed;
    assert.deepEqual(events.splice(0), ["error true", "close 1006 false"], what);
  }
  assert.deepEqual(opened.errors, []);
});

test("a WebSocket answers the close codes that clients may send, and tells code and reason", async () => {
  let closed: Promise<CloseEvent> | undefined;
  await using opened = await serveWebSockets((socket) => closed = next(socket, "close"));
  const sent: [payload: Uint8Array, code: number, reason: string][] = [
    [new Uint8Array(0), 1005, ""],
    ...[1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999].map((
      code,
    ): [Uint8Array, number, string] => [closing(code), code, ""]),
    [closing(1000, "grün"), 1000, "grün"],
    [closing(4000, "r".repeat(123)), 4000, "r".repeat(123)],
  ];
  for (const [payload, code, reason] of sent) {
    using client = await FrameClient.open(opened.port);
    await client.sendFrames({ opcode: CLOSE, payload });
    assert.equal(await client.closeCode(), code);
    client.end();
    await client.assertEnd(); // the server ends the connection once both have said so
    const event = (await closed)!;
    assert.deepEqual([event.code, event.reason, event.wasClean], [code, reason, true]);
  }
});

test("a WebSocket takes no message behind a close", async () => {
  const messages: unknown[] = [];
  await using opened = await serveWebSockets((socket) =>
    socket.onmessage = ({ data }) => messages.push(data)
  );
  using client = await FrameClient.open(opened.port);
  await client.sendFrames(
    { opcode: TEXT, payload: "before" },
    { opcode: CLOSE, payload: closing(1000) },
    { opcode: TEXT, payload: "behind" },
  );
  assert.equal(await client.closeCode(), 1000);
  client.end();
  await client.assertOver();
  assert.deepEqual(messages, ["before"]);
});

test("a WebSocket has what was sent together with the handshake", async () => {
  await using opened = await serveWebSockets(echo);
  using client = new FrameClient(await connectTcp(opened.port));
  await client.send(handshake(), frame({ opcode: TEXT, payload: "at once" }));
  assert.match(await client.readUntil("\r\n\r\n"), /^HTTP\/1\.1 101 /);
  assert.equal((await client.frame()).text, "at once");
});
