/**
 * itty-router, whose handlers write to the request.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AutoRouter,
  cors,
  error,
  html,
  type IRequest,
  json,
  StatusError,
  text,
  withContent,
  withParams,
} from "itty-router";
import { multipart, open, type Row, testAnswers } from "../support/frameworks/answers.ts";
import { type Application, onMooring } from "../support/frameworks/servers.ts";

/** The application. */
function make(): Application {
  const { preflight, corsify } = cors({
    origin: "http://b.example",
    allowMethods: ["GET", "PUT"],
    maxAge: 60,
  });
  const withUser = (request: IRequest): void => {
    request.user = request.headers.get("authorization");
  };
  const router = AutoRouter({ before: [preflight, withUser], finally: [corsify] });
  router
    .get("/", () => "hello")
    .get("/object", () => ({ a: [1, "grün"] }))
    .get("/users/:id", ({ params, query, user }) => ({ params, query, user }))
    .get("/direct/:id", withParams, ({ id }) => ({ id }))
    .get("/files/:name+", ({ params }) => params.name)
    .get("/text", () => text("text", { status: 202, headers: { "x-a": "1" } }))
    .get("/html", () => html("<p>grün"))
    .get("/response", () => new Response("made", { status: 201 }))
    .get("/refused", () => error(403, "not you"))
    .get("/thrown", () => {
      throw new StatusError(409, "in conflict");
    })
    .get("/broken", () => {
      throw new Error("broken");
    })
    .post(
      "/content",
      withContent,
      ({ content }) => json(content instanceof FormData ? [...content] : content),
    )
    .post("/upload", async (request) => {
      const file = (await request.formData()).get("file") as unknown as File;
      return [file.name, await file.text()];
    })
    .all("/any", ({ method }) => method);
  return router.fetch as Application;
}

const upload = multipart([{ name: "file", value: "inside", file: "a.txt", type: "text/plain" }]);
const form = { "content-type": "application/x-www-form-urlencoded" };

const rows: readonly Row[] = [
  ["a string", { path: "/" }, { json: "hello" }],
  ["an object", { path: "/object" }, { json: { a: [1, "grün"] } }],
  ["what handlers write to the request", { path: "/users/7?a=1&a=2", headers: { authorization: "me" } }, {
    json: { params: { id: "7" }, query: { a: ["1", "2"] }, user: "me" },
  }],
  ["withParams", { path: "/direct/7" }, { json: { id: "7" } }],
  ["a greedy parameter", { path: "/files/a/b.txt" }, { json: "a/b.txt" }],
  ["text()", { path: "/text" }, { status: 202, text: "text", fields: { "x-a": "1" } }],
  ["html()", { path: "/html" }, { text: "<p>grün", fields: { "content-type": /^text\/html/ } }],
  ["a Response", { path: "/response" }, { status: 201, text: "made" }],
  ["error()", { path: "/refused" }, { status: 403, json: { status: 403, error: "not you" } }],
  ["a StatusError", { path: "/thrown" }, { status: 409, json: { status: 409, error: "in conflict" } }],
  ["an error", { path: "/broken" }, { status: 500 }],
  ["404", { path: "/nowhere" }, { status: 404, json: { status: 404, error: "Not Found" } }],
  ["withContent and JSON", { method: "POST", path: "/content", body: '{"a":1}' }, { json: { a: 1 } }],
  ["withContent and a form", { method: "POST", path: "/content", headers: form, body: "a=1&b=2" }, {
    json: [["a", "1"], ["b", "2"]],
  }],
  ["an upload", { method: "POST", path: "/upload", ...upload }, { json: ["a.txt", "inside"] }],
  ["any method", { method: "DELETE", path: "/any" }, { json: "DELETE" }],
  ["cors() and a preflight", {
    method: "OPTIONS",
    path: "/",
    headers: { origin: "http://b.example", "access-control-request-method": "PUT" },
  }, {
    status: 204,
    fields: { "access-control-allow-origin": "http://b.example", "access-control-max-age": "60" },
  }],
  ["cors() and a request", { path: "/text", headers: { origin: "http://b.example" } }, {
    status: 202,
    text: "text",
    fields: { "access-control-allow-origin": "http://b.example" },
  }],
];

testAnswers("itty-router", make, rows);

test("itty-router: what a handler writes to a request is not on the connection's next one", async () => {
  const router = AutoRouter().get("*", (request) => {
    const before = [request.mark, request.params];
    request.mark = "mine";
    return before;
  }) as { fetch: Application };
  await using mooring = await onMooring(router.fetch);
  using client = await open(mooring.port, { path: "/" });
  const first = await client.response();
  await client.send("GET /two HTTP/1.1\r\nHost: a.example\r\n\r\n");
  const second = await client.response();
  assert.deepEqual([first.text, second.text], ["[null,{}]", "[null,{}]"]);
});
