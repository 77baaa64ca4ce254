/** The connection preface and SETTINGS (RFC 9113 §3.4, §6.5). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import { echoTarget as exchange } from "../support/exchange_handlers.ts";
import {
  connectHttp2,
  FLAG,
  frame,
  Http2Client,
  PREFACE,
  request,
  SETTING,
  settingsPayload,
  uint32,
} from "../support/http2_client.ts";
import { connect, get, parseResponses } from "../support/memory.ts";

const SETTINGS = frame("SETTINGS", 0, 0);

test("the server answers the preface with SETTINGS, a larger window, and an acknowledgement", async () => {
  const { server } = await connectHttp2({
    exchange,
    http2: { maxConcurrentStreams: 7 },
    maxHeaderBytes: 5_000,
  });
  const transport = new MemoryTransport();
  server.accept(transport);
  const peer = new Http2Client(transport);
  peer.send(PREFACE, SETTINGS);
  const frames = peer.read();
  assert.deepEqual(frames[0].payload, settingsPayload([[3, 7], [8, 1], [9, 1], [6, 5_000]]));
  assert.deepEqual(frames.map(({ type }) => type), ["SETTINGS", "WINDOW_UPDATE", "SETTINGS"]);
  assert.deepEqual(frames[1].payload, uint32(2 * 2_097_152 - 65_535));
  assert.deepEqual([frames[2].flags, frames[2].payload.length], [FLAG.ack, 0]);
});

test("the server tells its SETTINGS before it has got the client's", async () => {
  const { server } = await connectHttp2({ exchange });
  const transport = new MemoryTransport();
  server.accept(transport);
  const peer = new Http2Client(transport);
  peer.send(PREFACE);
  assert.deepEqual(peer.told(), ["SETTINGS", `WINDOW_UPDATE 0 +${2 * 2_097_152 - 65_535}`]);
});

test("windows of any size that the options allow make no increment that the protocol does not", async () => {
  for (const maxWindowSize of [2 ** 30, 2 ** 31 - 1]) {
    const { server } = await connectHttp2({ exchange, http2: { maxWindowSize } });
    const transport = new MemoryTransport();
    server.accept(transport);
    const peer = new Http2Client(transport);
    peer.send(PREFACE);
    assert.deepEqual(peer.told(), ["SETTINGS", `WINDOW_UPDATE 0 +${2 ** 31 - 1 - 65_535}`]);
  }
});

test("INITIAL_WINDOW_SIZE is told where it is not the usual one", async () => {
  const { server } = await connectHttp2({ exchange, http2: { initialWindowSize: 200_000 } });
  const transport = new MemoryTransport();
  server.accept(transport);
  const peer = new Http2Client(transport);
  peer.send(PREFACE);
  assert.deepEqual(
    peer.read()[0].payload,
    settingsPayload([[3, 100], [8, 1], [9, 1], [4, 200_000], [6, 16_384]]),
  );
});

test("a preface that comes while HTTP/2 is being loaded is answered once it is", async () => {
  const { client, server } = connect({ exchange, http2: true });
  const peer = new Http2Client(client);
  peer.send(PREFACE, SETTINGS, peer.headers(1, request({ path: "/early" })));
  assert.deepEqual(peer.told(), []);
  await server.loaded;
  assert.deepEqual(peer.told().slice(2), ["SETTINGS ack", "HEADERS 1 200", 'DATA 1 "/early" end']);
});

test("HTTP/1.1 is answered on the same port, also where its first octets are those of a preface", async () => {
  const { client, server } = await connectHttp2({ exchange });
  assert.equal(client.closed, false);
  for (const method of ["GET", "POST", "PUT", "PRI", "PRIME"]) {
    const transport = new MemoryTransport();
    server.accept(transport);
    for (const octet of `${method} /x HTTP/1.1\r\nHost: a.example\r\n\r\n`) transport.send(octet);
    assert.deepEqual(parseResponses(transport.text()).map(({ status, body }) => [status, body]), [[
      200,
      "/x",
    ]]);
  }
});

test("Upgrade: h2c is not answered", async () => {
  const { server } = await connectHttp2({ exchange });
  const transport = new MemoryTransport();
  server.accept(transport);
  transport.send(
    get("/x", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"),
  );
  const [response] = parseResponses(transport.text());
  assert.deepEqual([response.status, response.body, response.headers.has("upgrade")], [200, "/x", false]);
});

test("a preface with a wrong octet is no HTTP/2", async () => {
  const { server } = await connectHttp2({ exchange });
  for (
    const wrong of [
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\t",
      "PRI * HTTP/2.0\r\n\r\nMS\r\n\r\n",
      "PRI / HTTP/2.0\r\n\r\n",
    ]
  ) {
    const transport = new MemoryTransport();
    server.accept(transport);
    transport.send(wrong);
    assert.match(transport.text(), /^HTTP\/1\.1 (400|505) /);
    assert.equal(transport.ended, true);
  }
});

test("without option http2 a preface is malformed HTTP/1.1", () => {
  const { client } = connect({ exchange });
  client.send(PREFACE);
  assert.match(client.text(), /^HTTP\/1\.1 (400|505) /);
  assert.equal(client.ended, true);
});

test("the first frame must be SETTINGS", async () => {
  const { server } = await connectHttp2({ exchange });
  const wrong = {
    PING: frame("PING", 0, 0, "12345678"),
    "SETTINGS with ACK": frame("SETTINGS", FLAG.ack, 0),
    HEADERS: new Http2Client(new MemoryTransport()).headers(1, request()),
  };
  for (const [name, bytes] of Object.entries(wrong)) {
    const transport = new MemoryTransport();
    const { facade } = server.accept(transport);
    const peer = new Http2Client(transport);
    peer.send(PREFACE, bytes);
    assert.deepEqual(peer.told().slice(2), ["GOAWAY 0 PROTOCOL_ERROR"], name);
    assert.equal(transport.ended, true);
    transport.sendEnd();
    assert.equal(await facade.closed, "protocol_error");
  }
});

test("SETTINGS are acknowledged in order, each once", async () => {
  const { peer } = await connectHttp2({ exchange });
  peer.send(SETTINGS, frame("PING", 0, 0, "12345678"), SETTINGS);
  assert.deepEqual(peer.told(), ["SETTINGS ack", "PING ack 12345678", "SETTINGS ack"]);
});

test("SETTINGS that are unknown, or of no matter, are taken", async () => {
  const { peer } = await connectHttp2({ exchange });
  const known: [number, number][] = [
    [SETTING.headerTableSize, 0],
    [SETTING.headerTableSize, 0xffff_ffff],
    [SETTING.enablePush, 0],
    [SETTING.enablePush, 1],
    [SETTING.maxConcurrentStreams, 0],
    [SETTING.initialWindowSize, 0x7fff_ffff],
    [SETTING.maxFrameSize, 16_384],
    [SETTING.maxFrameSize, 0xff_ffff],
    [SETTING.maxHeaderListSize, 0],
    [8, 1],
    [9, 0],
    [0xaaaa, 0xffff_ffff],
  ];
  peer.send(frame("SETTINGS", 0, 0, settingsPayload(known)));
  peer.get(1);
  assert.deepEqual(peer.told(), ["SETTINGS ack", "HEADERS 1 200", 'DATA 1 "/" end']);
});

const REFUSED: [name: string, bytes: Uint8Array, code: string][] = [
  ["ENABLE_PUSH of 2", frame("SETTINGS", 0, 0, settingsPayload([[2, 2]])), "PROTOCOL_ERROR"],
  [
    "INITIAL_WINDOW_SIZE of 2^31",
    frame("SETTINGS", 0, 0, settingsPayload([[4, 2 ** 31]])),
    "FLOW_CONTROL_ERROR",
  ],
  ["MAX_FRAME_SIZE of 0", frame("SETTINGS", 0, 0, settingsPayload([[5, 0]])), "PROTOCOL_ERROR"],
  ["MAX_FRAME_SIZE of 16383", frame("SETTINGS", 0, 0, settingsPayload([[5, 16_383]])), "PROTOCOL_ERROR"],
  ["MAX_FRAME_SIZE of 2^24", frame("SETTINGS", 0, 0, settingsPayload([[5, 2 ** 24]])), "PROTOCOL_ERROR"],
  ["ENABLE_CONNECT_PROTOCOL of 2", frame("SETTINGS", 0, 0, settingsPayload([[8, 2]])), "PROTOCOL_ERROR"],
  ["NO_RFC7540_PRIORITIES of 2", frame("SETTINGS", 0, 0, settingsPayload([[9, 2]])), "PROTOCOL_ERROR"],
  ["SETTINGS of 5 octets", frame("SETTINGS", 0, 0, new Uint8Array(5)), "FRAME_SIZE_ERROR"],
  [
    "an acknowledgement with a payload",
    frame("SETTINGS", FLAG.ack, 0, new Uint8Array(6)),
    "FRAME_SIZE_ERROR",
  ],
  ["SETTINGS on a stream", frame("SETTINGS", 0, 1), "PROTOCOL_ERROR"],
  [
    "SETTINGS with 33 entries",
    frame("SETTINGS", 0, 0, settingsPayload(new Array<[number, number]>(33).fill([0xaaaa, 0]))),
    "ENHANCE_YOUR_CALM",
  ],
];

for (const [name, bytes, code] of REFUSED) {
  test(`${name}: a connection error of ${code}`, async () => {
    const { peer, client, connection } = await connectHttp2({ exchange });
    peer.get(1);
    peer.read();
    peer.send(bytes, frame("PING", 0, 0, "12345678"));
    assert.deepEqual(peer.told(), [`GOAWAY 1 ${code}`]);
    assert.equal(client.ended, true);
    client.sendEnd();
    assert.equal(await connection.closed, "protocol_error");
  });
}

test("SETTINGS with 32 entries are taken", async () => {
  const { peer } = await connectHttp2({ exchange });
  peer.send(frame("SETTINGS", 0, 0, settingsPayload(new Array<[number, number]>(32).fill([0xaaaa, 0]))));
  assert.deepEqual(peer.told(), ["SETTINGS ack"]);
});
