/**
 * Hono, with the middleware that its users take.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { compress } from "hono/compress";
import { getCookie, setCookie } from "hono/cookie";
import { cors } from "hono/cors";
import { etag } from "hono/etag";
import { HTTPException } from "hono/http-exception";
import { proxy } from "hono/proxy";
import { stream, streamSSE } from "hono/streaming";
import {
  ask,
  assertRight,
  multipart,
  open,
  type Row,
  testAnswers,
  testClientLeaves,
} from "../support/frameworks/answers.ts";
import { type Application, onMooring, onPeer } from "../support/frameworks/servers.ts";
import { connect, get, parseResponses, settled } from "../support/memory.ts";

const LONG = "a line that repeats itself\n".repeat(200);

const page = new Hono().get("/page", (c) => c.text(`${c.req.path} ${new URL(c.req.raw.url).pathname}`));

/** The application. */
function make(): Application {
  const app = new Hono();
  app.use("/compressed/*", compress());
  app.use("/etag/*", etag());
  app.use("/cors/*", cors({ origin: ["http://b.example"], credentials: true, maxAge: 600 }));
  app.use("/limited/*", bodyLimit({ maxSize: 1024, onError: (c) => c.text("too large", 413) }));

  app.get("/", (c) => c.text("hello"));
  app.get("/users/:id", (c) => c.json({ id: c.req.param("id"), sort: c.req.query("sort") }));
  app.get("/compressed/text", (c) => c.text(LONG));
  app.get("/compressed/stream", (c) =>
    stream(c, async (stream) => {
      c.header("content-type", "text/plain");
      for (let i = 0; i < 200; i++) await stream.writeln("a line that repeats itself");
    }));
  app.get("/compressed/events", (c) => streamSSE(c, (stream) => stream.writeSSE({ data: "one" })));
  app.get("/etag/text", (c) => c.text("etagged"));
  app.get("/cors/text", (c) => c.text("shared"));
  app.post("/limited/text", async (c) => c.text(`${(await c.req.text()).length} characters`));
  app.post("/json", async (c) => c.json(await c.req.json()));
  app.post("/body", async (c) => {
    const { file, ...fields } = await c.req.parseBody({ all: true });
    const read = file instanceof File && [file.name, file.type.split(";")[0], await file.text()];
    return c.json({ ...fields, file: read });
  });
  app.post("/twice", async (c) => c.text(`${await c.req.raw.clone().text()} ${await c.req.text()}`));
  app.get("/cookies", (c) => {
    setCookie(c, "seen", "1", { httpOnly: true });
    setCookie(c, "theme", "dark");
    return c.json(getCookie(c));
  });
  app.get("/events", (c) =>
    streamSSE(c, async (stream) => {
      for (let i = 0; i < 3; i++) await stream.writeSSE({ id: String(i), event: "count", data: `n ${i}` });
    }));
  app.get("/refused", () => {
    throw new HTTPException(401, { message: "who are you?" });
  });
  app.get("/broken", () => {
    throw new Error("thrown");
  });
  app.mount("/mounted", page.fetch);
  app.notFound((c) => c.json({ missing: c.req.path }, 404));
  app.onError((error, c) =>
    error instanceof HTTPException ? error.getResponse() : c.json({ error: error.message }, 500)
  );
  return app.fetch;
}

const form = { "content-type": "application/x-www-form-urlencoded" };
const gzip = { "accept-encoding": "gzip" };
const upload = multipart([
  { name: "title", value: "häfen" },
  { name: "tag", value: "a" },
  { name: "tag", value: "b" },
  { name: "file", value: "line 1\nline 2", file: "lines.txt", type: "text/plain" },
]);
const chunk = (size: number): string => `${size.toString(16)}\r\n${"x".repeat(size)}\r\n0\r\n\r\n`;

/** `new Request(request)` throws there, unless the server may put its own class in the place of the global. */
const ON_NODE = "@hono/node-server makes requests that the platform's Request does not take";

const rows: readonly Row[] = [
  ["GET /", { path: "/" }, { text: "hello" }],
  ["HEAD /", { method: "HEAD", path: "/" }, { text: "", fields: { "content-type": /^text\/plain/ } }],
  ["parameters", { path: "/users/7%20a?sort=up" }, { json: { id: "7 a", sort: "up" } }],
  ["404", { path: "/nowhere" }, { status: 404, json: { missing: "/nowhere" } }],
  ["an HTTPException", { path: "/refused" }, { status: 401, text: "who are you?" }],
  ["an error", { path: "/broken" }, { status: 500, json: { error: "thrown" } }],
  ["mount()", { path: "/mounted/page" }, { text: "/page /page" }],
  ["compress()", { path: "/compressed/text", headers: gzip }, {
    fields: { "content-encoding": "gzip", vary: /accept-encoding/i },
    also: ({ body }) => assert.equal(gunzipSync(body).toString(), LONG),
  }],
  ["compress() of a stream", { path: "/compressed/stream", headers: gzip }, {
    fields: { "content-encoding": "gzip" },
    also: ({ body }) => assert.equal(gunzipSync(body).toString(), LONG),
    peerDiffers: "where the compressor flushes depends on when the chunks come",
  }],
  ["compress() leaves events alone", { path: "/compressed/events", headers: gzip }, {
    fields: { "content-encoding": null },
    text: "data: one\n\n",
  }],
  ["compress() to a client that takes none", { path: "/compressed/text" }, { text: LONG }],
  ["etag()", { path: "/etag/text" }, { fields: { etag: /^"[0-9a-f]+"$/ }, text: "etagged" }],
  ["etag() and If-None-Match", { path: "/etag/text", headers: { "if-none-match": "*" } }, { status: 304 }],
  [
    "cors() and a preflight",
    {
      method: "OPTIONS",
      path: "/cors/text",
      headers: { origin: "http://b.example", "access-control-request-method": "PUT" },
    },
    {
      status: 204,
      fields: {
        "access-control-allow-origin": "http://b.example",
        "access-control-allow-credentials": "true",
        "access-control-max-age": "600",
        "content-type": null,
      },
    },
  ],
  ["cors() and a request", { path: "/cors/text", headers: { origin: "http://b.example" } }, {
    text: "shared",
    fields: { "access-control-allow-origin": "http://b.example" },
  }],
  ["bodyLimit() lets through", { method: "POST", path: "/limited/text", body: "x".repeat(1024) }, {
    text: "1024 characters",
  }],
  ["bodyLimit() refuses by length", { method: "POST", path: "/limited/text", body: "x".repeat(1025) }, {
    status: 413,
    text: "too large",
  }],
  ["bodyLimit() reads chunks", {
    method: "POST",
    path: "/limited/text",
    headers: { "transfer-encoding": "chunked" },
    body: chunk(1024),
  }, { text: "1024 characters", peerDiffers: ON_NODE }],
  ["bodyLimit() refuses while it reads", {
    method: "POST",
    path: "/limited/text",
    headers: { "transfer-encoding": "chunked" },
    body: chunk(1025),
  }, { status: 413, text: "too large" }],
  ["JSON", { method: "POST", path: "/json", body: '{"a":[1,"grün"]}' }, { json: { a: [1, "grün"] } }],
  ["malformed JSON", { method: "POST", path: "/json", body: "{" }, { status: 500, text: /error/ }],
  ["parseBody() of a form", { method: "POST", path: "/body", headers: form, body: "a=1&b=2+3&b=%C3%BC" }, {
    json: { a: "1", b: ["2 3", "ü"], file: false },
  }],
  ["parseBody() of an upload", { method: "POST", path: "/body", ...upload }, {
    json: { title: "häfen", tag: ["a", "b"], file: ["lines.txt", "text/plain", "line 1\nline 2"] },
  }],
  ["clone() and the body", { method: "POST", path: "/twice", body: "body" }, { text: "body body" }],
  ["cookies", { path: "/cookies", headers: { cookie: "a=1; b=2" } }, {
    json: { a: "1", b: "2" },
    fields: { "set-cookie": "seen=1; Path=/; HttpOnly, theme=dark; Path=/" },
  }],
  ["streamSSE()", { path: "/events" }, {
    fields: { "content-type": "text/event-stream" },
    text: [0, 1, 2].map((i) => `event: count\ndata: n ${i}\nid: ${i}\n\n`).join(""),
  }],
];

testAnswers("Hono", make, rows);

testClientLeaves(
  "Hono: streamSSE() tells onAbort()",
  () => {
    let told = false;
    const app = new Hono();
    app.get("/quiet", (c) =>
      streamSSE(c, async (stream) => {
        const over = new Promise<void>((resolve) => stream.onAbort(resolve));
        await stream.writeSSE({ data: "first" });
        await over;
        told = true;
      }));
    return { fetch: app.fetch, told: () => told };
  },
  { path: "/quiet" },
  "data: first\n\n",
);

test("Hono: streamSSE() sends its head before the first event", async () => {
  let release!: () => void;
  const released = new Promise<void>((resolve) => release = resolve);
  const app = new Hono().get("/late", (c) =>
    streamSSE(c, async (stream) => {
      await released;
      await stream.writeSSE({ data: "late" });
    }));
  await using mooring = await onMooring(app.fetch);
  using client = await open(mooring.port, { path: "/late" });
  assert.match(await client.readUntil("\r\n\r\n"), /^HTTP\/1\.1 200 .*text\/event-stream/s);
  release();
  await client.readUntil("data: late\n\n");
});

test("Hono: a body is echoed while it comes", async () => {
  const app = new Hono().post("/echo", (c) => c.body(c.req.raw.body!));
  await using mooring = await onMooring(app.fetch);
  using client = await open(mooring.port, {
    method: "POST",
    path: "/echo",
    headers: { "transfer-encoding": "chunked" },
    body: "5\r\nfirst\r\n",
  });
  await client.readUntil("first");
  await client.send("6\r\nsecond\r\n");
  await client.readUntil("second");
  await client.send("0\r\n\r\n");
  await client.readUntil("0\r\n\r\n");
});

// proxy() to a backend, which compresses, redirects and refuses.

const backend: Application = async (request) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/gzip") {
    const headers = { "content-encoding": "gzip", "content-type": "text/plain" };
    return new Response(gzipSync(LONG), { headers });
  }
  if (pathname === "/moved") return new Response(null, { status: 302, headers: { location: "/gzip" } });
  if (pathname === "/missing") return new Response("nothing here", { status: 404 });
  const names = ["authorization", "x-forwarded-host", "x-a"];
  const seen = names.map((name) => request.headers.get(name));
  return Response.json([request.method, pathname, await request.text(), ...seen]);
};

/** Serves a proxy in front of the backend. */
async function onProxy(serve: typeof onMooring, run: (port: number) => Promise<void>): Promise<void> {
  await using behind = await onMooring(backend);
  const app = new Hono();
  app.all("/*", (c) => {
    const headers = {
      ...c.req.header(),
      "x-forwarded-host": c.req.header("host"),
      authorization: undefined,
    } as Record<string, string | undefined>;
    return proxy(
      `http://127.0.0.1:${behind.port}${c.req.path}`,
      { ...c.req, raw: c.req.raw, headers } as never,
    );
  });
  await using front = await serve(app.fetch);
  await run(front.port);
  assert.deepEqual(front.errors, []);
}

const proxied: readonly Row[] = [
  ["what is compressed, decoded", { path: "/gzip", headers: gzip }, {
    text: LONG,
    fields: { "content-encoding": null },
  }],
  ["a redirect", { path: "/moved" }, { text: LONG }],
  ["a 404", { path: "/missing" }, { status: 404, text: "nothing here" }],
  ["a HEAD", { method: "HEAD", path: "/gzip" }, { text: "" }],
  ["a body, and fields that were set and deleted", {
    method: "POST",
    path: "/seen",
    headers: { authorization: "secret", "x-a": "1", host: "a.example" },
    body: "body",
  }, { json: ["POST", "/seen", "body", null, "a.example", "1"] }],
];

for (const [name, request, right] of proxied) {
  test(`Hono: proxy() passes on ${name}`, async () => {
    await onProxy(onMooring, async (port) => assertRight(await ask(port, request), right));
    await onProxy(onPeer, async (port) => assertRight(await ask(port, request), right));
  });
}

test("Hono: the events that a handler writes at once leave in few writes", async () => {
  const app = new Hono().get("/", (c) =>
    streamSSE(c, async (stream) => {
      for (let id = 0; id < 20; id++) await stream.writeSSE({ id: String(id), data: "a ship has moved" });
    }));
  const { client, errors } = connect({ fetch: app.fetch });
  client.send(get("/"));
  for (let i = 0; i < 100 && !client.text().endsWith("0\r\n\r\n"); i++) await settled();
  assert.equal(parseResponses(client.text())[0].body.match(/a ship has moved/g)?.length, 20);
  assert.ok(client.written.length <= 3, `${client.written.length} writes`);
  assert.deepEqual(errors, []);
});
