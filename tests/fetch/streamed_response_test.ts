/**
 * Streamed responses of fetch handlers: when their head and their chunks leave, what chunks may be made of, and that a
 * source ends with its client.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FastResponse } from "../../mod.ts";
import { Deferred } from "../../src/core/deferred.ts";
import type { FetchHandler } from "../../src/api/fetch.ts";
import { connect, type Connected, get, parseResponses, settled } from "../support/memory.ts";
import { streamOf } from "../support/streamed_sources.ts";

const SECOND = 1_000;

/** A source that gives what it is told to, and knows whether it was cancelled. */
function source(): {
  readonly stream: ReadableStream;
  readonly controller: ReadableStreamDefaultController;
  readonly cancelled: Deferred<unknown>;
} {
  let controller!: ReadableStreamDefaultController;
  const cancelled = new Deferred<unknown>();
  const stream = new ReadableStream({
    start: (given) => void (controller = given),
    cancel: (reason) => cancelled.resolve(reason),
  });
  return { stream, controller, cancelled };
}

function serveStream(stream: () => ReadableStream, init?: ResponseInit): Connected {
  return connect({ fetch: () => new Response(stream(), init) });
}

test("a head leaves before the first chunk is there", async () => {
  const { stream, controller } = source();
  const { client } = serveStream(() => stream, { headers: { "content-type": "text/event-stream" } });
  client.send(get("/"));
  await settled();
  assert.match(client.text(), /^HTTP\/1\.1 200 OK\r\n[^]*transfer-encoding: chunked\r\n[^]*\r\n\r\n$/);
  controller.enqueue(new TextEncoder().encode("data: 1\n\n"));
  await settled();
  assert.match(client.text(), /\r\n\r\n9\r\ndata: 1\n\n\r\n$/);
  controller.close();
  await settled();
  assert.equal(parseResponses(client.text())[0].body, "data: 1\n\n");
});

test("a body that echoes the request's does not wait for it with its head", async () => {
  const { client } = connect({ fetch: (request) => new Response(request.body) });
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
  await settled();
  assert.match(client.text(), /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n$/);
  client.send("hello");
  await settled();
  assert.equal(parseResponses(client.text())[0].body, "hello");
});

test("a chunk that is there at once and all leaves in one write, with its length", async () => {
  const stream = (): ReadableStream =>
    new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode("all"));
        controller.close();
      },
    });
  const { client } = serveStream(stream);
  client.send(get("/"));
  await settled();
  assert.equal(client.written.length, 1);
  assert.match(client.text(), /content-length: 3\r\n/);
  assert.equal(parseResponses(client.text())[0].body, "all");
});

test("a stream that fails before its first chunk is answered with 500", async () => {
  const { client, errors } = serveStream(() =>
    new ReadableStream({ pull: () => Promise.reject(new Error("no database")) })
  );
  client.send(get("/"));
  await settled();
  assert.equal(parseResponses(client.text())[0].status, 500);
  assert.deepEqual(errors.map(String), ["Error: no database"]);
});

test("chunks of text, buffers and views are sent as their bytes", async () => {
  const view = new DataView(new TextEncoder().encode("<view>").buffer, 1, 4);
  const chunks = ["häl", new TextEncoder().encode("lo ").buffer, view, "", new Uint8Array([33])];
  for (const wait of [false, true]) {
    const stream = (): ReadableStream =>
      new ReadableStream({
        async start(controller) {
          for (const chunk of chunks) {
            if (wait) await settled();
            controller.enqueue(chunk);
          }
          controller.close();
        },
      });
    const { client, errors } = serveStream(stream);
    client.send(get("/"));
    for (let i = 0; i < 10; i++) await settled();
    assert.deepEqual(errors, []);
    assert.equal(parseResponses(client.text())[0].body, "hällo view!");
  }
});

test("one chunk of text has the length of its bytes", async () => {
  const { client } = serveStream(() => streamOf(["ä"]));
  client.send(get("/"));
  await settled();
  assert.match(client.text(), /content-length: 2\r\n/);
});

test("a chunk that is no bytes ends the connection and is told to onError", async () => {
  const { client, connection, errors } = serveStream(() => streamOf(["a", 5, "b"]));
  client.send(get("/"));
  await settled();
  assert.equal(await connection.closed, "handler_error");
  assert.ok(errors[0] instanceof TypeError);
  assert.throws(() => parseResponses(client.text()));
});

test("a source is cancelled with its connection, and onError is not told", async () => {
  const { stream, controller, cancelled } = source();
  const { client, connection, errors } = serveStream(() => stream);
  client.send(get("/"));
  controller.enqueue("data: 1\n\n");
  await settled();
  client.reset(new Error("ECONNRESET"));
  assert.ok(await cancelled.promise instanceof Error);
  assert.equal(await connection.closed, "client_gone");
  assert.deepEqual(errors, []);
});

test("a quiet source is cancelled a second or two after its client has half-closed", async () => {
  const { stream, controller, cancelled } = source();
  const signals: AbortSignal[] = [];
  const fetch: FetchHandler = (request) => {
    signals.push(request.signal);
    return new Response(stream);
  };
  const { client, connection, clock, errors } = connect({ fetch });
  client.send(get("/"));
  controller.enqueue("data: 1\n\n");
  await settled();
  client.sendEnd();
  assert.ok(signals[0].aborted);
  clock.advance(SECOND / 2);
  assert.equal(connection.state, "active");
  clock.advance(2 * SECOND);
  assert.ok(await cancelled.promise instanceof Error);
  assert.equal(await connection.closed, "client_gone");
  assert.deepEqual(errors, []);
});

test("a source that goes on giving is sent whole to a client that has half-closed", async () => {
  const { stream, controller } = source();
  const { client, clock } = serveStream(() => stream);
  client.send(get("/"));
  client.sendEnd();
  for (let i = 0; i < 20; i++) {
    controller.enqueue("x");
    await settled();
    clock.advance(SECOND / 2);
  }
  controller.close();
  await settled();
  assert.equal(parseResponses(client.text())[0].body, "x".repeat(20));
});

test("a handler that takes longer still answers a client that has half-closed", async () => {
  const answer = new Deferred<Response>();
  const { client, clock } = connect({ fetch: () => answer.promise });
  client.send(get("/"));
  client.sendEnd();
  clock.advance(60 * SECOND);
  answer.resolve(new FastResponse("late"));
  await settled();
  assert.equal(parseResponses(client.text())[0].body, "late");
});

test("a stream of an exchange handler that pauses ends where its client has half-closed", async () => {
  const { client, connection, clock } = connect({
    exchange(x) {
      x.start(200);
      x.write("first");
    },
  });
  client.send(get("/"));
  client.sendEnd();
  clock.advance(3 * SECOND);
  assert.equal(await connection.closed, "client_gone");
});

test("what fails since the client has gone is not told to onError", async () => {
  for (const ends of ["half-closes", "resets"]) {
    const { client, errors, clock } = connect({
      fetch: (request) =>
        new Response(
          new ReadableStream({
            start(controller) {
              controller.enqueue("first");
              request.signal.addEventListener("abort", () => controller.error(new Error("upstream is gone")));
            },
          }),
        ),
    });
    client.send(get("/"));
    await settled();
    if (ends === "resets") client.reset();
    else client.sendEnd();
    await settled();
    clock.advance(3 * SECOND);
    assert.deepEqual(errors, [], ends);
  }
});

test("an upload that was broken off before its echo began is answered with 500, and not told to onError", async () => {
  const { client, errors } = connect({
    async fetch(request) {
      await settled();
      return new Response(request.body);
    },
  });
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
  client.sendEnd();
  for (let i = 0; i < 5; i++) await settled();
  assert.equal(parseResponses(client.text())[0].status, 500);
  assert.deepEqual(errors, []);
});

test("a handler that rejects with the signal's abort does not fail; with anything else it does", async () => {
  for (const own of [false, true]) {
    const { client, errors } = connect({
      fetch: (request) =>
        new Promise((_, reject) => {
          request.signal.addEventListener("abort", () =>
            reject(own ? new Error("own") : request.signal.reason));
        }),
    });
    client.send(get("/"));
    await settled();
    client.sendEnd();
    await settled();
    assert.deepEqual(errors.map(String), own ? ["Error: own"] : []);
  }
});
