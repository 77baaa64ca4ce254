/** `info.completed` of a response that is complete, while its rest waits for a window of the client's. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionError, ProtocolError } from "../../src/api/errors.ts";
import type { Exchange } from "../../src/api/exchange.ts";
import type { FetchInfo } from "../../src/api/fetch.ts";
import {
  connectHttp2,
  frame,
  Http2Client,
  PREFACE,
  SETTING,
  settingsPayload,
} from "../support/http2_client.ts";
import { connect, settled } from "../support/memory.ts";

const TEXT = "0123456789";

/** A response of which the client's window lets half out; `late`: `completed` is asked for when it is complete. */
async function halfSent(late: boolean) {
  const told: string[] = [];
  const ask = ({ completed }: FetchInfo): void => {
    completed.then(() => told.push("completed"), (error) => {
      assert.ok(error instanceof ConnectionError);
      told.push(error.code);
    });
  };
  let called!: [Request, FetchInfo];
  const { peer } = await connectHttp2({
    fetch(request, info) {
      called = [request, info];
      if (!late) ask(info);
      return new Response(TEXT);
    },
  }, { settings: [[SETTING.initialWindowSize, 5]] });
  peer.get(1);
  await settled();
  const [request, info] = called;
  if (late) ask(info);
  await settled();
  assert.deepEqual(peer.told(), ["HEADERS 1 200", 'DATA 1 "01234"']);
  assert.deepEqual(told, []);
  return { told, peer, request };
}

const ENDS: Record<string, (peer: Http2Client) => void> = {
  "the client resets the stream": (peer) => peer.cancel(1),
  "the connection breaks": (peer) => peer.transport.reset(),
};

for (const late of [false, true]) {
  const when = late ? "asked for when it is complete" : "asked for before";
  test(`completed resolves when the rest was sent: ${when}`, async () => {
    const { told, peer, request } = await halfSent(late);
    peer.widen(1, 5);
    await settled();
    assert.deepEqual(told, ["completed"]);
    assert.equal(request.signal.aborted, false);
  });

  for (const [what, end] of Object.entries(ENDS)) {
    test(`completed rejects where ${what}: ${when}`, async () => {
      const { told, peer } = await halfSent(late);
      end(peer);
      await settled();
      assert.deepEqual(told, ["peer_gone"]);
    });
  }
}

test("completed rejects, and the signal aborts, where a stream is reset whose request is still read", async () => {
  const told: unknown[] = [];
  let signal!: AbortSignal;
  const { peer } = await connectHttp2({
    fetch(request, { completed }) {
      ({ signal } = request);
      for (const promise of [completed, request.text()]) promise.catch((error) => told.push(error));
      return new Response(TEXT);
    },
  }, { settings: [[SETTING.initialWindowSize, 5]] });
  peer.post(1);
  await settled();
  assert.deepEqual(peer.told(), ["HEADERS 1 200", 'DATA 1 "01234"']);
  assert.equal(signal.aborted, false);
  peer.cancel(1);
  await settled();
  assert.equal(told.length, 2);
  assert.equal(signal.aborted, true);
});

test("completed rejects with the error of a connection that ends at once, since its client has half-closed", async () => {
  const errors: unknown[] = [];
  const { client, clock, server } = connect({
    http2: true,
    fetch(_, { completed }) {
      completed.catch((error) => errors.push(error));
      return new Response(TEXT);
    },
  });
  await server.loaded;
  const peer = new Http2Client(client);
  // Our SETTINGS are never acknowledged.
  peer.send(PREFACE, frame("SETTINGS", 0, 0, settingsPayload([[SETTING.initialWindowSize, 5]])));
  peer.get(1);
  client.sendEnd();
  await settled();
  clock.advance(11_000);
  await settled();
  assert.equal(errors.length, 1);
  assert.ok(errors[0] instanceof ProtocolError);
});

test("handlers that compute for long: each response leaves at once, although others are under way", async () => {
  const waiting: Exchange[] = [];
  const { peer, clock } = await connectHttp2({ exchange: (x) => void waiting.push(x) });
  for (const id of [1, 3, 5, 7, 9, 11]) peer.get(id);
  for (const [i, x] of waiting.slice(0, 4).entries()) {
    x.respond(204);
    assert.deepEqual(peer.told(), []);
    clock.work(5);
    await settled();
    assert.deepEqual(peer.told(), [`HEADERS ${1 + 2 * i} 204 end`]);
  }
  waiting[4].respond(204);
  assert.deepEqual(peer.told(), ["HEADERS 9 204 end"]);
});

test("responses of many streams that take long all together: they leave with the first of a later millisecond", async () => {
  const waiting: Exchange[] = [];
  const { peer, client, clock } = await connectHttp2({ exchange: (x) => void waiting.push(x) });
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 20; i++) peer.get(1 + 2 * (20 * round + i));
    const before = client.written.length;
    for (const [i, x] of waiting.splice(0).entries()) {
      if (i % 2 === 1) clock.work(1);
      x.respond(204);
    }
    await settled();
    assert.equal(client.written.length - before, 10);
    assert.equal(peer.told().length, 20);
  }
});

test("completed of a tunnel resolves when it is open", async () => {
  let completed: Promise<void> | undefined;
  const { peer } = await connectHttp2({
    fetch(_, info) {
      completed = info.completed;
      return info.upgrade().response;
    },
  });
  peer.send(peer.headers(1, [[":method", "CONNECT"], [":authority", "a.example:80"]], 0));
  await completed;
  assert.deepEqual(peer.told().slice(-1), ["HEADERS 1 200"]);
});
