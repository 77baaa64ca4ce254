/**
 * What users of other servers have reported about Request, Response and streams, held against Mooring: each row names
 * the report's project, and what is right.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { type Ask, ask, assertRight, open, type Right } from "../support/frameworks/answers.ts";
import { type Application, onMooring, type Serving } from "../support/frameworks/servers.ts";
import { inTime } from "../support/deadline.ts";
import { until } from "../support/until.ts";
import type { WireClient } from "../support/wire_client.ts";

/** Registers a test of one request and its answer. */
function answers(name: string, application: Application, request: Ask, right: Right): void {
  test(name, async () => {
    await using mooring = await onMooring(application);
    assertRight(await ask(mooring.port, request), right);
    assert.deepEqual(mooring.errors, []);
  });
}

/** Registers a test that talks on a connection by itself. */
function talks(
  name: string,
  application: Application,
  request: Ask,
  talk: (client: WireClient, mooring: Serving) => Promise<void>,
): void {
  test(name, async () => {
    await using mooring = await onMooring(application);
    using client = await open(mooring.port, request);
    await inTime(talk(client, mooring), name);
  });
}

const path = "/";
const encoder = new TextEncoder();
const streamOf = (...chunks: string[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(encoder.encode(chunk));
      controller.close();
    },
  });
const post = (body: string): Ask => ({ method: "POST", path, body });
/** What an attempt gave, or the name of the error. */
const outcome = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then((value) => value, (error: Error) => error.name);

// Responses.

answers(
  "node-server 304: a field that is appended after the response was made is sent by its copies, too",
  () => {
    const made = new Response("hello", { headers: { "content-type": "text/plain" } });
    made.headers.append("set-cookie", "session=abc; Path=/");
    return new Response(made.body, made);
  },
  { path },
  { text: "hello", fields: { "set-cookie": "session=abc; Path=/" } },
);

answers(
  "node-server 309: fields may be pairs",
  () => new Response("hello", { headers: [["x-a", "1"], ["x-a", "2"], ["content-type", "x/y"]] }),
  { path },
  { text: "hello", fields: { "x-a": "1, 2", "content-type": "x/y" } },
);

test("node-server 308, bun 10507, bun 28186: a stream's content-length is sent", async () => {
  await using mooring = await onMooring(() =>
    new Response(streamOf("12", "345"), { headers: { "content-length": "5" } })
  );
  using client = await open(mooring.port, { path });
  const { headers, text } = await client.response();
  assert.deepEqual([headers.get("content-length"), headers.get("transfer-encoding"), text], [
    "5",
    undefined,
    "12345",
  ]);
});

test("bun 15355, deno 35728: HEAD tells the content-length that the handler gives with no body", async () => {
  await using mooring = await onMooring(() => new Response(null, { headers: { "content-length": "1000" } }));
  using client = await open(mooring.port, { method: "HEAD", path });
  const { headers } = await client.response(true);
  assert.equal(headers.get("content-length"), "1000");
});

talks(
  "bun 28019: HTTP/1.0 gets a stream as it is, and the end of the connection",
  () => new Response(streamOf("Hello", " Bun", "!\n".repeat(1000))),
  { path: "/never", headers: { connection: "close" } },
  async (_, mooring) => {
    using client = await open(mooring.port, { path: "/ HTTP/1.0\r\nx-rest:" });
    const wire = Buffer.from(await client.readToEnd()).toString();
    assert.doesNotMatch(wire, /transfer-encoding/i);
    assert.ok(wire.endsWith(`\r\n\r\nHello Bun${"!\n".repeat(1000)}`));
  },
);

answers(
  "srvx 228: a view sends its window, not its buffer",
  () => {
    const bytes = encoder.encode("before window after");
    return new Response(new DataView(bytes.buffer, 7, 6));
  },
  { path },
  { text: "window" },
);

answers("srvx 7: a response of text is not empty", () => new Response("hello world"), { path }, {
  text: "hello world",
});

answers(
  "node-server 304 with clone(): both have the fields",
  async () => {
    const made = new Response("hello", { headers: { "x-a": "1" } });
    made.headers.append("x-b", "2");
    const copy = made.clone();
    return new Response(`${await copy.text()} ${copy.headers.get("x-b")}`, made);
  },
  { path },
  { text: "hello 2", fields: { "x-a": "1", "x-b": "2" } },
);

answers(
  "undici 1122: a response without a body can be cloned",
  () => new Response(null, { status: 201 }).clone(),
  {
    path,
  },
  { status: 201, text: "" },
);

answers(
  "js-compute-runtime 47: several cookies in Headers stay apart",
  () => {
    const headers = new Headers();
    for (const cookie of ["a=1", "b=2", "c=3"]) headers.append("set-cookie", cookie);
    return new Response([...headers].length + new Response(null, { headers }).headers.getSetCookie().join(), {
      headers,
    });
  },
  { path },
  { text: "3a=1,b=2,c=3", fields: { "set-cookie": "a=1, b=2, c=3" } },
);

answers(
  "deno 14636: a content-encoding that the handler gives is left alone",
  () => new Response(new Uint8Array([1, 2, 3]), { headers: { "content-encoding": "deflate" } }),
  {
    path,
    headers: { "accept-encoding": "gzip" },
  },
  { text: "\x01\x02\x03", fields: { "content-encoding": "deflate" } },
);

test("srvx of bun 28186: a file as a stream of node:stream is sent whole", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mooring-file-"));
  try {
    const file = join(folder, "file");
    writeFileSync(file, "0123456789".repeat(30_000));
    await using mooring = await onMooring(() =>
      new Response(Readable.toWeb(createReadStream(file)) as unknown as ReadableStream<Uint8Array>)
    );
    assert.equal((await ask(mooring.port, { path })).body.length, 300_000);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

// Streams.

/** Events, one each few milliseconds; and what became of the stream. */
function ticking(): { fetch: Application; seen: string[] } {
  const seen: string[] = [];
  const fetch: Application = (request) => {
    request.signal.addEventListener("abort", () => seen.push("aborted"));
    let timer: ReturnType<typeof setInterval>;
    const stream = new ReadableStream({
      start(controller) {
        timer = setInterval(() => controller.enqueue(encoder.encode("data: tick\n\n")), 5);
      },
      cancel() {
        clearInterval(timer);
        seen.push("cancelled");
      },
    });
    return new Response(stream, { headers: { "content-type": "text/event-stream" } });
  };
  return { fetch, seen };
}

test("node-server 279, bun 8334, bun 28636, deno 10854: a client that leaves cancels the stream, and aborts", async () => {
  const { fetch, seen } = ticking();
  await using mooring = await onMooring(fetch);
  using client = await open(mooring.port, { path });
  await client.readUntil("tick\n\n");
  client.reset();
  await until(() => seen.toSorted().join(), "aborted,cancelled", "what the handler saw");
  assert.deepEqual(mooring.errors, []);
});

test("node-server 239: enqueue() after the client has left breaks nothing but itself", async () => {
  const thrown: unknown[] = [];
  let over = false;
  await using mooring = await onMooring(() =>
    new Response(
      new ReadableStream({
        start(controller) {
          const timer = setInterval(() => {
            try {
              controller.enqueue(encoder.encode("data"));
            } catch (error) {
              thrown.push(error);
              clearInterval(timer);
              over = true;
            }
          }, 2);
        },
      }),
    )
  );
  using client = await open(mooring.port, { path });
  await client.readUntil("data");
  client.reset();
  await until(() => over, true, "enqueue() threw");
  assert.ok(thrown[0] instanceof TypeError);
  assert.equal((await ask(mooring.port, { path, method: "HEAD" })).status, 200);
});

test("bun 33813: a cancel() that throws ends nothing but the stream", async () => {
  let cancelled = 0;
  await using mooring = await onMooring(() =>
    new Response(
      new ReadableStream({
        pull: (controller) => void controller.enqueue(encoder.encode("P".repeat(8))),
        cancel() {
          cancelled++;
          throw new Error("thrown in cancel()");
        },
      }),
    )
  );
  using client = await open(mooring.port, { path });
  await client.readUntil("P");
  client.reset();
  await until(() => cancelled, 1, "cancel() was called");
});

test("bun 33227, bun 19211: fetch's reader.cancel() aborts the request on the server", async () => {
  const { fetch: application, seen } = ticking();
  await using mooring = await onMooring(application);
  const response = await fetch(`http://127.0.0.1:${mooring.port}/`);
  const reader = response.body!.getReader();
  await reader.read();
  await reader.cancel();
  await until(() => seen.includes("aborted"), true, "the request was aborted");
});

answers(
  "bun 17174: cancel() is not called when a stream has ended",
  async () => {
    let cancelled = false;
    const first = new ReadableStream({
      start(controller) {
        controller.enqueue(encoder.encode("Hello"));
        controller.close();
      },
      cancel: () => void (cancelled = true),
    });
    const text = await new Response(first).text();
    return new Response(`${text} ${cancelled}`);
  },
  { path },
  { text: "Hello false" },
);

test("srvx 92: a stream that fails inside ends its connection, and no other", async () => {
  await using mooring = await onMooring((request) =>
    new Response(
      new ReadableStream<string>({
        async start(controller) {
          controller.enqueue("hello\n");
          await new Promise((resolve) => setTimeout(resolve, 20));
          if (request.url.endsWith("/error")) throw new Error("boom");
          controller.close();
        },
      }).pipeThrough(new TextEncoderStream() as never) as unknown as ReadableStream,
    )
  );
  using client = await open(mooring.port, { path: "/error" });
  await client.readUntil("hello\n");
  const rest = Buffer.from(await client.readToEnd().catch(() => new Uint8Array())).toString();
  assert.ok(!rest.endsWith("0\r\n\r\n"), "it does not look complete");
  assert.equal((await ask(mooring.port, { path })).text, "hello\n");
  assert.equal(mooring.errors.length, 1);
});

talks(
  "deno 36624: a body can be read on while its answer streams",
  (request) => {
    const { readable, writable } = new TransformStream();
    void (async () => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      await request.body!.pipeTo(writable);
    })();
    return new Response(readable);
  },
  { method: "POST", path, headers: { "transfer-encoding": "chunked" }, body: "3\r\none\r\n" },
  async (client) => {
    await client.readUntil("one");
    await client.send("3\r\ntwo\r\n0\r\n\r\n");
    await client.readUntil("two");
    await client.readUntil("0\r\n\r\n");
  },
);

// Requests.

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
