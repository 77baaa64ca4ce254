/**
 * Our requests where the platform expects its own: handed on to `fetch` and `new Request`.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { serve } from "../../mod.ts";
import { connect, parseResponses } from "../support/memory.ts";

/** Asks `front` for `/path` of the host that listens on `port`, in memory, and waits for its last word. */
async function askThrough(front: (request: Request, target: string) => Promise<Response>): Promise<string> {
  const backend = await serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) =>
      new Response(`${request.method} ${new URL(request.url).pathname} ${await request.text()}`, {
        headers: { "x-seen": request.headers.get("x-a") ?? "nothing" },
      }),
  });
  try {
    let answered!: () => void;
    const whenAnswered = new Promise<void>((resolve) => answered = resolve);
    const { client, errors } = connect({
      fetch: (request) => front(request, `${backend.url}path`),
      onStateChange: (_connection, state) => state === "draining" && answered(),
    });
    client.send(
      `POST /path HTTP/1.1\r\nHost: ${new URL(backend.url).host}\r\nX-A: b\r\nContent-Length: 4\r\n` +
        "Connection: close\r\n\r\nbody",
    );
    await whenAnswered;
    client.sendEnd();
    assert.deepEqual(errors, []);
    const [response] = parseResponses(client.text());
    return `${response.status} ${response.headers.get("x-seen")} ${response.body}`;
  } finally {
    await backend.close();
  }
}

/** A response of ours with what another server said: its framing and coding are not ours. */
async function relay(promised: Promise<Response>): Promise<Response> {
  const response = await promised;
  return new Response(await response.text(), { headers: { "x-seen": response.headers.get("x-seen")! } });
}

test("a request can be passed to fetch()", async () => {
  assert.equal(await askThrough((request) => relay(fetch(request))), "200 b POST /path body");
});

test("a request can be passed to new Request(), as input and as init", async () => {
  assert.equal(await askThrough((request) => relay(fetch(new Request(request)))), "200 b POST /path body");
  assert.equal(
    await askThrough((request, target) => relay(fetch(new Request(target, request)))),
    "200 b POST /path body",
  );
});

test("a request's parts can be passed to fetch()", async () => {
  const parts = askThrough(async (request, target) =>
    relay(fetch(target, { method: request.method, headers: request.headers, body: await request.text() }))
  );
  assert.equal(await parts, "200 b POST /path body");
});
