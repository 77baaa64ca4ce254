/**
 * What users of other servers have reported about streams, held against Mooring: each row names the report's
 * project, and what is right.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { ask, open } from "../support/frameworks/answers.ts";
import { type Application, onMooring } from "../support/frameworks/servers.ts";
import { answers, talks } from "../support/frameworks/user_reports.ts";
import { until } from "../support/until.ts";

const path = "/";
const encoder = new TextEncoder();

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
