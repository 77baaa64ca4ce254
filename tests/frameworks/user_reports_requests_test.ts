/**
 * What users of other servers have reported about Request, held against Mooring: each row names the report's
 * project, and what is right.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ask, open } from "../support/frameworks/answers.ts";
import { onMooring } from "../support/frameworks/servers.ts";
import { inTime } from "../support/deadline.ts";
import { answers } from "../support/frameworks/user_reports.ts";
import { until } from "../support/until.ts";

const path = "/";
const post = (body: string): Ask => ({ method: "POST", path, body });

/** What an attempt gave, or the name of the error. */
const outcome = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then((value) => value, (error: Error) => error.name);

answers(
  "node-server 161: a Host with a path is refused",
  (request) => new Response(request.url),
  { path, headers: { host: "localhost/?key=value" } },
  { status: 400 },
);

answers(
  "node-server 228: a target in absolute form is taken",
  (request) => new Response(request.url),
  { path: "http://localhost:8081/foo?a", headers: { host: "localhost:8081" } },
  { text: "http://localhost:8081/foo?a" },
);

answers(
  "node-server 123: dots are resolved in the URL",
  (request) => new Response(request.url),
  { path: "/static/../foo.txt" },
  { text: "http://a.example/foo.txt" },
);

answers(
  "hapi 3965: two slashes in front are a path",
  (request) => new Response(new URL(request.url).pathname + new URL(request.url).host),
  { path: "//evil.example/path" },
  { text: "//evil.example/patha.example" },
);

answers(
  "srvx 247, srvx 254: what was read cannot be read again in any other way",
  async (request) => {
    await request.text();
    const again = [request.text(), request.json(), request.arrayBuffer(), request.blob(), request.formData()];
    return Response.json([await Promise.all(again.map(outcome)), request.bodyUsed]);
  },
  post("hi"),
  { json: [Array(5).fill("TypeError"), true] },
);

answers(
  "srvx 254: what was drained by its stream counts as read",
  async (request) => {
    const reader = request.body!.getReader();
    while (!(await reader.read()).done);
    reader.releaseLock();
    return Response.json([request.bodyUsed, await outcome(request.arrayBuffer())]);
  },
  post("hi"),
  { json: [true, "TypeError"] },
);

answers(
  "srvx 228: GET and HEAD have no body, in whatever order they are asked",
  async (request) => Response.json([request.mode !== undefined, request.body, await request.text()]),
  { path },
  { json: [true, null, ""] },
);

answers(
  "undici 945, clerk 8708: a clone and the request are both read",
  async (request) => {
    const copy = request.clone();
    return Response.json([await copy.json(), await request.json()]);
  },
  post('{"a":1}'),
  { json: [{ a: 1 }, { a: 1 }] },
);

answers(
  "undici 4150: reading a clone does not use the request",
  async (request) => {
    const text = await request.clone().text();
    await new Promise((resolve) => setTimeout(resolve, 10));
    return Response.json([text, request.bodyUsed, await request.text()]);
  },
  post("body"),
  { json: ["body", false, "body"] },
);

answers(
  "undici 2445: a copy's fields are its own",
  (request) => {
    const copy = new Request(request);
    copy.headers.set("x-a", "2");
    copy.headers.append("x-b", "3");
    return Response.json([request.headers.get("x-a"), request.headers.get("x-b"), copy.headers.get("x-a")]);
  },
  { path, headers: { "x-a": "1" } },
  { json: ["1", null, "2"] },
);

answers(
  "node-server 149: a request is taken as the init of another",
  async (request) => {
    const copy = new Request("http://b.example/other", request);
    return Response.json([copy.url, copy.method, copy.headers.get("x-a"), await copy.text()]);
  },
  { ...post("body"), headers: { "x-a": "1" } },
  { json: ["http://b.example/other", "POST", "1", "body"] },
);

answers(
  "svelte-adapter-bun 14, bun 3969: formData() of a request whose stream nobody touched",
  async (request) => new Response((await request.formData()).get("a") as string),
  { ...post("a=gr%C3%BCn"), headers: { "content-type": "application/x-www-form-urlencoded" } },
  { text: "grün" },
);

test("deno 34830: a body that comes in pieces is forwarded whole", async () => {
  await using behind = await onMooring(async (request) => new Response(await request.text()));
  await using front = await onMooring(async (request) => {
    const init = { method: "POST", body: request.body, duplex: "half" } as RequestInit;
    return new Response(await (await fetch(`http://127.0.0.1:${behind.port}/`, init)).text());
  });
  using client = await open(front.port, {
    method: "POST",
    path,
    headers: { "content-length": "9" },
    body: "one",
  });
  await client.send("two");
  await client.send("six");
  assert.equal((await inTime(client.response(), "the answer")).text, "onetwosix");
});

test("node-server 246, 327: a large body that nobody reads does not keep its answer from the client", async () => {
  await using mooring = await onMooring((request) => {
    void request.body?.cancel();
    return new Response("too large", { status: 413 });
  });
  const size = 4 * 1024 * 1024;
  using client = await open(mooring.port, { method: "POST", path, headers: { "content-length": `${size}` } });
  const sent = client.send(new Uint8Array(size)).catch(() => {});
  const { status, text } = await inTime(client.response(), "the answer");
  assert.deepEqual([status, text], [413, "too large"]);
  client.reset();
  await sent;
});

test("deno 27005: a request is not aborted when it was answered", async () => {
  let aborted = false;
  await using mooring = await onMooring((request) => {
    request.signal.addEventListener("abort", () => aborted = true);
    return new Response("hello");
  });
  using client = await open(mooring.port, { path });
  assert.equal((await client.response()).text, "hello");
  await client.send("GET /two HTTP/1.1\r\nHost: a.example\r\n\r\n");
  await client.response();
  assert.equal(aborted, false);
});

test("deno 21590, 21653, 17919: a request is aborted while its handler waits, with an AbortError", async () => {
  let reason: unknown;
  let asked = false;
  await using mooring = await onMooring((request) => {
    asked = true;
    return new Promise((resolve) =>
      request.signal.addEventListener("abort", () => {
        reason = request.signal.reason;
        resolve(new Response("late"));
      })
    );
  });
  using client = await open(mooring.port, { path });
  await until(() => asked, true, "the handler was called");
  client.reset();
  await until(() => reason !== undefined, true, "the request was aborted");
  assert.equal((reason as Error).name, "AbortError");
});
