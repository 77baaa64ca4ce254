/**
 * A request has one set of headers: what a handler sets and deletes is seen by every copy, whatever was looked
 * at before.
 */
import assert from "node:assert/strict";
import { inspect } from "node:util";
import { test } from "node:test";
import { serve } from "../../mod.ts";
import { connect, get, post, settled } from "../support/memory.ts";

/** Runs `look` as the handler of one request. */
async function handle(
  request: string,
  look: (request: Request) => void | Promise<void>,
): Promise<void> {
  let failure: unknown;
  let ran = false;
  const { client } = connect({
    async fetch(request) {
      try {
        await look(request);
      } catch (error) {
        failure = error;
      }
      ran = true;
      return new Response();
    },
  });
  client.send(request);
  while (!ran) await new Promise<void>((resolve) => setImmediate(resolve));
  if (failure !== undefined) throw failure;
}

/** What programs do with a request before they change its headers. */
const BEFORE: Readonly<Record<string, (request: Request) => unknown>> = {
  "nothing": () => {},
  "a look at a header": (request) => request.headers.get("x-a"),
  "a look at all headers": (request) => [...request.headers],
  "clone()": (request) => request.clone(),
  "new Request()": (request) => new Request(request, { method: "PUT", body: "other" }),
  "a look at mode": (request) => request.mode,
  "console.log()": (request) => inspect(request),
  "clone() and mode": (request) => [request.clone(), request.mode],
};

/** The copies that programs make. */
const COPIES: Readonly<Record<string, (request: Request) => { readonly headers: Headers }>> = {
  "clone()": (request) => request.clone(),
  "new Request(request)": (request) => new Request(request),
  "new Request(url, request)": (request) => new Request("http://b.example/", request),
  "new Headers()": (request) => ({ headers: new Headers(request.headers) }),
};

for (const [name, look] of Object.entries(BEFORE)) {
  test(`headers that change after ${name} are seen by every copy`, async () => {
    for (const [copying, copy] of Object.entries(COPIES)) {
      await handle(post("body", "/", "Authorization: secret", "X-A: a", "X-B: b"), (request) => {
        const { headers } = request;
        look(request);
        headers.delete("authorization");
        headers.set("x-a", "changed");
        headers.append("x-added", "1");
        headers.append("x-added", "2");
        for (const seen of [request.headers, copy(request).headers]) {
          const { "content-length": _, ...fields } = Object.fromEntries(seen);
          assert.deepEqual(fields, {
            "host": "a.example",
            "x-a": "changed",
            "x-b": "b",
            "x-added": "1, 2",
          }, copying);
          assert.equal(seen.get("authorization"), null);
          assert.equal(seen.has("authorization"), false);
          assert.equal(seen.get("X-Added"), "1, 2");
        }
        assert.equal(request.headers, headers, "it is one object");
      });
    }
  });

  test(`headers that change after ${name} are what fetch() sends`, async () => {
    await using backend = await serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request) => Response.json([request.headers.get("authorization"), request.headers.get("x-a")]),
    });
    const { host } = new URL(backend.url);
    const request = `GET / HTTP/1.1\r\nHost: ${host}\r\nAuthorization: secret\r\nX-A: a\r\n\r\n`;
    await handle(request, async (request) => {
      look(request);
      request.headers.delete("authorization");
      request.headers.set("x-a", "changed");
      assert.deepEqual(await (await fetch(request)).json(), [null, "changed"]);
    });
  });
}

test("a copy's headers are its own", async () => {
  await handle(get("/", "X-A: a"), (request) => {
    const clone = request.clone();
    clone.headers.set("x-a", "clone");
    request.headers.set("x-a", "request");
    assert.deepEqual([request, clone].map(({ headers }) => headers.get("x-a")), ["request", "clone"]);
  });
});

test("a look at a request leaves its body where it is", async () => {
  await handle(post("body"), async (request) => {
    const { body } = request;
    void request.mode;
    inspect(request);
    assert.equal(request.body, body);
    assert.equal(await request.text(), "body");
  });
});

test("headers that a handler changes stay after the response", async () => {
  let request!: Request;
  const { client } = connect({
    fetch(given) {
      request = given;
      request.headers.set("x-a", "changed");
      return new Response();
    },
  });
  client.send(get("/", "X-A: a"));
  await settled();
  assert.equal(request.headers.get("x-a"), "changed");
  assert.equal(request.clone().headers.get("x-a"), "changed");
});

test("lines of Cookie are one by '; ', wherever they are read", async () => {
  await handle(get("/", "Cookie: a=1", "X-A: 1", "cookie: b=2", "X-A: 2", "COOKIE: c=3"), (request) => {
    const copies = Object.values(COPIES).map((copy) => copy(request).headers);
    for (const headers of [request.headers, ...copies, new Headers([...request.headers])]) {
      assert.equal(headers.get("cookie"), "a=1; b=2; c=3");
      assert.equal(headers.get("x-a"), "1, 2");
      assert.deepEqual([...headers], [
        ["cookie", "a=1; b=2; c=3"],
        ["host", "a.example"],
        ["x-a", "1, 2"],
      ]);
    }
  });
  await handle(get("/", "Cookie: a=1", "Cookie: b=2"), (request) => {
    request.headers.set("x-a", "1"); // makes a native one, of which get() then asks
    assert.equal(request.headers.get("cookie"), "a=1; b=2");
  });
});
