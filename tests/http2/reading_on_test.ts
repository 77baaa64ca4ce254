/** What is read, and what is waited for, while the client takes nothing, or sends more than `highWaterMark`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../../src/api/exchange.ts";
import type { FetchInfo } from "../../src/api/fetch.ts";
import { upgradeWebSocket } from "../../websocket.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { bodyOf, connectHttp2, frame, Http2Client, PREFACE, visit } from "../support/http2_client.ts";
import { connect, settled } from "../support/memory.ts";

test("a frame that is larger than highWaterMark is read to its end while a handler runs", async () => {
  const { peer, client } = await connectHttp2({ highWaterMark: 100, exchange: () => {} });
  peer.get(1);
  const unknown = frame("PRIORITY_UPDATE", 0, 0, `\0\0\0\x01u=0${" ".repeat(1_000)}`);
  peer.send(unknown.subarray(0, 500));
  assert.equal(client.paused, false);
  peer.send(unknown.subarray(500));
  peer.ping();
  assert.deepEqual(peer.told(), ["PING ack 12345678"]);
});

const HALF_A_BLOCK = {
  "half a frame": frame("HEADERS", 0, 3, "\x82\x86").subarray(0, 10),
  "a part": frame("HEADERS", 0, 3),
};

for (const [what, rest] of Object.entries(HALF_A_BLOCK)) {
  test(`${what} of a field block is not waited for once the client has half-closed: responses go on`, async () => {
    let x!: Exchange;
    const { peer, client, connection, clock } = await connectHttp2({
      headerTimeout: 500,
      exchange(given) {
        x = given;
        x.start(200);
      },
    });
    peer.get(1);
    peer.send(rest);
    client.sendEnd();
    clock.advance(600);
    x.end("body");
    assert.deepEqual(peer.told(), ["HEADERS 1 200", 'DATA 1 "body" end']);
    assert.equal(await connection.closed, "client_gone");
  });
}

test("headerTimeout ends a connection whose client has taken not even our SETTINGS at first", async () => {
  const clock = new FakeClock();
  const connected = connect({ http2: true, headerTimeout: 1_000, exchange: (x) => x.respond(200) }, clock);
  const { client, connection } = connected;
  await connected.server.loaded;
  client.takesWrites = false;
  new Http2Client(client).send(PREFACE, frame("SETTINGS", 0, 0));
  client.drain();
  await settled();
  clock.advance(1_100); // it is told
  clock.advance(1_100);
  client.sendEnd();
  assert.equal(await connection.closed, "header_timeout");
});

test("shutdown of a connection that is closed announces nothing, and leaves no timer", async () => {
  const { connection, clock } = await connectHttp2({ exchange: (x) => x.respond(200) });
  connection.close();
  connection.shutdown();
  assert.equal(clock.timers, 0);
});

test("a copy of a body that is not read has a deadline once its response is complete", async () => {
  const { peer, connection, clock } = await connectHttp2({
    drainBody: { bytes: 100_000, timeout: 500 },
    fetch(request) {
      request.clone();
      return new Response("answer");
    },
  });
  peer.post(1);
  await settled();
  peer.data(1, "a part");
  await settled();
  assert.deepEqual(peer.told(), ["HEADERS 1 200", 'DATA 1 "answer" end']);
  clock.advance(1_000);
  await settled();
  assert.deepEqual([peer.told(), connection.state], [["RST_STREAM 1 NO_ERROR"], "idle"]);
});

test("a response whose client reads it slowly is sent whole, however long a copy of the request waits", async () => {
  const { peer, clock } = await connectHttp2({
    drainBody: { bytes: 100_000, timeout: 500 },
    fetch(request) {
      request.clone();
      return new Response("x".repeat(70_000));
    },
  });
  peer.widen(0, 100_000);
  peer.post(1);
  await settled();
  peer.data(1, "a part");
  for (let i = 0; i < 5; i++) {
    await settled();
    clock.advance(1_000);
    peer.widen(1, 2_000);
  }
  await settled();
  assert.equal(bodyOf(peer.read(), 1).length, 70_000);
});

test("what is known of a request's connection holds after the response, and when the stream is used again", async () => {
  const told: unknown[] = [];
  const infos: FetchInfo[] = [];
  const first = await connectHttp2({
    fetch(_request, info) {
      infos.push(info);
      info.completed.then(() => told.push([info.connection.id, info.remoteAddr, info.draining.aborted]));
      return new Response("answer");
    },
  });
  const other = visit(first);
  first.peer.get(1);
  await settled();
  other.get(1);
  await settled();
  const [id, otherId] = infos.map(({ connection }) => connection.id);
  assert.notEqual(id, otherId);
  assert.deepEqual(told, [[id, undefined, false], [otherId, undefined, false]]);
});

test("what a listener of a refused WebSocket throws is reported, though its stream is free already", async () => {
  const failure = new Error("the listener's own");
  const { peer, errors } = await connectHttp2({
    fetch(request) {
      const { socket, response } = upgradeWebSocket(request);
      socket.addEventListener("error", () => {
        throw failure;
      });
      return response;
    },
  });
  peer.get(1, "/no-websocket");
  await settled();
  assert.equal(peer.told()[0], "HEADERS 1 405");
  assert.deepEqual(errors, [failure]);
});
