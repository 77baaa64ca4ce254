/**
 * Fetch handlers: the request that they get, the responses that they give.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FastResponse } from "../../mod.ts";
import { ConnectionError, ExchangeError } from "../../src/api/errors.ts";
import type { ConnectionOptions, FetchHandler, FetchInfo } from "../../src/api/options.ts";
import {
  connect,
  type Connected,
  get,
  type ParsedResponse,
  parseResponses,
  post,
} from "../support/memory.ts";

/** Resolves once the server has nothing to do: all that is not timed has happened by then. */
async function quiet(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** What a handler answers to `request`, as the client reads it. */
async function ask(
  fetch: FetchHandler,
  request = get(),
  options: Partial<ConnectionOptions> = {},
): Promise<Connected & { responses: ParsedResponse[] }> {
  const connected = connect({ fetch, ...options });
  connected.client.send(request);
  await quiet();
  return { ...connected, responses: parseResponses(connected.client.text(), [request.split(" ")[0]]) };
}

/** The same test for each kind of `Response`. */
for (const kind of ["Response", "FastResponse"] as const) {
  // As in an app, the global is looked up when it is used.
  const make = (): typeof Response => kind === "Response" ? Response : FastResponse as typeof Response;
  const answer = async (body?: BodyInit | null, init?: ResponseInit): Promise<ParsedResponse> => {
    const { responses, errors } = await ask(() => new (make())(body, init));
    assert.deepEqual(errors, []);
    assert.equal(responses.length, 1);
    return responses[0];
  };

  test(`${kind} with text is sent with type and length`, async () => {
    const { status, headers, body } = await answer("grün", { status: 201, headers: { "x-a": "b" } });
    assert.equal(status, 201);
    assert.match(headers.get("content-type")!, /^text\/plain;\s?charset=utf-8$/i);
    assert.equal(headers.get("content-length"), "5");
    assert.equal(headers.get("x-a"), "b");
    assert.equal(body, "grün");
  });

  test(`${kind} with a content-type of yours keeps it`, async () => {
    for (
      const headers of [
        { "Content-Type": "text/html" },
        [["content-type", "text/html"]] as [string, string][],
        new Headers({ "content-type": "text/html" }),
      ]
    ) {
      assert.equal((await answer("<p>", { headers })).headers.get("content-type"), "text/html");
    }
  });

  test(`${kind} without a body is sent with length 0, and 204 without`, async () => {
    assert.equal((await answer(null)).headers.get("content-length"), "0");
    assert.equal((await answer(undefined)).headers.get("content-length"), "0");
    assert.equal((await answer(null, { status: 204 })).headers.has("content-length"), false);
    assert.equal((await answer("")).headers.get("content-length"), "0");
  });

  test(`${kind} with bytes, a Blob, URLSearchParams and FormData is sent`, async () => {
    assert.equal((await answer(new Uint8Array([104, 105]))).body, "hi");
    assert.equal((await answer(new Uint8Array([104, 105]).buffer)).body, "hi");
    const blob = await answer(new Blob(["blob"], { type: "text/css" }));
    assert.match(blob.headers.get("content-type")!, /^text\/css/);
    assert.equal(blob.body, "blob");
    assert.equal((await answer(new URLSearchParams({ a: "1" }))).body, "a=1");
    const form = new FormData();
    form.set("field", "value");
    const sent = await answer(form);
    assert.match(sent.headers.get("content-type")!, /^multipart\/form-data; ?boundary=/);
    assert.match(sent.body, /name="field"\r\n\r\nvalue\r\n/);
  });

  test(`${kind} with a stream is sent as it comes`, async () => {
    let send!: (text: string | null) => void;
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        send = (text) =>
          text === null ? controller.close() : controller.enqueue(new TextEncoder().encode(text));
      },
    });
    const { client } = connect({ fetch: () => new (make())(stream) });
    client.send(get());
    send("first ");
    await quiet();
    assert.match(client.text(), /transfer-encoding: chunked[^]*6\r\nfirst \r\n$/);
    send("second");
    send(null);
    await quiet();
    assert.equal(parseResponses(client.text())[0].body, "first second");
  });

  test(`${kind} with several Set-Cookie sends a line each`, async () => {
    const headers = new Headers();
    headers.append("set-cookie", "a=1");
    headers.append("set-cookie", "b=2");
    const { client } = await ask(() => new (make())("x", { headers }));
    assert.match(client.text(), /set-cookie: a=1\r\n[^]*set-cookie: b=2\r\n/);
  });

  test(`${kind} to HEAD sends no body`, async () => {
    const { responses } = await ask(() => new (make())("hello"), get().replace("GET", "HEAD") + get());
    assert.equal(responses[0].body, "");
    assert.equal(responses[1].body, "hello");
  });

  test(`${kind}.json() and redirect() are sent`, async () => {
    const { responses: [json] } = await ask(() =>
      make().json({ a: 1 }, { status: 202, headers: { "x-a": "b" } })
    );
    assert.equal(json.status, 202);
    assert.match(json.headers.get("content-type")!, /^application\/json/);
    assert.equal(json.headers.get("x-a"), "b");
    assert.equal(json.body, '{"a":1}');
    const { responses: [redirect] } = await ask(() => make().redirect("http://a.example/b"));
    assert.deepEqual([redirect.status, redirect.headers.get("location")], [302, "http://a.example/b"]);
  });

  test(`a ${kind} that was read, cloned or changed is sent as it is then`, async () => {
    const { responses } = await ask(async () => {
      const response = new (make())("hello");
      response.headers.set("x-later", "yes");
      assert.equal(await response.clone().text(), "hello");
      return response;
    });
    assert.equal(responses[0].body, "hello");
    assert.equal(responses[0].headers.get("x-later"), "yes");
  });

  test(`a ${kind} that was used up gives a 500`, async () => {
    const used = new (make())("once");
    await used.text();
    const { responses, errors } = await ask(() => used, get() + get());
    assert.deepEqual(responses.map(({ status }) => status), [500, 500]);
    assert.match(String(errors[0]), /used/);
  });
}

test("FastResponse is a Response, with every member of it", async () => {
  const response = new FastResponse("hello", { status: 202, headers: { a: "b" } });
  assert.ok(response instanceof Response);
  assert.ok(response instanceof FastResponse);
  assert.deepEqual([response.ok, response.status, response.type, response.bodyUsed], [
    true,
    202,
    "default",
    false,
  ]);
  assert.equal(response.headers.get("a"), "b");
  assert.ok(response.body instanceof ReadableStream);
  assert.equal(await response.text(), "hello");
  assert.equal(response.bodyUsed, true);
  assert.throws(() => new FastResponse("x", { status: 99 }), RangeError);
  assert.throws(() => new FastResponse("x", { status: 204 }), TypeError);
  assert.throws(() => FastResponse.json(undefined), TypeError);
});

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

test("a stream whose client went away is cancelled", async () => {
  let cancelled: unknown;
  const { client, errors } = connect({
    fetch: () =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new Uint8Array(10)),
          cancel: (reason) => void (cancelled = reason),
        }),
      ),
  });
  client.send(get());
  await quiet();
  client.reset();
  await quiet();
  assert.ok(cancelled instanceof ConnectionError);
  assert.deepEqual(errors, []);
});

test("a stream is pulled no faster than the client takes it", async () => {
  let pulled = 0;
  const { client } = connect({
    fetch: () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            if (++pulled > 20) controller.close();
            else controller.enqueue(new Uint8Array(64 * 1024));
          },
        }, { highWaterMark: 0 }),
      ),
  });
  client.takesWrites = false;
  client.send(get());
  await quiet();
  assert.ok(pulled <= 3, `${pulled} chunks were pulled`);
  client.drain();
  await quiet();
  assert.equal(parseResponses(client.text())[0].body.length, 20 * 64 * 1024);
});

test("a stream that errors midway ends the connection without a clean end", async () => {
  const { client, errors } = connect({
    fetch: () =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new Uint8Array(1)),
          async pull(controller) {
            await quiet();
            controller.error(new Error("source broke"));
          },
        }),
      ),
  });
  client.send(get() + get());
  await quiet();
  await quiet();
  assert.doesNotMatch(client.text(), /\n0\r\n\r\n$/);
  assert.equal(client.closed, true);
  assert.match(String(errors[0]), /source broke/);
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

test("a header that cannot travel gives a 500", async () => {
  const { responses } = await ask(() => new FastResponse("x", { headers: { "x-a": "a\r\nb: c" } }));
  assert.deepEqual(responses.map(({ status }) => status), [500]);
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

test("a stream that is answered after the client went away is cancelled", async () => {
  let cancelled = false;
  let answer!: (response: Response) => void;
  const { client, errors } = connect({ fetch: () => new Promise<Response>((resolve) => answer = resolve) });
  client.send(get());
  client.reset();
  answer(new Response(new ReadableStream({ cancel: () => void (cancelled = true) })));
  await quiet();
  assert.equal(cancelled, true);
  assert.deepEqual(errors, []);
});
