/**
 * What is published of requests by `node:diagnostics_channel`: a start and an end of each, whatever becomes of it.
 */
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { channel } from "node:diagnostics_channel";
import { test } from "node:test";
import { type ConnectionOptions, createServer, FastResponse, type TracedRequest } from "../../mod.ts";
import { MemoryTransport } from "../../testing.ts";
import { get, post } from "../support/memory.ts";
import { until } from "../support/until.ts";

const START = "mooring.request.start";
const END = "mooring.request.end";

/** What was published, in order. */
interface Told {
  readonly starts: TracedRequest[];
  readonly ends: TracedRequest[];
}

/** Serves one connection, on which `requests` are sent, and listens; ends once `count` ends were published. */
async function trace(
  options: ConnectionOptions,
  requests: string,
  count: number,
  use: (client: MemoryTransport) => unknown = () => {},
): Promise<Told> {
  const told: Told = { starts: [], ends: [] };
  const onStart = (message: unknown): void => void told.starts.push(message as TracedRequest);
  const onEnd = (message: unknown): void => {
    const request = message as TracedRequest;
    assert.ok(told.starts.includes(request), "its start came before");
    assert.ok(!told.ends.includes(request), "it ends once");
    told.ends.push(request);
  };
  channel(START).subscribe(onStart);
  channel(END).subscribe(onEnd);
  const server = createServer({ onError: () => {}, ...options });
  try {
    const client = new MemoryTransport();
    server.accept(client);
    client.send(requests);
    await use(client);
    await until(() => told.ends.length, count, "the ends");
    assert.equal(told.starts.length, count);
  } finally {
    await server.close();
    channel(START).unsubscribe(onStart);
    channel(END).unsubscribe(onEnd);
  }
  return told;
}

/** What is the same each time. */
function summary({ method, target, status, bytesReceived, error }: TracedRequest): unknown[] {
  const { code, message } = (error ?? {}) as { code?: string; message?: string };
  return [method, target, status, bytesReceived, code ?? message];
}

const handlers: Record<string, ConnectionOptions> = {
  exchange: {
    async exchange(x) {
      if (x.target === "/throws") throw new Error("broken");
      if (x.target === "/later") await new Promise((resolve) => setTimeout(resolve, 5));
      const body = x.hasBody ? await x.text() : "";
      x.respond(x.target === "/404" ? 404 : 200, {}, `${body} answered`);
    },
  },
  fetch: {
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/throws") throw new Error("broken");
      if (pathname === "/later") await new Promise((resolve) => setTimeout(resolve, 5));
      const body = request.body === null ? "" : await request.text();
      return new FastResponse(`${body} answered`, { status: pathname === "/404" ? 404 : 200 });
    },
  },
};

for (const [kind, options] of Object.entries(handlers)) {
  test(`requests to ${kind} handlers are published with their outcome`, async () => {
    const requests = get("/a?b=1") + post("hello", "/") + get("/404") + get("/throws") + get("/later");
    const { starts, ends } = await trace(options, requests, 5);
    assert.deepEqual(ends.map(summary), [
      ["GET", "/a?b=1", 200, 0, undefined],
      ["POST", "/", 200, 5, undefined],
      ["GET", "/404", 404, 0, undefined],
      ["GET", "/throws", 500, 0, "broken"],
      ["GET", "/later", 200, 0, undefined],
    ]);
    assert.deepEqual(starts, ends);
    const { startTime, endTime, connection } = ends[4];
    assert.ok(endTime! - startTime >= 4, `${endTime! - startTime} ms`);
    assert.ok(ends.every((request) => request.connection === connection));
    assert.ok(ends.every(({ bytesSent }) => bytesSent > 100 && bytesSent < 400));
  });
}

test("bytesSent is what of the response was written, head and framing included", async () => {
  let client: MemoryTransport | undefined;
  const { ends } = await trace(
    {
      fetch: () =>
        new Response(
          new ReadableStream({
            start(controller) {
              controller.enqueue(new Uint8Array(100_000));
              controller.close();
            },
          }),
        ),
    },
    get(),
    1,
    (made) => client = made,
  );
  const sent = client!.text().length;
  assert.ok(sent > 100_000);
  assert.equal(ends[0].bytesSent, sent);
});

test("a start has the fields, which the end has no more", async () => {
  const seen: unknown[] = [];
  const onStart = (message: unknown): void => {
    const request = message as TracedRequest;
    seen.push(request.header("TraceParent"), request.header("nothing"), request.status, request.endTime);
  };
  channel(START).subscribe(onStart);
  try {
    const { ends } = await trace(handlers.fetch, get("/", "traceparent: 00-a-b-01"), 1);
    assert.deepEqual(seen, ["00-a-b-01", null, undefined, undefined]);
    assert.equal(ends[0].header("traceparent"), null);
  } finally {
    channel(START).unsubscribe(onStart);
  }
});

test("what is refused before a handler is called has a start and an end", async () => {
  const rows: [requests: string, expected: unknown[]][] = [
    ["GET / HTTP/1.1\r\n\r\n", [undefined, undefined, 400, 0, "bad_host"]],
    [`GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, [
      undefined,
      undefined,
      431,
      0,
      "head_too_large",
    ]],
    ["POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n", ["POST", "/up", 413, 0, "body_too_large"]],
  ];
  for (const [requests, expected] of rows) {
    const { ends } = await trace({ ...handlers.fetch, maxBodyBytes: 10 }, requests, 1);
    assert.deepEqual(summary(ends[0]), expected);
    assert.ok(ends[0].bytesSent > 50);
  }
  const slow = await trace({ ...handlers.fetch, headerTimeout: 300 }, "GET / HTTP/1.1\r\nHo", 1);
  assert.deepEqual(summary(slow.ends[0]), [undefined, undefined, 408, 0, "head_timeout"]);
});

test("what is refused in its body, and clients that leave, are published as errors", async () => {
  const malformed = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n";
  const refused = await trace(handlers.fetch, malformed, 1);
  const [method, target, status] = summary(refused.ends[0]);
  assert.deepEqual([method, target, status], ["POST", "/", 400]);
  assert.equal((refused.ends[0].error as Error).name, "ProtocolError");

  const left = await trace(
    { fetch: () => new Promise<never>(() => {}) },
    get(),
    1,
    (client) => client.reset(),
  );
  assert.deepEqual(summary(left.ends[0]), ["GET", "/", undefined, 0, "peer_gone"]);
});

test("the status is that of the response, whatever the body is refused with after it has begun", async () => {
  const exchange: ConnectionOptions["exchange"] = async (x) => {
    x.start(200);
    x.write("begun");
    await x.text();
  };
  const malformed = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n";
  const { ends: [end] } = await trace({ exchange }, malformed, 1);
  assert.deepEqual(summary(end).slice(2), [200, 0, "bad_chunk"]);
});

test("an upgrade ends with 101", async () => {
  const { ends } = await trace(
    { fetch: (_request, info) => info.upgrade().response },
    get("/", "connection: upgrade", "upgrade: echo"),
    1,
  );
  assert.deepEqual(summary(ends[0]), ["GET", "/", 101, 0, undefined]);
});

test("a silent upgrade ends with 101, and without a byte of its own", async () => {
  const { ends } = await trace(
    { fetch: (_request, info) => info.upgrade({ silent: true }).response },
    get("/", "connection: upgrade", "upgrade: echo"),
    1,
  );
  assert.deepEqual([ends[0].status, ends[0].bytesSent], [101, 0]);
});

test("a store that is bound to the start is there for all that the handler does", async () => {
  const storage = new AsyncLocalStorage<string | undefined>();
  const start = channel(START);
  start.bindStore(storage, (message) => (message as TracedRequest).target);
  const seen: unknown[] = [];
  try {
    const requests = get("/1") + get("/2") + get("/3");
    await trace(
      {
        async fetch() {
          const before = storage.getStore();
          await new Promise((resolve) => setTimeout(resolve, 1));
          seen.push([before, storage.getStore()]);
          return new FastResponse("done");
        },
      },
      requests,
      3,
    );
  } finally {
    start.unbindStore(storage);
  }
  assert.deepEqual(seen, [["/1", "/1"], ["/2", "/2"], ["/3", "/3"]]);
});

test("who listens may close the connection", async () => {
  for (const name of [START, END]) {
    const close = (message: unknown): void => (message as TracedRequest).connection.close();
    channel(name).subscribe(close);
    try {
      const { ends } = await trace(handlers.fetch, get(), 1);
      assert.equal(ends[0].status, name === START ? undefined : 200);
    } finally {
      channel(name).unsubscribe(close);
    }
  }
});

test("nothing is published of a request that began when nobody listened", async () => {
  let answer = (): void => {};
  const server = createServer({
    fetch: () => new Promise((resolve) => answer = () => resolve(new FastResponse("done"))),
  });
  const client = new MemoryTransport();
  server.accept(client);
  client.send(get());
  const told: unknown[] = [];
  const listen = (message: unknown): void => void told.push(message);
  channel(END).subscribe(listen);
  answer();
  await until(() => client.text().endsWith("done"), true, "the answer");
  await server.close();
  channel(END).unsubscribe(listen);
  assert.deepEqual(told, []);
});
