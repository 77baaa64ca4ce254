/** Responses of other classes than the platform's are sent: undici's from npm, ponyfills, whatever looks like one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as undici from "undici/index.js";
import { serve } from "../../mod.ts";
import type { FetchHandler } from "../../src/api/fetch.ts";
import { connect, get, type ParsedResponse, parseResponses } from "../support/memory.ts";

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** What a client gets of what `handler` returns. */
async function ask(
  handler: () => unknown,
  request = get("/"),
): Promise<ParsedResponse & { readonly wire: string; readonly errors: readonly unknown[] }> {
  let over!: () => void;
  const isOver = new Promise<void>((resolve) => over = resolve);
  const { client, errors } = connect({
    fetch(_request, info) {
      info.completed.then(over, over);
      return handler() as Response;
    },
  });
  client.send(request);
  await isOver;
  const wire = client.text();
  const [response] = parseResponses(wire, [request.slice(0, request.indexOf(" "))]);
  return { ...response, wire, errors };
}

/** Headers of a class of its own, as ponyfills have them. */
class OtherHeaders {
  readonly lines: readonly (readonly [string, string])[];

  constructor(lines: readonly (readonly [string, string])[]) {
    this.lines = lines;
  }

  forEach(each: (value: string, name: string) => void): void {
    for (const [name, value] of this.lines) each(value, name);
  }

  getSetCookie(): string[] {
    return this.lines.filter(([name]) => name === "set-cookie").map(([, value]) => value);
  }
}

/** A response of a ponyfill. */
function other(body: unknown, members: object = {}): object {
  return {
    status: 201,
    statusText: "Made",
    ok: true,
    bodyUsed: false,
    headers: new OtherHeaders([["x-a", "1"], ["set-cookie", "a=1"], ["set-cookie", "b=2"]]),
    body,
    ...members,
  };
}

/** A stream of a class of its own, which cannot be iterated. */
class OtherStream {
  locked = false;
  cancelled = false;
  readonly #chunks: (string | Uint8Array)[];

  constructor(...chunks: (string | Uint8Array)[]) {
    this.#chunks = chunks;
  }

  getReader(): object {
    this.locked = true;
    return {
      read: () => Promise.resolve({ done: this.#chunks.length === 0, value: this.#chunks.shift() }),
      cancel: () => (this.cancelled = true, Promise.resolve()),
    };
  }
}

async function* pieces(): AsyncGenerator<string | Uint8Array> {
  yield "bo";
  yield encode("dy");
}

const BODIES: Record<string, () => unknown> = {
  "a web stream": () => new Blob(["body"]).stream(),
  "a stream of another class": () => new OtherStream("bo", encode("dy")),
  "an async iterable": pieces,
};

for (const [what, body] of Object.entries(BODIES)) {
  test(`a response of another class whose body is ${what} is sent`, async () => {
    const { status, headers, body: text, wire, errors } = await ask(() => other(body()));
    assert.deepEqual(errors, []);
    assert.deepEqual([status, headers.get("x-a"), text], [201, "1", "body"]);
    assert.match(wire, /\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n/);
  });
}

test("a response of another class without a body is sent", async () => {
  const { status, headers, body, errors } = await ask(() => other(null, { status: 204 }));
  assert.deepEqual([status, headers.get("x-a"), body, errors], [204, "1", "", []]);
});

test("a response of another class may have headers that are iterated as pairs", async () => {
  const headers = new Map([["x-a", "2"]]);
  assert.equal((await ask(() => other(null, { headers }))).headers.get("x-a"), "2");
});

test("a response of another class may be promised, and be what onError gives", async () => {
  assert.equal((await ask(() => Promise.resolve(other(pieces())))).body, "body");
  const { client } = connect({
    fetch: () => {
      throw new Error("no");
    },
    onError: () => other(null, { status: 503 }) as Response,
  });
  client.send(get());
  for (let i = 0; i < 50; i++) await null;
  assert.equal(parseResponses(client.text())[0].status, 503);
});

test("a response of another class to HEAD has its body cancelled", async () => {
  const stream = new OtherStream("body");
  const { status, body, errors } = await ask(() => other(stream), get().replace("GET", "HEAD"));
  assert.deepEqual([status, body, errors], [201, "", []]);
  assert.equal(stream.cancelled, true);
});

test("a response of another class that was used already is told to onError as a TypeError", async () => {
  const locked = new OtherStream("body");
  locked.getReader();
  for (const used of [other(locked), other(pieces(), { bodyUsed: true })]) {
    const { status, errors } = await ask(() => used);
    assert.equal(status, 500);
    assert.match(String(errors[0]), /^TypeError: the Response was used already/);
  }
});

test("what has no status, no headers or no body is no response", async () => {
  const nothing = [
    undefined,
    null,
    "text",
    {},
    { status: 200 },
    { status: 200, headers: new Map() },
    { status: "200", headers: new Map(), body: null },
    { status: 200, headers: { "x-a": "1" }, body: null },
    { status: 200, headers: new Map(), body: "text" },
    { status: 200, headers: new Map(), body: {} },
  ];
  for (const value of nothing) {
    const { status, errors } = await ask(() => value);
    assert.equal(status, 500);
    assert.match(String(errors[0]), /^TypeError: a fetch handler must return a Response/);
  }
});

test("a response of another class with a status that none has gives a 500", async () => {
  for (const status of [0, 99, 600]) {
    const { status: sent, errors } = await ask(() => other(null, { status }));
    assert.equal(sent, 500, String(status));
    assert.equal(errors.length, 1);
  }
});

test("responses of undici from npm are sent", async () => {
  const { Response: OtherResponse } = undici;
  const { status, headers, body, wire, errors } = await ask(() =>
    new OtherResponse("body", {
      status: 404,
      headers: [["x-a", "1"], ["set-cookie", "a=1"], ["set-cookie", "b=2"]],
    })
  );
  assert.deepEqual(errors, []);
  assert.deepEqual([status, headers.get("x-a"), body], [404, "1", "body"]);
  assert.equal(headers.get("content-type"), "text/plain;charset=UTF-8");
  assert.match(wire, /\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n/);
  assert.equal((await ask(() => OtherResponse.json({ a: 1 }))).body, '{"a":1}');
  assert.equal((await ask(() => new OtherResponse(null, { status: 304 }))).status, 304);
});

test("what undici's fetch() gives can be returned as it is", async () => {
  const upstream = await serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => new Response("x".repeat(100_000)),
  });
  try {
    const { body, errors } = await ask(() => undici.fetch(upstream.url));
    assert.deepEqual(errors, []);
    assert.equal(body, "x".repeat(100_000));
  } finally {
    await undici.getGlobalDispatcher().close();
    await upstream.close();
  }
});

/** What `undici.install()` replaces. */
const REPLACED = [
  "fetch",
  "Request",
  "Response",
  "Headers",
  "FormData",
  "WebSocket",
  "EventSource",
  "CloseEvent",
  "MessageEvent",
  "ErrorEvent",
] as const;

test("a handler answers after undici.install() has replaced the globals", async () => {
  const before = Object.fromEntries(REPLACED.map((name) => [name, Reflect.get(globalThis, name)]));
  const handler: FetchHandler = ({ url, headers }) =>
    new globalThis.Response(`${url} ${headers.get("host")}`, {
      headers: new globalThis.Headers({ "x-a": "1" }),
    });
  await ask(() => new Response()); // the first fetch handler replaces globals, too
  undici.install();
  try {
    const { client, errors } = connect({ fetch: handler });
    client.send(get("/1"));
    for (let i = 0; i < 20 && client.text() === ""; i++) await new Promise((resolve) => setTimeout(resolve));
    assert.deepEqual(errors, []);
    const [{ status, headers, body }] = parseResponses(client.text());
    assert.deepEqual([status, headers.get("x-a"), body], [200, "1", "http://a.example/1 a.example"]);
  } finally {
    Object.assign(globalThis, before);
  }
});
