/**
 * Fetch handlers: the request that they get, when it is over, and what becomes of their failures.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FastResponse } from "../../mod.ts";
import { ConnectionError, ExchangeError } from "../../src/api/errors.ts";
import type { FetchHandler, FetchInfo } from "../../src/api/fetch.ts";
import { ask, quiet } from "../support/fetch_answers.ts";
import { connect, get, parseResponses, post } from "../support/memory.ts";

test("the request is a Request, and reads as it was sent", async () => {
  const { errors } = await ask(async (request, info) => {
    assert.ok(request instanceof Request);
    assert.equal(request.method, "POST");
    assert.equal(request.url, "http://a.example/path?q=1");
    assert.ok(request.headers instanceof Headers);
    assert.equal(request.headers.get("X-A"), "1, 2");
    assert.equal(request.headers.has("x-b"), false);
    assert.deepEqual([...request.headers.keys()], ["content-length", "host", "x-a"]);
    assert.equal(new Headers(request.headers).get("x-a"), "1, 2");
    assert.equal(request.bodyUsed, false);
    assert.ok(request.signal instanceof AbortSignal);
    assert.equal(request.redirect, "follow");
    assert.equal(info.connection.requests, 1);
    assert.equal(await request.text(), "body");
    assert.equal(request.bodyUsed, true);
    await assert.rejects(request.text(), TypeError);
    return new Response();
  }, post("body", "/path?q=1", "X-A: 1", "x-a: 2"));
  assert.deepEqual(errors, []);
});

test("the body reads as bytes, JSON, Blob, FormData, buffer and stream", async () => {
  const read: unknown[] = [];
  const { errors } = await ask(
    async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/bytes") read.push([...await request.bytes()]);
      if (pathname === "/json") read.push(await request.json());
      if (pathname === "/blob") read.push(await (await request.blob()).text());
      if (pathname === "/form") read.push((await request.formData()).get("a"));
      if (pathname === "/buffer") read.push((await request.arrayBuffer()).byteLength);
      if (pathname === "/stream") {
        for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
          read.push(chunk.length);
        }
      }
      if (pathname === "/none") read.push(request.body, await request.text());
      return new Response();
    },
    post("hi", "/bytes") + post("[1]", "/json") + post("blob", "/blob") +
      post("a=b", "/form", "Content-Type: application/x-www-form-urlencoded") + post("four", "/buffer") +
      post("stream", "/stream") + get("/none"),
  );
  assert.deepEqual(errors, []);
  assert.deepEqual(read, [[104, 105], [1], "blob", "b", 4, 6, null, ""]);
});

test("the request's body can be the response's", async () => {
  const { responses, errors } = await ask(
    (request) => new Response(request.body),
    post("echo") + post("again"),
  );
  assert.deepEqual(errors, []);
  assert.deepEqual(responses.map(({ body }) => body), ["echo", "again"]);
});

test("a request can be cloned, wrapped and derived from", async () => {
  const { errors } = await ask(async (request) => {
    const clone = request.clone();
    assert.equal(await clone.text(), "body");
    assert.equal(await request.text(), "body");
    return new Response();
  }, post("body", "/", "X-A: 1"));
  assert.deepEqual(errors, []);
  const derived = await ask(async (request) => {
    const wrapped = new Request(request, { headers: { "x-b": "2" } });
    assert.equal(wrapped.method, "POST");
    assert.equal(wrapped.headers.get("x-b"), "2");
    assert.equal(await wrapped.text(), "body");
    return new Response();
  }, post("body"));
  assert.deepEqual(derived.errors, []);
  const init = await ask(async (request) => {
    const { method, headers } = new Request("http://b.example/", request);
    assert.deepEqual([method, headers.get("x-a")], ["GET", "1"]);
    return new Response();
  }, get("/", "X-A: 1"));
  assert.deepEqual(init.errors, []);
});

test("headers of the request can be changed", async () => {
  const { errors } = await ask((request) => {
    request.headers.set("x-added", "1");
    request.headers.delete("host");
    assert.equal(request.headers.get("x-added"), "1");
    assert.equal(request.headers.has("host"), false);
    return new Response();
  });
  assert.deepEqual(errors, []);
});

test("a request stays readable after the response, its body aside", async () => {
  const kept: [Request, FetchInfo][] = [];
  const { client } = connect({
    fetch(request, info) {
      kept.push([request, info]);
      return request.url.endsWith("/slow") ? Promise.resolve(new Response()) : new FastResponse();
    },
  });
  client.send(post("unread", "/1", "X-A: 1") + get("/slow", "X-A: 2") + get("/3", "X-A: 3"));
  await quiet();
  client.send(get("/4", "X-A: 4"));
  await quiet();
  assert.deepEqual(kept.map(([{ headers }]) => headers.get("x-a")), ["1", "2", "3", "4"]);
  assert.deepEqual(kept.map(([{ url }]) => new URL(url).pathname), ["/1", "/slow", "/3", "/4"]);
  await Promise.all(kept.map(([, { completed }]) => completed));
  await assert.rejects(kept[0][0].text(), ExchangeError);
  assert.equal(kept[0][0].signal.aborted, false);
});

test("completed resolves also where the rest of the body never comes", async () => {
  let info!: FetchInfo;
  const { client, clock } = connect({
    fetch(_request, given) {
      info = given;
      return new FastResponse("early");
    },
  });
  client.send(post("hello").slice(0, -2));
  clock.advance(1000);
  await info.completed;
  assert.equal(parseResponses(client.text())[0].body, "early");
});

test("completed rejects, and the signal aborts, when the client goes away", async () => {
  let request!: Request, info!: FetchInfo;
  const { client } = connect({
    fetch(...args) {
      [request, info] = args;
      return new Promise<Response>(() => {});
    },
  });
  client.send(get());
  const { signal } = request;
  client.reset();
  assert.equal(signal.aborted, true);
  await assert.rejects(info.completed, ConnectionError);
});

test("a handler that throws, rejects or returns no Response gives a 500, and the connection goes on", async () => {
  const failing = [
    () => {
      throw new Error("thrown");
    },
    () => Promise.reject(new Error("rejected")),
    () => undefined,
    () => null,
    () => "text",
    () => Promise.resolve({}),
  ] as unknown as FetchHandler[];
  for (const fetch of failing) {
    const { responses, errors, connection } = await ask(fetch, post("unread") + get());
    assert.deepEqual(responses.map(({ status }) => status), [500, 500]);
    assert.equal(errors.length, 2);
    assert.equal(connection.state, "idle");
  }
});

test("onError may answer instead, and may itself fail", async () => {
  const fetch = (): Response => {
    throw new Error("teapot");
  };
  const { responses } = await ask(fetch, get(), {
    onError: (error, request) =>
      new Response(`${request!.method} ${(error as Error).message}`, { status: 418 }),
  });
  assert.deepEqual(responses.map(({ status, body }) => [status, body]), [[418, "GET teapot"]]);
});

test("a request whose body was read still tells everything else", async () => {
  const { errors } = await ask(async (request) => {
    await request.text();
    assert.equal(request.redirect, "follow");
    assert.equal(request.bodyUsed, true);
    assert.equal(request.headers.get("host"), "a.example");
    return new Response();
  }, post("body"));
  assert.deepEqual(errors, []);
});

test("bodyUsed tells of a stream that was read", async () => {
  const { errors } = await ask(async (request) => {
    assert.equal(request.bodyUsed, false);
    await request.body!.getReader().read();
    assert.equal(request.bodyUsed, true);
    await assert.rejects(request.text(), TypeError);
    return new Response();
  }, post("body"));
  assert.deepEqual(errors, []);
});
