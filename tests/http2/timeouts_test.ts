/** Timeouts of the connection on the fake clock: headerTimeout, idleTimeout, writeTimeout of the transport, lingerTimeout. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import type { Exchange } from "../../src/api/exchange.ts";
import type { CloseReason } from "../../src/api/transport.ts";
import type { Connection } from "../../src/api/transport.ts";
import {
  connectHttp2,
  FLAG,
  frame,
  Http2Client,
  PREFACE,
  rawHead,
  request,
} from "../support/http2_client.ts";
import { settled } from "../support/memory.ts";

/** Later than a deadline at which it is certain that it was noticed, in milliseconds. */
const LATE = 300;
/** Longer than a client is waited for that does not answer the PING behind GOAWAY, in milliseconds. */
const GRACE = 1_300;
/** What a client is told whose connection was idle for too long. */
const ANNOUNCED = ["GOAWAY 2147483647 NO_ERROR", "PING goaway 1"];

const exchange = (x: Exchange): void => x.target === "/" ? x.respond(200) : undefined;

async function assertEnds(
  client: MemoryTransport,
  connection: Connection,
  reason: CloseReason,
): Promise<void> {
  assert.equal(client.ended || client.closed, true, connection.state);
  client.sendEnd();
  assert.equal(await connection.closed, reason);
}

test("headerTimeout runs from the accept: no octet, a part of the preface, the preface alone, no request", async () => {
  const { server, clock } = await connectHttp2({ exchange, headerTimeout: 5_000, idleTimeout: 60_000 });
  const settings = frame("SETTINGS", 0, 0);
  const sent: Record<string, (Uint8Array | string)[]> = {
    nothing: [],
    "a part of the preface": [PREFACE.slice(0, 20)],
    "a preface": [PREFACE],
    "a part of SETTINGS": [PREFACE, settings.subarray(0, 5), settings.subarray(5, 7)],
    SETTINGS: [PREFACE, settings],
    "SETTINGS in two parts": [PREFACE, settings.subarray(0, 4), settings.subarray(4)],
    "SETTINGS and their acknowledgement": [PREFACE, settings, frame("SETTINGS", FLAG.ack, 0)],
  };
  const transports = Object.entries(sent).map(([name, parts]) => {
    const transport = new MemoryTransport();
    const { facade } = server.accept(transport);
    for (const part of parts) new Http2Client(transport).send(part);
    return { name, transport, facade };
  });
  clock.advance(4_900);
  for (const { name, transport } of transports) assert.equal(transport.ended, false, name);
  clock.advance(100 + LATE + GRACE);
  for (const { name, transport, facade } of transports) {
    assert.equal(transport.ended || transport.closed, true, name);
    await assertEnds(transport, facade, "header_timeout");
  }
});

test("headerTimeout ends a connection whose field block does not", async () => {
  const head = (peer: Http2Client, flags: number): Uint8Array =>
    frame("HEADERS", flags, 3, peer.encoder.encode(request()));
  const parts: Record<string, (peer: Http2Client) => Uint8Array> = {
    "half of HEADERS": (peer) => head(peer, FLAG.end | FLAG.endHeaders).subarray(0, 11),
    "the head of HEADERS": (peer) => head(peer, FLAG.end | FLAG.endHeaders).subarray(0, 9),
    "HEADERS without END_HEADERS": (peer) => head(peer, FLAG.end),
  };
  for (const [name, bytes] of Object.entries(parts)) {
    for (const active of [false, true]) {
      const { peer, client, connection, clock } = await connectHttp2({ exchange, headerTimeout: 5_000 });
      peer.get(1, active ? "/waits" : "/");
      peer.read();
      clock.advance(10_000);
      peer.send(bytes(peer));
      clock.advance(4_900);
      assert.deepEqual(peer.told(), [], name);
      clock.advance(100 + LATE);
      assert.deepEqual(peer.told(), ["GOAWAY 1 ENHANCE_YOUR_CALM"], name);
      await assertEnds(client, connection, "header_timeout");
    }
  }
});

test("headerTimeout is not put off by CONTINUATION", async () => {
  const { peer, client, connection, clock } = await connectHttp2({ exchange, headerTimeout: 5_000 });
  peer.send(frame("HEADERS", FLAG.end, 1, peer.encoder.encode(request())));
  for (let i = 0; i < 5; i++) {
    clock.advance(1_000 + LATE / 5);
    peer.send(frame("CONTINUATION", 0, 1));
  }
  assert.deepEqual(peer.told(), ["GOAWAY 0 ENHANCE_YOUR_CALM"]);
  await assertEnds(client, connection, "header_timeout");
});

test("headerTimeout does not count a body that comes slowly, or half of another frame", async () => {
  const { peer, connection, clock } = await connectHttp2({ exchange, headerTimeout: 5_000, minBodyRate: 0 });
  peer.post(1, "/waits");
  peer.send(rawHead(10, 0, 0, 1), "abc");
  clock.advance(10_000);
  peer.send("defghij", frame("PING", 0, 0, "12345678").subarray(0, 12));
  clock.advance(10_000);
  assert.equal(connection.state, "active");
  assert.deepEqual(peer.told(), []);
});

test("idleTimeout begins when the last stream is over", async () => {
  let x!: Exchange;
  const { peer, client, connection, clock } = await connectHttp2({
    exchange: (given) => void (x = given),
    idleTimeout: 10_000,
    idleTimeoutBuffer: 0,
  });
  peer.get(1);
  clock.advance(100_000);
  assert.equal(connection.state, "active");
  x.respond(200);
  await settled();
  assert.equal(connection.state, "idle");
  clock.advance(9_900);
  assert.equal(client.ended, false);
  clock.advance(100 + LATE);
  await settled();
  assert.deepEqual(peer.told(), ["HEADERS 1 200 end", ...ANNOUNCED]);
  clock.advance(GRACE);
  assert.deepEqual(peer.told(), ["GOAWAY 1 NO_ERROR"]);
  await assertEnds(client, connection, "idle_timeout");
});

test("idleTimeout is not put off by frames that are no request, however they are cut", async () => {
  const frames = [
    frame("PING", 0, 0, "12345678"),
    frame("SETTINGS", 0, 0),
    frame("WINDOW_UPDATE", 0, 0, "\0\0\0\x01"),
    frame("PRIORITY", 0, 9, "12345"),
    rawHead(0, 0xaa, 0, 0),
  ];
  for (const bytes of frames) {
    for (const cut of [bytes.length, 2, 9]) {
      const { peer, client, connection, clock } = await connectHttp2({
        exchange,
        idleTimeout: 10_000,
        idleTimeoutBuffer: 0,
      });
      peer.get(1);
      for (let i = 0; i < 10; i++) {
        clock.advance(500);
        peer.send(bytes.subarray(0, cut));
        clock.advance(500);
        peer.send(bytes.subarray(cut));
        if (i < 9) assert.equal(connection.state, "idle");
      }
      peer.read();
      clock.advance(LATE);
      await settled();
      assert.deepEqual(peer.told(), ANNOUNCED);
      clock.advance(GRACE);
      await assertEnds(client, connection, "idle_timeout");
    }
  }
});

test("idleTimeout: a request starts it anew", async () => {
  const { peer, client, clock } = await connectHttp2({ exchange, idleTimeout: 10_000, idleTimeoutBuffer: 0 });
  for (let id = 1; id < 20; id += 2) {
    peer.get(id);
    clock.advance(9_900);
  }
  assert.equal(client.ended, false);
});

test("writeTimeout ends a connection whose transport takes nothing", async () => {
  const { peer, client, connection, clock } = await connectHttp2({ exchange, writeTimeout: 10_000 });
  client.takesWrites = false;
  peer.get(1);
  clock.advance(9_000);
  assert.equal(client.closed, false);
  clock.advance(4_000);
  assert.equal(client.closed, true);
  assert.equal(await connection.closed, "write_timeout");
});

test("lingerTimeout: after GOAWAY the rest is discarded, until the client ends or the time is over", async () => {
  const { peer, client, connection, clock } = await connectHttp2({ exchange, lingerTimeout: 2_000 });
  peer.get(1);
  peer.read();
  peer.send(frame("PING", 0, 0, "short"));
  assert.deepEqual(peer.told(), ["GOAWAY 1 FRAME_SIZE_ERROR"]);
  assert.deepEqual([client.ended, client.closed, connection.state], [true, false, "draining"]);
  peer.get(3);
  clock.advance(1_900);
  assert.deepEqual([peer.told(), client.closed], [[], false]);
  clock.advance(100 + LATE);
  assert.equal(client.closed, true);
  assert.equal(await connection.closed, "protocol_error");
  assert.equal(clock.timers, 0);
});

test("a client that half-closes gets its answers, and then the connection ends", async () => {
  let x!: Exchange;
  const { peer, client, connection } = await connectHttp2({ exchange: (given) => void (x = given) });
  peer.get(1);
  client.sendEnd();
  assert.deepEqual([client.ended, x.signal.aborted], [false, true]);
  x.respond(200, {}, "all the same");
  await settled();
  assert.deepEqual(peer.told(), ["HEADERS 1 200", 'DATA 1 "all the same" end']);
  assert.equal(client.closed, true);
  assert.equal(await connection.closed, "client_gone");
});

test("a client that half-closes within a request's body, or within a frame, leaves it incomplete", async () => {
  for (const more of ["", "a half frame"]) {
    let failure: unknown;
    const { peer, client, connection } = await connectHttp2({
      exchange: (x) => x.text().then(() => {}, (error) => failure = error),
    });
    peer.post(1, "/");
    peer.data(1, "begun");
    if (more !== "") peer.send(peer.headers(3, request()).subarray(0, 12));
    client.sendEnd();
    await settled();
    assert.equal((failure as { code: string }).code, "peer_gone", more);
    assert.equal(client.closed, true);
    assert.equal(await connection.closed, "client_gone");
  }
});

test("a client that half-closes an idle connection ends it", async () => {
  const { peer, client, connection } = await connectHttp2({ exchange });
  peer.get(1);
  peer.read();
  client.sendEnd();
  assert.deepEqual(peer.told(), ["GOAWAY 1 NO_ERROR"]);
  assert.equal(client.closed, true);
  assert.equal(await connection.closed, "client_closed");
});
