/** Known attacks on HTTP/2: what one client does is bounded in handlers and memory, and others are answered. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../../src/api/exchange.ts";
import { concat } from "../support/bytes.ts";
import {
  bodyOf,
  connectHttp2,
  FLAG,
  frame,
  type Http2Client,
  type Http2Connected,
  rawHead,
  request,
  SETTING,
  settingsPayload,
  uint32,
  visit,
} from "../support/http2_client.ts";
import { settled } from "../support/memory.ts";

/** Answers `/` at once; all other requests run until the test ends them. */
class Handlers {
  running = 0;
  most = 0;
  readonly exchange = (x: Exchange): void | Promise<void> => {
    if (x.target === "/") return x.respond(200, {}, "answer");
    this.most = Math.max(this.most, ++this.running);
    return new Promise<void>(() => {});
  };
}

/** Another connection is answered. */
function assertOthersAnswered(attacked: Http2Connected): void {
  const other = visit(attacked);
  other.get(1);
  assert.equal(bodyOf(other.read(), 1), "answer");
}

/** Sends until the server has ended the connection; answers how often it did. */
function flood({ client }: Http2Connected, most: number, send: (i: number) => void): number {
  for (let i = 0; i < most; i++) {
    send(i);
    if (client.ended) return i + 1;
  }
  return most;
}

function assertCalm(peer: Http2Client): void {
  assert.match(peer.told().at(-1)!, /^GOAWAY \d+ ENHANCE_YOUR_CALM$/);
}

test("rapid reset (CVE-2023-44487): handlers of reset streams count, and too many resets end the connection", async () => {
  const handlers = new Handlers();
  const attacked = await connectHttp2({ exchange: handlers.exchange });
  const { peer, server } = attacked;
  const count = flood(attacked, 10_000, (i) => {
    peer.get(1 + 2 * i, "/runs");
    peer.cancel(1 + 2 * i);
  });
  assert.ok(count > 900 && count <= 1_001, `${count} resets`);
  assert.equal(handlers.most, 100);
  assert.equal(server.stats().requests, 100);
  assertCalm(peer);
  assertOthersAnswered(attacked);
});

test("rapid reset: 33 a second go on for ever", async () => {
  const { peer, clock, client } = await connectHttp2({ exchange: () => {} });
  for (let i = 0; i < 5_000; i++) {
    peer.get(1 + 2 * i, "/runs");
    peer.cancel(1 + 2 * i);
    clock.advance(31);
  }
  assert.equal(client.ended, false);
});

test("rapid reset of requests that were answered costs no more than the requests", async () => {
  const { peer, client } = await connectHttp2({ exchange: new Handlers().exchange });
  for (let i = 0; i < 3_000; i++) {
    peer.get(1 + 2 * i);
    peer.cancel(1 + 2 * i);
    peer.widen(0, 6);
  }
  assert.equal(client.ended, false);
});

const MADE_RESETS: Record<string, (peer: Http2Client, id: number) => void> = {
  "DATA behind END_STREAM": (peer, id) => {
    peer.get(id, "/runs");
    peer.data(id, "x");
  },
  "HEADERS behind END_STREAM": (peer, id) => {
    peer.get(id, "/runs");
    peer.send(peer.headers(id, [["x-a", "1"]]));
  },
  "a window that is too large": (peer, id) => {
    peer.get(id, "/runs");
    peer.widen(id, 2 ** 31 - 1);
  },
  "DATA unlike content-length": (peer, id) => {
    peer.post(id, "/runs", ["content-length", "5"]);
    peer.data(id, "x", FLAG.end);
  },
  "trailers that are malformed": (peer, id) => {
    peer.post(id, "/runs");
    peer.send(peer.headers(id, [[":path", "/"]]));
  },
  "a malformed head": (peer, id) => peer.send(peer.headers(id, [[":path", "/"]])),
  "more streams than are allowed": (peer, id) => peer.get(id, "/runs"),
};

for (const [name, send] of Object.entries(MADE_RESETS)) {
  test(`resets that a client makes us send (CVE-2025-8671), by ${name}, are counted like its own`, async () => {
    const handlers = new Handlers();
    const attacked = await connectHttp2({ exchange: handlers.exchange });
    const count = flood(attacked, 10_000, (i) => send(attacked.peer, 1 + 2 * i));
    assert.ok(count > 900 && count <= 1_101, `${count}`);
    assert.ok(handlers.most <= 100, `${handlers.most}`);
    assertCalm(attacked.peer);
    assertOthersAnswered(attacked);
  });
}

test("CONTINUATION flood (CVE-2024-27983): eight are enough, and nothing is decoded", async () => {
  const attacked = await connectHttp2({ exchange: new Handlers().exchange });
  const { peer } = attacked;
  peer.send(frame("HEADERS", FLAG.end, 1, ""));
  assert.equal(flood(attacked, 1_000, () => peer.send(frame("CONTINUATION", 0, 1, "\x80"))), 9);
  assertCalm(peer);
  assertOthersAnswered(attacked);
});

test("CONTINUATION flood: a block is not larger than maxHeaderBytes", async () => {
  const attacked = await connectHttp2({ exchange: new Handlers().exchange, maxHeaderBytes: 10_000 });
  const { peer } = attacked;
  peer.send(frame("HEADERS", FLAG.end, 1, new Uint8Array(4_000)));
  peer.send(frame("CONTINUATION", 0, 1, new Uint8Array(6_000)));
  assert.deepEqual(peer.told(), []);
  peer.send(frame("CONTINUATION", 0, 1, "x"));
  assertCalm(peer);
});

test("a block in eight CONTINUATION frames is read", async () => {
  const { peer } = await connectHttp2({ exchange: new Handlers().exchange });
  const block = peer.encoder.encode(request());
  peer.send(frame("HEADERS", FLAG.end, 1, block.subarray(0, 1)));
  for (let i = 0; i < 7; i++) peer.send(frame("CONTINUATION", 0, 1));
  peer.send(frame("CONTINUATION", FLAG.endHeaders, 1, block.subarray(1)));
  assert.equal(peer.told()[0], "HEADERS 1 200");
});

test("HPACK bomb (CVE-2016-6581): fields of the dynamic table are counted as often as they are referred to", async () => {
  const attacked = await connectHttp2({ exchange: new Handlers().exchange });
  const { peer } = attacked;
  peer.get(1, "/", ["x-bomb", "x".repeat(3_000)]);
  peer.read();
  const block = concat([peer.encoder.encode(request()), new Uint8Array(16_000).fill(0x80 | 62)]);
  for (let id = 3; id < 100; id += 2) {
    peer.send(frame("HEADERS", FLAG.end | FLAG.endHeaders, id, block));
    assert.equal(peer.told()[0], `HEADERS ${id} 431`);
  }
  assertOthersAnswered(attacked);
});

test("empty DATA (CVE-2019-9518): a hundred in a row are enough", async () => {
  const attacked = await connectHttp2({ exchange: new Handlers().exchange });
  const { peer } = attacked;
  peer.post(1, "/runs");
  for (let i = 0; i < 1_000; i++) { // an octet now and then is use enough
    for (let j = 0; j < 100; j++) peer.data(1, "");
    peer.data(1, "x");
    if (i === 5) break;
  }
  assert.equal(attacked.client.ended, false);
  assert.equal(flood(attacked, 1_000, () => peer.data(1, "")), 101);
  assertCalm(peer);
  assertOthersAnswered(attacked);
});

test("DATA that ends a stream is of use, however little it brings", async () => {
  const attacked = await connectHttp2({ exchange: (x) => x.text().then(() => x.respond(204)) });
  const { peer, client } = attacked;
  const padding = "\xff" + "\0".repeat(255);
  for (let i = 0; i < 35_000; i++) { // 9 MB
    peer.post(1 + 2 * i);
    peer.data(1 + 2 * i, padding, FLAG.end | FLAG.padded);
    if (i % 50 === 0) await settled();
    peer.read();
  }
  assert.equal(client.ended, false);
});

test("padding: octets beside the content may be eight times as many, and a mebibyte", async () => {
  const attacked = await connectHttp2({
    exchange: (x) => x.target === "/" ? x.respond(200, {}, "answer") : x.text().then(() => {}, () => {}),
    minBodyRate: 0,
  });
  const { peer } = attacked;
  peer.post(1, "/reads");
  const padded = frame("DATA", FLAG.padded, 1, `\xffx${"\0".repeat(255)}`);
  const bytes = concat(new Array(100).fill(padded));
  const count = 100 * flood(attacked, 1_000, () => peer.send(bytes));
  const expected = 1024 * 1024 / (padded.length / 8 - 1);
  assert.ok(Math.abs(count - expected) <= 101, `${count}, not ${expected}`);
  assertCalm(peer);
  assertOthersAnswered(attacked);
});

test("PING and SETTINGS floods (CVE-2019-9512, -9515): nothing is read that would be answered, while nothing is taken", async () => {
  for (const bytes of [frame("PING", 0, 0, "12345678"), frame("SETTINGS", 0, 0)]) {
    const attacked = await connectHttp2({ exchange: new Handlers().exchange, highWaterMark: 10_000 });
    const { peer, client, clock } = attacked;
    client.takesWrites = false;
    const flooded = concat(new Array(1_000).fill(bytes));
    const written = (): number => client.written.reduce((sum, { length }) => sum + length, 0);
    const before = written();
    for (let i = 0; i < 100 && !client.paused; i++) peer.send(flooded);
    assert.equal(client.paused, true);
    assert.ok(written() - before < 30_000, `${written() - before} octets were written`);
    assertOthersAnswered(attacked);
    clock.advance(100_000);
    assert.equal(await attacked.connection.closed, "write_timeout");
  }
});

test("a window that is opened by an octet at a time (CVE-2019-9511, -9517) ends with writeTimeout", async () => {
  const attacked = await connectHttp2({
    writeTimeout: 10_000,
    exchange: (x) => x.respond(200, {}, x.target === "/" ? "answer" : "x".repeat(1_000)),
  }, { settings: [[SETTING.initialWindowSize, 0]] });
  const { peer, clock, connection } = attacked;
  for (let id = 1; id < 200; id += 2) peer.get(id, "/large");
  peer.read();
  clock.advance(11_000);
  await settled();
  assert.equal(peer.told().filter((text) => text.endsWith("CANCEL")).length, 100);
  assert.equal(connection.state, "idle");
  assertOthersAnswered(attacked);
});

test("SETTINGS that open and close windows again and again let others have their turn", async () => {
  const attacked = await connectHttp2({
    exchange: (x) => x.respond(200, {}, x.target === "/" ? "answer" : "x".repeat(100_000)),
  });
  const { peer } = attacked;
  for (let id = 1; id < 200; id += 2) peer.get(id, "/large");
  const pair = [0, 65_535].map((value) =>
    frame("SETTINGS", 0, 0, settingsPayload([[SETTING.initialWindowSize, value]]))
  );
  for (let i = 0; i < 20; i++) peer.send(concat(new Array(100).fill(concat(pair))));
  assertOthersAnswered(attacked);
});

test("a loop of priorities (CVE-2019-9513) is no tree, and changes nothing", async () => {
  const attacked = await connectHttp2({ exchange: new Handlers().exchange });
  const { peer } = attacked;
  for (let i = 0; i < 1_000; i++) {
    peer.send(
      frame("PRIORITY", 0, 1, concat([uint32(3), "\x01"])),
      frame("PRIORITY", 0, 3, concat([uint32(1), "\x01"])),
    );
    peer.send(frame("PRIORITY_UPDATE", 0, 0, concat([uint32(2 * i + 1), "u=0"])));
  }
  peer.get(1);
  assert.equal(peer.told()[0], "HEADERS 1 200");
});

test("empty names (CVE-2019-9516) are malformed, and each one counts", async () => {
  const { peer } = await connectHttp2({ exchange: new Handlers().exchange });
  peer.get(1, "/", ["", ""]);
  assert.deepEqual(peer.told(), ["RST_STREAM 1 PROTOCOL_ERROR"]);
});

test("what is announced is not reserved: a frame's head alone takes no memory", async () => {
  const attacked = await connectHttp2({ exchange: new Handlers().exchange });
  attacked.peer.post(1, "/runs");
  attacked.peer.send(rawHead(16_384, 0, 0, 1));
  assert.equal(attacked.internal.received.length, 0);
});

test("a body that no one reads is bounded by its window, and by 4 MiB a connection and what is on its way", async () => {
  const attacked = await connectHttp2({ exchange: new Handlers().exchange });
  const { peer } = attacked;
  const windows = new Map<number, number>([[0, 2 * 2_097_152]]);
  const read = (): void => {
    for (const { type, stream, payload } of peer.read()) {
      if (type !== "WINDOW_UPDATE") continue;
      const increment = new DataView(payload.buffer, payload.byteOffset).getUint32(0);
      windows.set(stream, windows.get(stream)! + increment);
    }
  };
  let sent = 0;
  for (let id = 1; id < 200; id += 2) {
    peer.post(id, "/runs");
    windows.set(id, 65_535);
    for (let count; (count = Math.min(16_384, windows.get(0)!, windows.get(id)!)) > 0;) {
      peer.data(id, new Uint8Array(count));
      windows.set(0, windows.get(0)! - count);
      windows.set(id, windows.get(id)! - count);
      sent += count;
      read();
    }
  }
  assert.ok(sent <= 6.6 * 1024 * 1024, `${sent}`);
  assertOthersAnswered(attacked);
});
