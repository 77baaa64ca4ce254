/**
 * h3: what its handlers may return, its utilities, and its event streams.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import {
  createEventStream,
  getCookie,
  getQuery,
  getRequestURL,
  getRouterParam,
  H3,
  handleCors,
  html,
  HTTPError,
  iterable,
  noContent,
  proxyRequest,
  readBody,
  redirect,
  setCookie,
} from "h3";
import {
  ask,
  assertRight,
  multipart,
  type Row,
  testAnswers,
  testClientLeaves,
} from "../support/frameworks/answers.ts";
import { type Application, onMooring, onPeer } from "../support/frameworks/servers.ts";

/** The application. */
function make(): Application {
  const app = new H3({ silent: true });
  app.use("/cors/**", (event) => {
    const handled = handleCors(event, { origin: ["http://b.example"], methods: ["PUT"] });
    return handled === false ? undefined : handled;
  });
  app.get("/", () => "hello");
  app.get("/object", () => ({ a: [1, "grün"] }));
  app.get("/html", () => html`<p>${"grün"}`);
  app.get("/users/:id", (event) => ({ id: getRouterParam(event, "id"), query: getQuery(event) }));
  app.get("/url", (event) => getRequestURL(event).pathname);
  app.get("/bytes", () => new Uint8Array([104, 105]));
  app.get("/blob", () => new Blob(["blob"], { type: "text/x-blob" }));
  app.get("/null", () => null);
  app.get("/none", () => noContent());
  app.get("/redirect", () => redirect("/object"));
  app.get("/response", () => new Response("made", { status: 201, headers: { "x-a": "1" } }));
  app.get("/iterable", () => iterable(["one ", "two"]));
  app.get("/stream", () => new Blob(["streamed"]).stream());
  app.get("/status", (event) => {
    event.res.status = 202;
    event.res.headers.set("x-a", "1");
    return "accepted";
  });
  app.get("/cookies", (event) => {
    setCookie(event, "seen", "1");
    setCookie(event, "theme", "dark", { httpOnly: true });
    return getCookie(event, "a");
  });
  app.get("/refused", () => {
    throw new HTTPError({ status: 403, message: "not you", data: { why: "because" } });
  });
  app.get("/broken", () => {
    throw new Error("a secret");
  });
  app.post("/body", (event) => readBody(event));
  app.post("/form", async (event) => {
    const form = await event.req.formData();
    const file = form.get("file") as File;
    return [form.getAll("tag"), file.name, await file.text()];
  });
  app.get("/events", (event) => {
    const stream = createEventStream(event);
    const push = async (): Promise<void> => {
      for (let i = 0; i < 3; i++) await stream.push({ id: String(i), data: `n ${i}` });
      await stream.close();
    };
    void push();
    return stream.send();
  });
  app.get("/cors/text", () => "shared");
  return app.fetch as Application;
}

const upload = multipart([
  { name: "tag", value: "a" },
  { name: "tag", value: "ü" },
  { name: "file", value: "inside", file: "lines.txt", type: "text/plain" },
]);
const form = { "content-type": "application/x-www-form-urlencoded" };
const json = { "content-type": "application/json" };

/** Bun's own `Response`, which h3 has taken before anything stands in its place, tells nobody that it is text. */
const TEXT = "Bun" in globalThis ? null : /^text\/plain;\s?charset=utf-8$/i;

const rows: readonly Row[] = [
  ["a string", { path: "/" }, { text: "hello", fields: { "content-type": TEXT } }],
  ["HEAD", { method: "HEAD", path: "/" }, { text: "" }],
  ["an object", { path: "/object" }, { json: { a: [1, "grün"] } }],
  ["HTML", { path: "/html" }, { text: "<p>grün", fields: { "content-type": "text/html; charset=utf-8" } }],
  ["parameters", { path: "/users/7?a=1&a=2&b=%C3%BC" }, {
    json: { id: "7", query: { a: ["1", "2"], b: "ü" } },
  }],
  ["the URL", { path: "/url?a=b" }, { text: "/url", fields: { "content-type": TEXT } }],
  ["bytes", { path: "/bytes" }, { text: "hi", fields: { "content-type": null } }],
  ["a Blob", { path: "/blob" }, { text: "blob", fields: { "content-type": "text/x-blob" } }],
  ["null", { path: "/null" }, { text: "" }],
  ["noContent()", { path: "/none" }, { status: 204, text: "" }],
  ["redirect()", { path: "/redirect" }, { status: 302, fields: { location: "/object" } }],
  ["a Response", { path: "/response" }, { status: 201, text: "made", fields: { "x-a": "1" } }],
  ["iterable()", { path: "/iterable" }, { text: "one two" }],
  ["a stream", { path: "/stream" }, { text: "streamed" }],
  ["a status and fields", { path: "/status" }, {
    status: 202,
    text: "accepted",
    fields: { "content-type": TEXT, "x-a": "1" },
  }],
  ["cookies", { path: "/cookies", headers: { cookie: "a=b" } }, {
    text: "b",
    fields: { "set-cookie": "seen=1; Path=/, theme=dark; Path=/; HttpOnly" },
  }],
  ["an HTTPError", { path: "/refused" }, { status: 403, text: /not you.*because/s }],
  ["an error", { path: "/broken" }, { status: 500, text: /^(?!.*a secret)/s }],
  ["404", { path: "/nowhere" }, { status: 404 }],
  ["readBody() of JSON", { method: "POST", path: "/body", headers: json, body: '{"a":1}' }, {
    json: { a: 1 },
  }],
  ["readBody() of a form", { method: "POST", path: "/body", headers: form, body: "a=1&a=2" }, {
    json: { a: ["1", "2"] },
  }],
  ["readBody() of malformed JSON", { method: "POST", path: "/body", headers: json, body: "{" }, {
    status: 400,
  }],
  ["formData()", { method: "POST", path: "/form", ...upload }, { json: [["a", "ü"], "lines.txt", "inside"] }],
  ["an event stream", { path: "/events" }, {
    fields: { "content-type": "text/event-stream" },
    text: [0, 1, 2].map((i) => `id: ${i}\ndata: n ${i}\n\n`).join(""),
  }],
  [
    "handleCors() and a preflight",
    {
      method: "OPTIONS",
      path: "/cors/text",
      headers: { origin: "http://b.example", "access-control-request-method": "PUT" },
    },
    { status: 204, fields: { "access-control-allow-origin": "http://b.example" } },
  ],
  ["handleCors() and a request", { path: "/cors/text", headers: { origin: "http://b.example" } }, {
    text: "shared",
    fields: { "access-control-allow-origin": "http://b.example" },
  }],
];

testAnswers("h3", make, rows);

testClientLeaves(
  "h3: an event stream tells onClosed()",
  () => {
    let told = false;
    const app = new H3().get("/quiet", (event) => {
      const stream = createEventStream(event);
      stream.onClosed(() => void (told = true));
      void stream.push("first");
      return stream.send();
    });
    return { fetch: app.fetch as Application, told: () => told };
  },
  { path: "/quiet" },
  "data: first\n\n",
);

const LONG = "a line that repeats itself\n".repeat(200);

const backend: Application = async (request) => {
  const headers = { "content-encoding": "gzip", "content-type": "text/plain" };
  if (request.method === "GET") return new Response(gzipSync(LONG), { headers });
  return Response.json([request.method, request.headers.get("x-a"), await request.text()], { status: 201 });
};

const proxied: readonly Row[] = [
  ["what is compressed, decoded", { path: "/", headers: { "accept-encoding": "gzip" } }, {
    text: LONG,
    fields: { "content-encoding": null },
  }],
  ["a body", { method: "POST", path: "/", headers: { "x-a": "1" }, body: "body" }, {
    status: 201,
    json: ["POST", "1", "body"],
  }],
];

for (const [name, request, right] of proxied) {
  test(`h3: proxyRequest() passes on ${name}`, async () => {
    await using behind = await onMooring(backend);
    const app = new H3().all("/**", (event) => proxyRequest(event, `http://127.0.0.1:${behind.port}/`));
    for (const serve of [onMooring, onPeer]) {
      await using front = await serve(app.fetch as Application);
      assertRight(await ask(front.port, request), right);
      assert.deepEqual(front.errors, []);
    }
  });
}
