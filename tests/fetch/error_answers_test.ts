/** What the engine answers itself, for handlers that fail and requests that it refuses: one form; and what CONNECT gets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConnectionOptions } from "../../src/api/options.ts";
import { connect, get, parseResponses, settled } from "../support/memory.ts";

const CONNECT = "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n";

async function ask(
  options: ConnectionOptions,
  request: string,
): Promise<{ text: string; errors: unknown[] }> {
  const { client, errors } = connect(options);
  client.send(request);
  await settled();
  return { text: client.text(), errors };
}

function fail(): never {
  throw new Error("secret");
}

test("answers of the engine itself have the same fields and the same form", async () => {
  const failedFetch = await ask({ fetch: fail }, get("/", "Connection: close"));
  const failedExchange = await ask({ exchange: fail }, get("/", "Connection: close"));
  const refused = await ask({ fetch: fail }, "GET / HTTP/1.1\r\n\r\n");
  assert.equal(failedFetch.text, failedExchange.text);
  const [failed, refusal] = [failedFetch, refused].map(({ text }) => parseResponses(text)[0]);
  assert.deepEqual([failed.status, failed.body], [500, "500 Internal Server Error\n"]);
  assert.equal(refusal.status, 400);
  assert.match(refusal.body, /^400 Bad Request: .+\n$/);
  assert.deepEqual([...failed.headers.keys()], [...refusal.headers.keys()]);
  assert.equal(failed.headers.get("content-type"), refusal.headers.get("content-type"));
});

for (
  const [what, handler] of Object.entries({
    "answers as to GET": () => new Response("hello"),
    "answers later": () => Promise.resolve(new Response("hello")),
    "answers with a stream": () => new Response(new Blob(["hello"]).stream()),
    "answers without a body": () => new Response(null, { status: 204 }),
  })
) {
  test(`CONNECT gets 501 of a fetch handler that ${what}, and no tunnel`, async () => {
    const { text, errors } = await ask({ fetch: handler }, CONNECT);
    const [{ status, headers }] = parseResponses(text);
    assert.deepEqual([status, headers.get("connection"), errors], [501, "close", []]);
  });
}

test("CONNECT gets 501 of a fetch handler that fails on it, which is told to onError", async () => {
  const { text, errors } = await ask({ fetch: fail }, CONNECT);
  assert.equal(parseResponses(text)[0].status, 501);
  assert.equal(errors.length, 1);
});

test("CONNECT asks a fetch handler with a URL that can be parsed, and its refusal is sent", async () => {
  let url = "";
  const { text } = await ask({
    fetch(request) {
      url = new URL(request.url).href;
      return new Response("not here", { status: 403 });
    },
  }, CONNECT);
  const [{ status, body }] = parseResponses(text);
  assert.deepEqual([url, status, body], ["http://a.example:443/", 403, "not here"]);
});
