/**
 * The option `globals: false`: the platform's `fetch`, `Request` and `Response` stay as they were, and handlers work.
 */
import assert from "node:assert/strict";
import test from "node:test";
import type { FetchHandler } from "../../src/api/fetch.ts";

const before = {
  fetch: globalThis.fetch,
  Request: globalThis.Request,
  Response: globalThis.Response,
  clone: Response.prototype.clone,
  constructor: Response.prototype.constructor,
};
const { serve } = await import("../../mod.ts");

async function ask(handler: FetchHandler, init?: RequestInit): Promise<Response> {
  const server = await serve({ port: 0, hostname: "127.0.0.1", globals: false, fetch: handler });
  try {
    const response = await fetch(`${server.url}path?query`, init);
    return new Response(await response.arrayBuffer(), response);
  } finally {
    await server.close();
  }
}

test("globals: false leaves fetch, Request and Response alone", async () => {
  const response = await ask(() => new Response("hello", { headers: { "x-a": "b" } }));
  assert.deepEqual([await response.text(), response.headers.get("x-a")], ["hello", "b"]);
  const { fetch, Request, Response: now } = globalThis;
  const { clone, constructor } = now.prototype;
  const after = { fetch, Request, Response: now, clone, constructor };
  for (const name of Object.keys(before) as (keyof typeof before)[]) {
    assert.equal(after[name], before[name], name);
  }
});

test("globals: false sends bytes, streams and nothing", async () => {
  assert.equal(await (await ask(() => new Response(new Uint8Array([104, 105])))).text(), "hi");
  const stream = new Blob(["a stream"]).stream();
  assert.equal(await (await ask(() => new Response(stream))).text(), "a stream");
  assert.equal((await ask(() => new Response(null, { status: 404 }))).status, 404);
});

test("info.nativeRequest() is the platform's own, with method, URL, fields and body", async () => {
  const response = await ask(async (request, info) => {
    const native = info.nativeRequest();
    assert.equal(info.nativeRequest(), native);
    assert.equal(native.constructor, before.Request);
    // Taken before the server started, it looks into slots that the platform's objects alone have.
    const copy = new before.Request(native);
    const { method, url, headers } = copy;
    return Response.json([method, url === request.url, headers.get("x-a"), await copy.text()]);
  }, { method: "POST", headers: { "x-a": "b" }, body: "hello" });
  assert.deepEqual(await response.json(), ["POST", true, "b", "hello"]);
});
