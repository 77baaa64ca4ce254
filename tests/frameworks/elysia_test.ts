/**
 * Elysia, by its adapter for the runtime at hand: Bun's own there, and the web-standard one elsewhere.
 */
import { Elysia, sse, t } from "elysia";
import { multipart, type Row, testAnswers, testClientLeaves } from "../support/frameworks/answers.ts";
import type { Application } from "../support/frameworks/servers.ts";

/** The application. */
function make(): Application {
  const app = new Elysia()
    .onError(({ code, set }) => {
      if (code === "NOT_FOUND") return "nothing here";
      if (code === "VALIDATION") return "not valid";
      set.status = 500;
      return `caught ${code}`;
    })
    .derive(({ headers }) => ({ user: headers.authorization ?? "nobody" }))
    .get("/", "hello")
    .get("/object", () => ({ a: [1, "grün"] }))
    .get("/users/:id", ({ params, query, user }) => ({ params, query, user }), {
      params: t.Object({ id: t.Number() }),
    })
    .get("/status", ({ set, status }) => {
      set.headers["x-a"] = "1";
      return status(202, "accepted");
    })
    .get("/cookies", ({ cookie: { a, seen } }) => {
      seen.value = "1";
      return `a is ${a.value}`;
    })
    .get("/redirect", ({ redirect }) => redirect("http://b.example/"))
    .get("/response", () => new Response("made", { status: 201 }))
    .get("/broken", () => {
      throw new Error("broken");
    })
    .get("/words", function* () {
      yield "one ";
      yield "two";
    })
    .get("/later", async function* () {
      for (const word of ["eins ", "zwei ", "drei"]) {
        await null;
        yield word;
      }
    })
    .get("/events", async function* () {
      for (let i = 0; i < 3; i++) yield sse({ id: i, event: "count", data: `n ${i}` });
    })
    .get("/stream", () => new Blob(["streamed"]).stream())
    .post("/json", ({ body }) => body, { body: t.Object({ a: t.Number() }) })
    .post("/form", ({ body }) => body)
    .post("/upload", async ({ body: { title, file } }) => [title, file.name, await file.text()], {
      body: t.Object({ title: t.String(), file: t.File() }),
    })
    .group("/group", (group) => group.get("/inside", () => "inside"));
  return app.fetch as Application;
}

const json = { "content-type": "application/json" };
const form = { "content-type": "application/x-www-form-urlencoded" };
const upload = multipart([
  { name: "title", value: "häfen" },
  { name: "file", value: "inside", file: "a.txt", type: "text/plain" },
]);

/** Elsewhere a server sends them. */
const TEXT_CHUNKS = "Deno.serve() cuts a response off whose stream gives text";

const rows: readonly Row[] = [
  ["a constant", { path: "/" }, { text: "hello" }],
  ["an object", { path: "/object" }, { json: { a: [1, "grün"] } }],
  ["parameters", { path: "/users/7?sort=up", headers: { authorization: "me" } }, {
    json: { params: { id: 7 }, query: { sort: "up" }, user: "me" },
  }],
  ["a parameter of the wrong type", { path: "/users/x" }, { status: 422, text: "not valid" }],
  ["a status and fields", { path: "/status" }, { status: 202, text: "accepted", fields: { "x-a": "1" } }],
  ["cookies", { path: "/cookies", headers: { cookie: "a=b" } }, {
    text: "a is b",
    fields: { "set-cookie": /^seen=1/ },
  }],
  ["redirect()", { path: "/redirect" }, { status: 302, fields: { location: "http://b.example/" } }],
  ["a Response", { path: "/response" }, { status: 201, text: "made" }],
  ["an error", { path: "/broken" }, { status: 500, text: "caught UNKNOWN" }],
  ["404", { path: "/nowhere" }, { status: 404, text: "nothing here" }],
  ["a generator", { path: "/words" }, { text: "one two", peerDiffers: TEXT_CHUNKS }],
  ["an asynchronous generator", { path: "/later" }, { text: "eins zwei drei", peerDiffers: TEXT_CHUNKS }],
  ["events", { path: "/events" }, {
    fields: { "content-type": /^text\/event-stream/ },
    text: [0, 1, 2].map((i) => `id: ${i}\nevent: count\ndata: n ${i}\n\n`).join(""),
    peerDiffers: TEXT_CHUNKS,
  }],
  ["a stream", { path: "/stream" }, { text: "streamed" }],
  ["JSON", { method: "POST", path: "/json", headers: json, body: '{"a":1}' }, { json: { a: 1 } }],
  ["JSON that is not valid", { method: "POST", path: "/json", headers: json, body: '{"a":"x"}' }, {
    status: 422,
    text: "not valid",
  }],
  ["a form", { method: "POST", path: "/form", headers: form, body: "a=1&b=2" }, { json: { a: "1", b: "2" } }],
  ["an upload", { method: "POST", path: "/upload", ...upload }, { json: ["häfen", "a.txt", "inside"] }],
  ["a group", { path: "/group/inside" }, { text: "inside" }],
];

testAnswers("Elysia", make, rows);

testClientLeaves(
  "Elysia: a generator learns of it from the request's signal",
  () => {
    let told = false;
    const app = new Elysia().get("/quiet", async function* ({ request }) {
      request.signal.addEventListener("abort", () => told = true);
      yield "first";
      await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
    });
    return { fetch: app.fetch as Application, told: () => told };
  },
  { path: "/quiet" },
  "first",
);
