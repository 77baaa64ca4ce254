/** What our windows allow of request bodies (RFC 9113 §5.2, §6.9), and how they are given back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../../src/api/exchange.ts";
import {
  bodyOf,
  connectHttp2,
  FLAG,
  frame,
  Http2Client,
  type Http2Connected,
  PREFACE,
} from "../support/http2_client.ts";
import { connect, settled } from "../support/memory.ts";

const FRAME = new Uint8Array(16_384);

/** The window of the connection that is given back, and that of `stream`, in what the server has sent. */
function given(peer: Http2Client, stream: number): [connection: number, stream: number] {
  const sums: [number, number] = [0, 0];
  for (const text of peer.told()) {
    const match = /^WINDOW_UPDATE (\d+) \+(\d+)$/.exec(text);
    assert.ok(match !== null, text);
    sums[match[1] === "0" ? 0 : 1] += Number(match[2]);
    assert.ok(["0", String(stream)].includes(match[1]));
  }
  return sums;
}

async function collecting(options = {}): Promise<Http2Connected & { read: () => Promise<string> }> {
  let body!: Promise<string>;
  const connected = await connectHttp2({
    ...options,
    exchange: (x: Exchange) => (body = x.text()).then((text) => x.respond(200, {}, text)).catch(() => {}),
  });
  return { ...connected, read: () => body };
}

test("more DATA than the stream's window allows is a stream error of FLOW_CONTROL_ERROR", async () => {
  const { peer, connection } = await connectHttp2({ exchange: () => {} });
  peer.post(1);
  for (let i = 0; i < 3; i++) peer.data(1, FRAME);
  peer.data(1, FRAME.subarray(1));
  assert.deepEqual(peer.told(), [], "that is all of it");
  peer.post(3);
  peer.data(1, "x");
  assert.deepEqual(peer.told(), ["RST_STREAM 1 FLOW_CONTROL_ERROR"]);
  assert.equal(connection.state, "active");
});

test("padding counts for the windows, and is given back at once", async () => {
  const { peer } = await connectHttp2({ exchange: () => {} });
  peer.post(1);
  for (let i = 0; i < 300; i++) peer.data(1, `\xffx${"\0".repeat(255)}`, FLAG.padded);
  const [, stream] = given(peer, 1);
  assert.ok(stream >= 49_152, `${stream}`);
});

test("more DATA than the connection's window allows is a connection error of FLOW_CONTROL_ERROR", async () => {
  const { peer } = await connectHttp2({
    exchange: () => {},
    http2: { maxConcurrentStreams: 1_000, maxWindowSize: 65_535 },
  });
  // Nobody reads, and more than 4 MiB are not kept.
  let window = 2 * 65_535 + 65_535 - 65_535;
  let sent = 0;
  for (let id = 1; id < 400 && window >= 65_535; id += 2) {
    peer.post(id);
    for (let i = 0; i < 3; i++) peer.data(id, FRAME);
    peer.data(id, FRAME.subarray(1));
    sent += 65_535;
    window += given(peer, id)[0] - 65_535;
  }
  assert.ok(sent > 4 * 1024 * 1024 && sent < 5 * 1024 * 1024, `${sent}`);
  peer.post(999);
  for (let i = 0; i < 8; i++) peer.data(999, FRAME.subarray(1));
  assert.match(peer.told().at(-1)!, /^GOAWAY 999 FLOW_CONTROL_ERROR$/);
});

test("a stream's window is given back as its reader takes it, and not before", async () => {
  let x!: Exchange;
  const { peer } = await connectHttp2({
    http2: { maxWindowSize: 65_535 },
    exchange: (given) => void (x = given),
  });
  peer.post(1);
  for (let i = 0; i < 3; i++) peer.data(1, FRAME);
  assert.deepEqual(given(peer, 1)[1], 0);
  const chunks = x.chunks();
  let read = 0;
  while (read < 3 * FRAME.length) read += (await chunks.next()).value!.length;
  await settled();
  assert.deepEqual(given(peer, 1), [0, 3 * FRAME.length]);
});

test("windows grow while the reader keeps up, to maxWindowSize, and no further", async () => {
  const { peer, read } = await collecting({ http2: { maxWindowSize: 200_000 } });
  peer.post(1);
  let window = 65_535;
  let widest = window;
  let connectionWindow = 400_000;
  for (let sent = 0; sent < 2_000_000; sent += FRAME.length) {
    assert.ok(window >= FRAME.length && connectionWindow >= FRAME.length, "the client need not wait");
    peer.data(1, FRAME);
    const [connection, stream] = given(peer, 1);
    window += stream - FRAME.length;
    connectionWindow += connection - FRAME.length;
    widest = Math.max(widest, window);
  }
  assert.ok(widest > 180_000 && widest <= 200_000, `${widest}`);
  peer.data(1, "", FLAG.end);
  assert.equal((await read()).length, Math.ceil(2_000_000 / FRAME.length) * FRAME.length);
});

test("a window does not grow while its reader does not keep up", async () => {
  let x!: Exchange;
  const { peer } = await connectHttp2({ exchange: (given) => void (x = given) });
  peer.post(1);
  const chunks = x.chunks();
  let window = 65_535;
  for (let i = 0; i < 200; i++) {
    while (window >= FRAME.length) {
      peer.data(1, FRAME);
      window -= FRAME.length;
    }
    await chunks.next();
    await settled();
    window += given(peer, 1)[1];
    assert.ok(window <= 65_535, `${window}`);
  }
});

test("what no one reads does not keep other streams from their bodies", async () => {
  const { peer } = await connectHttp2({
    exchange: (x) => x.target === "/stuck" ? undefined : x.text().then((text) => x.respond(200, {}, text)),
  });
  peer.post(1, "/stuck");
  for (let i = 0; i < 3; i++) peer.data(1, FRAME);
  let window = 2 * 2_097_152 - 3 * FRAME.length;
  for (let id = 3; id < 300; id += 2) {
    peer.post(id, "/read");
    peer.data(id, FRAME);
    peer.data(id, "", FLAG.end);
    await settled();
    for (const frame of peer.read()) {
      if (frame.type === "WINDOW_UPDATE" && frame.stream === 0) {
        window += new DataView(frame.payload.buffer, frame.payload.byteOffset).getUint32(0);
      }
      if (frame.type === "RST_STREAM") assert.fail("a stream was reset");
    }
    window -= FRAME.length;
    assert.ok(window > FRAME.length);
    peer.widen(0, FRAME.length);
  }
});

test("a body that was read is over: no window is given for its last part", async () => {
  const { peer, read } = await collecting();
  peer.post(1);
  peer.data(1, FRAME.subarray(1));
  assert.deepEqual(given(peer, 1), [0, 0]);
  peer.data(1, FRAME, FLAG.end);
  assert.equal((await read()).length, 2 * FRAME.length - 1);
  await settled();
  assert.deepEqual(peer.told()[0], "HEADERS 1 200");
});

test("before the client has acknowledged a smaller window the usual one holds, and then the smaller one", async () => {
  const bodies: Promise<string>[] = [];
  const { client, server } = connect({
    http2: { initialWindowSize: 1_024, maxWindowSize: 1_024 },
    exchange: (x) => void bodies.push(x.text().then((text) => (x.respond(200), text)).catch(() => "refused")),
  });
  await server.loaded;
  const peer = new Http2Client(client);
  peer.send(PREFACE, frame("SETTINGS", 0, 0));
  peer.read();
  peer.post(1);
  let window = 65_535;
  for (let i = 0; i < 3; i++) {
    peer.data(1, FRAME);
    window += given(peer, 1)[1] - FRAME.length;
  }
  peer.send(frame("SETTINGS", FLAG.ack, 0));
  window += 1_024 - 65_535;
  let sent = 3 * FRAME.length;
  for (let i = 0; i < 300; i++) {
    window += given(peer, 1)[1];
    assert.ok(window <= 1_024, `${window}`);
    const count = Math.max(0, window);
    if (count > 0) peer.data(1, FRAME.subarray(0, count));
    window -= count;
    sent += count;
  }
  assert.ok(sent > 100_000, `${sent} octets could be sent`);
  peer.data(1, "", FLAG.end);
  assert.equal((await bodies[0]).length, sent);
  await settled();
  peer.post(3);
  peer.data(3, FRAME.subarray(0, 1_025));
  assert.deepEqual(peer.told().slice(-1), ["RST_STREAM 3 FLOW_CONTROL_ERROR"]);
});

test("a larger initial window may be used once the client knows of it, also by streams that were open", async () => {
  const { client, server } = connect({ http2: { initialWindowSize: 200_000 }, exchange: () => {} });
  await server.loaded;
  const peer = new Http2Client(client);
  peer.send(PREFACE, frame("SETTINGS", 0, 0));
  peer.post(1);
  peer.send(frame("SETTINGS", FLAG.ack, 0));
  for (let i = 0; i < 12; i++) peer.data(1, FRAME);
  assert.ok(peer.told().every((text) => !text.startsWith("RST_STREAM")));
  peer.data(1, FRAME);
  assert.equal(peer.told().at(-1), "RST_STREAM 1 FLOW_CONTROL_ERROR");
});

test("an echo whose window is closed is given no more to read: backpressure goes through", async () => {
  let read = 0;
  const { peer } = await connectHttp2({
    http2: { maxWindowSize: 65_535 },
    async exchange(x) {
      x.start(200);
      for await (const bytes of x.chunks()) {
        read += bytes.length;
        if (!x.write(bytes)) await x.ready();
      }
      x.end();
    },
  }, { settings: [[4, 20_000]] });
  peer.post(1);
  for (let i = 0; i < 3; i++) {
    peer.data(1, FRAME);
    await settled();
  }
  assert.equal(read, 2 * FRAME.length);
  const frames = peer.read();
  assert.equal(bodyOf(frames, 1).length, 20_000);
  peer.data(1, "", FLAG.end);
  peer.widen(1, 100_000);
  await settled();
  frames.push(...peer.read());
  assert.equal(bodyOf(frames, 1).length, 3 * FRAME.length);
});

test("the window of a stream grows while its reader takes all that is there, also where much comes in one piece", async () => {
  const { peer } = await connectHttp2({
    async exchange(x) {
      for await (const _ of x.chunks());
      x.respond(200);
    },
  });
  peer.post(1);
  let window = 65_535;
  for (let round = 0; round < 8; round++) {
    const pieces = Array.from({ length: Math.min(4, Math.floor(window / FRAME.length)) }, () => FRAME);
    peer.send(...pieces.map((piece) => frame("DATA", 0, 1, piece)));
    window -= pieces.length * FRAME.length;
    await settled();
    window += given(peer, 1)[1];
  }
  assert.ok(window > 1_048_576 * 3 / 4, `${window} of 1 MiB`);
});

test("an empty DATA frame may end a stream whose window has become negative", async () => {
  let read!: () => Promise<string>;
  const { client, server } = connect({
    http2: { initialWindowSize: 1_024 },
    exchange: (x) => void (read = () => x.text()),
  });
  await server.loaded;
  const peer = new Http2Client(client);
  peer.send(PREFACE, frame("SETTINGS", 0, 0));
  peer.post(1);
  peer.data(1, FRAME.subarray(0, 2_000));
  peer.send(frame("SETTINGS", FLAG.ack, 0));
  peer.data(1, "", FLAG.end);
  assert.equal(peer.told().filter((frame) => frame.startsWith("RST_STREAM")).length, 0);
  assert.equal((await read()).length, 2_000);
});
