/**
 * What must hold of the global `Response` in fetch handlers, whatever stands in its place: it is sent as the
 * platform's own, and is to programs what the platform's own is. One suite, for each stand-in.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { inspect } from "node:util";
import { serve } from "../../mod.ts";
import { ConnectionError } from "../../src/api/errors.ts";
import type { FetchHandler, FetchInfo } from "../../src/api/options.ts";
import { NativeResponse } from "../../src/fetch/response_override.ts";
import { concat } from "../support/bytes.ts";
import { connect, get, parseResponses, post, settled } from "../support/memory.ts";
import { responseCases } from "../support/response_cases.ts";

/** The platform's class, which nobody notes, and as the Fetch standard has it. */
export class PlatformResponse extends NativeResponse {
  constructor(body?: BodyInit | null, init?: ResponseInit) {
    super(body, init);
    // Bun tells the type of a text only to its own server. Subclasses may have other headers, later.
    const headers: Headers = Reflect.get(NativeResponse.prototype, "headers", this);
    if (typeof body === "string" && !headers.has("content-type")) {
      headers.set("content-type", "text/plain;charset=UTF-8");
    }
    // The platforms' servers tell it.
    if (body instanceof Blob) headers.set("content-length", String(body.size));
    else if (ArrayBuffer.isView(body) && body.byteLength > 16 * 1024) {
      headers.set("content-length", String(body.byteLength));
    }
  }

  static override json(data: unknown, init?: ResponseInit): Response {
    const response = super.json(data, init);
    // As on Bun, which has the parameter from nowhere.
    if (response.headers.get("content-type") === "application/json;charset=utf-8") {
      response.headers.set("content-type", "application/json");
    }
    return response;
  }
}

/** What a client saw of a handler, and what its `onError` did. */
export interface Seen {
  /** All that was sent, a character for each byte. */
  readonly wire: string;
  /** All that was sent, as text. */
  readonly text: string;
  readonly errors: readonly unknown[];
  /** How often the handler was called. */
  readonly calls: number;
}

/** Sends `requests` in one piece, and sees the answers when all calls are over. */
export async function see(fetch: FetchHandler, requests: string): Promise<Seen> {
  const calls: Promise<void>[] = [];
  const { client, errors } = connect({
    fetch(request, info) {
      calls.push(info.completed);
      return fetch(request, info);
    },
  });
  client.send(requests);
  for (const call of calls) { // of which there are more by and by
    await call;
    await settled();
  }
  const bytes = Buffer.from(concat(client.written));
  return { wire: bytes.toString("latin1"), text: bytes.toString(), errors, calls: calls.length };
}

/** Two requests in one piece. */
const GETS = get("/1") + get("/2");

function nameOf(error: unknown): string {
  return (error as Error).name;
}

/** Fails unless both texts are one; says where they part. */
function assertSameText(actual: string, expected: string): void {
  if (actual === expected) return;
  let at = 0;
  while (actual[at] === expected[at]) at++;
  const around = (text: string): string => text.slice(Math.max(0, at - 300), at + 300);
  assert.equal(around(actual), around(expected), `of ${actual.length} and ${expected.length} bytes`);
}

/** Each multipart body has a boundary of its own. */
function withoutBoundary(wire: string): string {
  for (const [, boundary] of wire.matchAll(/--(\S+)\r\nContent-Disposition/gi)) {
    wire = wire.replaceAll(boundary, "*");
  }
  return wire;
}

/** An answer to HEAD may leave out how long the body is. */
function withoutLength(wire: string): string {
  return withoutBoundary(wire).replace(/^(?:content-length|transfer-encoding): .*\r\n|boundary=.*/gim, "");
}

/** What to ask for each response, and what of the answers does not count. */
const ASKS: readonly [method: string, requests: string, common: (answers: string) => string][] = [
  ["GET", GETS, withoutBoundary],
  ["GET", "GET / HTTP/1.0\r\n\r\n", withoutBoundary],
  ["POST", post("unread") + get(), withoutBoundary],
  ["HEAD", get().replace("GET", "HEAD").repeat(2), withoutLength],
];

/**
 * Registers the tests.
 *
 * @param kind what stands in the place of `Response`
 * @param readable gives what of answers to `method` shall be the same as of a platform's response
 */
export function testResponse(kind: string, readable: (wire: string, method: string) => string): void {
  for (const [name, make] of responseCases) {
    test(`${kind}: ${name} is sent as by the platform's Response`, async () => {
      for (const [method, requests, common] of ASKS) {
        if (method === "HEAD" && name.includes("FormData")) continue; // that is apart, below
        const theirs = await see(() => make(PlatformResponse), requests);
        const expected = common(readable(theirs.wire, method));
        for (const fetch of [() => make(Response), async () => (await null, make(Response))]) {
          const ours = await see(fetch, requests);
          assertSameText(common(readable(ours.wire, method)), expected);
          assert.deepEqual(ours.errors.map(nameOf), theirs.errors.map(nameOf));
          assert.equal(ours.calls, theirs.calls);
        }
      }
    });
  }

  test(`${kind}: the class is that of every response`, async () => {
    const made = new Response("text");
    const json = Response.json({});
    const subclass = new (class extends Response {})();
    for (const response of [made, json, subclass, made.clone(), Response.error(), new NativeResponse()]) {
      assert.ok(response instanceof Response);
      assert.ok(response instanceof NativeResponse);
      assert.equal(Object.prototype.toString.call(response), "[object Response]");
    }
    assert.equal(Response.prototype, NativeResponse.prototype);
    assert.equal(({}) instanceof Response, false);
    assert.equal(Object.create(Response.prototype) instanceof Response, true);
    assert.equal(await made.text(), "text");
  });

  test(`${kind}: the class has the name and the length of the platform's`, () => {
    assert.equal(Response.name, "Response");
    assert.equal(Response.length, NativeResponse.length);
    assert.equal(typeof Response, "function");
    const { writable, configurable } = Object.getOwnPropertyDescriptor(globalThis, "Response")!;
    assert.deepEqual([writable, configurable], [true, true]);
  });

  test(`${kind}: the constructor of a response is Response`, () => {
    assert.equal(Response.prototype.constructor, Response);
    assert.equal(new Response("x").constructor, Response);
    assert.equal(Response.json(1).constructor, Response);
    assert.equal(new NativeResponse("x").constructor, Response);
  });

  test(`${kind}: the constructor of a response makes others`, async () => {
    const { constructor } = new Response("x") as unknown as { constructor: typeof Response };
    const other = new constructor("other", { status: 404 });
    assert.ok(other instanceof Response);
    assert.deepEqual([other.status, await other.text()], [404, "other"]);
    const { wire } = await see(() => new constructor("other", { status: 404 }), get());
    assert.match(wire, /^HTTP\/1\.1 404 [^]*\r\n\r\nother$/);
  });

  test(`${kind}: Response is no function to be called`, () => {
    const call = Response as unknown as (this: unknown, body: string) => unknown;
    assert.throws(() => call("x"), TypeError);
    assert.throws(() => call.call({}, "x"), TypeError);
    assert.throws(() => call.apply(new Response(), ["x"]), TypeError);
  });

  test(`${kind}: subclasses have their own constructor, members and statics`, async () => {
    class Page extends Response {
      readonly title: string;
      constructor(title: string, init?: ResponseInit) {
        super(`<${title}>`, { ...init, headers: { "content-type": "text/html" } });
        this.title = title;
      }
      static of(title: string): Page {
        return new this(title);
      }
      get shout(): string {
        return this.title.toUpperCase();
      }
      override async text(): Promise<string> {
        return `${await super.text()}!`;
      }
    }
    class Special extends Page {
      override get shout(): string {
        return `${super.shout}!`;
      }
    }
    const page = new Page("a", { status: 201 });
    assert.ok(page instanceof Page && page instanceof Response && page instanceof NativeResponse);
    assert.equal(new Response() instanceof Page, false);
    assert.equal(page.constructor, Page);
    assert.deepEqual([page.title, page.shout, page.status, page.headers.get("content-type")], [
      "a",
      "A",
      201,
      "text/html",
    ]);
    assert.equal(await page.text(), "<a>!");
    assert.equal(Special.of("b").shout, "B!");
    assert.ok(Special.of("b") instanceof Special);
    assert.equal(await Special.json({ a: 1 }).text(), '{"a":1}');
    assert.equal(Special.redirect("http://b.example/").status, 302);
    assert.equal(Special.error().type, "error");
    const { wire, errors } = await see(() => Special.of("c"), get());
    assert.deepEqual(errors, []);
    assert.match(wire, /\r\ncontent-type: text\/html\r\n[^]*\r\n\r\n<c>$/);
  });

  test(`${kind}: Reflect.construct() and classes of the old kind make instances of theirs`, async () => {
    class Text extends Response {}
    const reflected = Reflect.construct(Response, ["x", { status: 201 }], Text);
    assert.ok(reflected instanceof Text);
    assert.equal(reflected.status, 201);
    function Old(this: unknown, body: string): Response {
      return Reflect.construct(Response, [body], new.target as unknown as typeof Response);
    }
    Object.setPrototypeOf(Old, Response);
    Old.prototype = Object.create(Response.prototype, { old: { value: true } });
    const old = new (Old as unknown as new (body: string) => Response & { old: boolean })("old");
    assert.ok(old instanceof Response && old.old);
    assert.equal(await old.text(), "old");
    assert.ok(Reflect.construct(Response, ["x"]) instanceof Response);
  });

  test(`${kind}: what a program adds to the prototype, every response has`, () => {
    const prototype = Response.prototype as unknown as { shout?: (this: Response) => string };
    prototype.shout = function () {
      return `${this.status}!`;
    };
    try {
      for (const response of [new Response("x"), Response.json(1), new NativeResponse()]) {
        assert.equal((response as unknown as { shout(): string }).shout(), "200!");
      }
    } finally {
      delete prototype.shout;
    }
  });

  test(`${kind}: every member is there`, async () => {
    const make = (): Response =>
      new Response("[1]", { status: 201, statusText: "Made", headers: { "x-a": "1" } });
    const response = make();
    assert.deepEqual(
      [response.status, response.statusText, response.ok, response.type, response.url, response.redirected],
      [201, "Made", true, "default", "", false],
    );
    assert.equal(new Response(null, { status: 404 }).ok, false);
    assert.ok(response.headers instanceof Headers);
    assert.equal(response.headers, response.headers);
    assert.ok(response.body instanceof ReadableStream);
    assert.equal(response.body, response.body);
    assert.equal(new Response().body, null);
    assert.equal(response.bodyUsed, false);
    assert.equal(await response.text(), "[1]");
    assert.equal(response.bodyUsed, true);
    await assert.rejects(response.text(), TypeError);
    assert.deepEqual(await make().json(), [1]);
    assert.equal((await make().arrayBuffer()).byteLength, 3);
    assert.equal((await make().blob()).size, 3);
    assert.equal((await new Response(new URLSearchParams("a=1")).formData()).get("a"), "1");
    for (const name of Object.getOwnPropertyNames(NativeResponse.prototype)) {
      assert.ok(name in make(), name);
    }
  });

  test(`${kind}: what a response was made of is read from it, too`, async () => {
    const bytes = new TextEncoder().encode("grün");
    for (const body of ["grün", bytes, bytes.buffer, new Blob([bytes])]) {
      assert.equal(await new Response(body).text(), "grün");
      assert.equal(await new Response(body).clone().text(), "grün");
      assert.deepEqual(new Uint8Array(await new Response(body).arrayBuffer()), bytes);
    }
  });

  test(`${kind}: its headers are the same object, whatever is asked of it meanwhile`, async () => {
    for (const body of ["text", "", new Uint8Array(10), null]) {
      const response = new Response(body, { headers: { "x-a": "1" } });
      const { headers } = response;
      void response.body;
      assert.equal(response.headers, headers);
      await response.clone().text();
      assert.equal(response.headers, headers);
      headers.set("x-a", "2");
      assert.match((await see(() => response, get())).wire, /\r\nx-a: 2\r\n/);
    }
  });

  test(`${kind}: a response that was read has no clone`, async () => {
    for (const body of ["text", "", new Uint8Array(10)]) {
      const response = new Response(body);
      await response.text();
      assert.throws(() => response.clone(), TypeError);
      const locked = new Response(body);
      locked.body!.getReader();
      assert.throws(() => locked.clone(), TypeError);
    }
  });

  test(`${kind}: a clone is one of its own`, async () => {
    const response = new Response("text", { status: 404, headers: { "x-a": "1" } });
    const clone = response.clone();
    clone.headers.set("x-a", "2");
    response.headers.set("x-b", "3");
    assert.deepEqual([response.headers.get("x-a"), clone.headers.get("x-a")], ["1", "2"]);
    assert.deepEqual([clone.headers.has("x-b"), clone.status], [false, 404]);
    const { text, errors } = await see(({ url }) => url.endsWith("1") ? clone : response, GETS);
    assert.deepEqual(errors, []);
    const [first, second] = parseResponses(text);
    assert.deepEqual([first.headers.get("x-a"), first.headers.has("x-b")], ["2", false]);
    assert.deepEqual([second.headers.get("x-a"), second.headers.get("x-b")], ["1", "3"]);
    assert.deepEqual([first.body, second.body], ["text", "text"]);
  });

  test(`${kind}: a response that is kept is answered by its clones, again and again`, async () => {
    for (const kept of [new Response("kept"), Response.json("kept"), new Response(new Uint8Array([107]))]) {
      const { wire, errors } = await see(() => kept.clone(), get().repeat(20));
      assert.deepEqual(errors, []);
      const responses = parseResponses(wire);
      assert.equal(responses.length, 20);
      for (const response of responses) assert.deepEqual(response, responses[0]);
    }
  });

  test(`${kind}: what fetch() gives is a Response, and can be returned as it is`, async () => {
    const backend = await serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: ({ url }) =>
        url.endsWith("/404") ? new Response("nothing", { status: 404 }) : new Response("x".repeat(100_000), {
          headers: [["x-a", "1"], ["set-cookie", "a=1"], ["set-cookie", "b=2"]],
        }),
    });
    try {
      const fetched = await fetch(backend.url);
      assert.ok(fetched instanceof Response && fetched instanceof NativeResponse);
      await fetched.text();
      const front = await serve({
        port: 0,
        hostname: "127.0.0.1",
        fetch: (request) => fetch(new URL(new URL(request.url).pathname, backend.url)),
      });
      try {
        const passed = await fetch(front.url);
        assert.deepEqual([passed.status, passed.headers.get("x-a")], [200, "1"]);
        assert.deepEqual(passed.headers.getSetCookie(), ["a=1", "b=2"]);
        assert.equal(await passed.text(), "x".repeat(100_000));
        const missing = await fetch(new URL("/404", front.url));
        assert.deepEqual([missing.status, await missing.text()], [404, "nothing"]);
      } finally {
        await front.close();
      }
    } finally {
      await backend.close();
    }
  });

  test(`${kind}: answers that come later are each request's own, and in order`, async () => {
    const waiting = new Map<string, (response: Response) => void>();
    const connections = Array.from({ length: 20 }, () =>
      connect({
        fetch: ({ url }) => new Promise<Response>((resolve) => waiting.set(new URL(url).pathname, resolve)),
      }));
    for (const [i, { client }] of connections.entries()) client.send(get(`/${i}/a`) + get(`/${i}/b`));
    while (waiting.size > 0) {
      const [target, answer] = [...waiting].pop()!; // the last first
      waiting.delete(target);
      answer(
        target.endsWith("a") ? new Response(target, { headers: { "x-a": target } }) : Response.json(target),
      );
      await settled();
    }
    for (const [i, { client, errors }] of connections.entries()) {
      assert.deepEqual(errors, []);
      const [a, b] = parseResponses(client.text());
      assert.deepEqual([a.body, a.headers.get("x-a"), b.body], [`/${i}/a`, `/${i}/a`, `"/${i}/b"`]);
    }
  });

  test(`${kind}: a form that nobody takes leaves no rejection that nobody handles`, async () => {
    const form = new FormData();
    for (let i = 0; i < 10; i++) form.set(String(i), new File(["x".repeat(1_000)], "x"));
    class Form extends Response {}
    for (const make of [() => new Response(form), () => new Response(form).clone(), () => new Form(form)]) {
      for (const method of ["HEAD", "GET"]) {
        const { client, errors } = connect({ fetch: make });
        client.send(get().replace("GET", method));
        client.reset();
        for (let i = 0; i < 20; i++) await new Promise<void>((resolve) => setImmediate(resolve));
        assert.deepEqual(errors, []);
      }
    }
  });

  test(`${kind}: it is sent after somebody has looked at it`, async () => {
    for (const make of [() => new Response("hello"), () => Response.json("hello"), () => new Response()]) {
      const { text, errors } = await see(() => {
        const response = make();
        assert.match(inspect(response), /Response/);
        return response;
      }, get());
      assert.deepEqual(errors, []);
      assert.match(text, /^HTTP\/1\.1 200 /);
    }
  });

  test(`${kind}: trailers go behind text and bytes, and text has its type`, async () => {
    for (const body of ["hello", new TextEncoder().encode("hello")]) {
      for (const wait of [false, true]) {
        const { wire, errors } = await see((_, info) => {
          info.sendTrailers({ "x-sum": "5" });
          const response = new Response(body);
          return wait ? Promise.resolve(response) : response;
        }, GETS);
        assert.deepEqual(errors, []);
        assert.match(wire, /(?:\r\n5\r\nhello\r\n0\r\nx-sum: 5\r\n\r\n(?:HTTP|$)[^]*){2}$/);
        const types = parseResponses(wire.replaceAll("\r\nx-sum: 5", ""))
          .map(({ headers }) => headers.get("content-type"));
        const type = typeof body === "string" ? "text/plain;charset=UTF-8" : undefined;
        assert.deepEqual(types, [type, type]);
      }
    }
  });

  test(`${kind}: early hints go before it`, async () => {
    const { wire, errors } = await see((_, info) => {
      info.earlyHints({ link: "</a.css>; rel=preload" });
      return new Response("hello");
    }, get());
    assert.deepEqual(errors, []);
    assert.deepEqual(parseResponses(wire).map(({ status, body }) => [status, body]), [[103, ""], [
      200,
      "hello",
    ]]);
  });

  test(`${kind}: what is returned after upgrade() is dropped`, async () => {
    for (
      const make of [() => new Response("dropped"), () => Response.json("dropped"), () => new Response()]
    ) {
      for (const wait of [false, true]) {
        const { client, errors } = connect({
          fetch(_request, info) {
            info.upgrade();
            return wait ? Promise.resolve(make()) : make();
          },
        });
        client.send(get("/", "Connection: upgrade", "Upgrade: echo"));
        await settled();
        assert.equal(
          client.text(),
          "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n",
        );
        assert.deepEqual(errors, []);
        client.reset();
      }
    }
  });

  test(`${kind}: completed resolves when it was sent, and rejects when nobody was left to send it to`, async () => {
    let info!: FetchInfo;
    let answer!: (response: Response) => void;
    const { client, errors } = connect({
      fetch(_request, given) {
        info = given;
        return new Promise<Response>((resolve) => answer = resolve);
      },
    });
    client.send(get("/1"));
    answer(new Response("hello"));
    await info.completed;
    assert.match(client.text(), /\r\n\r\nhello$/);
    const before = client.text();
    client.send(get("/2"));
    const lost = info.completed;
    client.reset();
    answer(new Response("for nobody"));
    await assert.rejects(lost, ConnectionError);
    await settled();
    assert.equal(client.text(), before);
    assert.deepEqual(errors, []);
  });

  test(`${kind}: onError can answer with one, and what cannot travel is told to it`, async () => {
    const errors: unknown[] = [];
    const { client } = connect({
      fetch: ({ url }) => new Response("hello", { headers: url.endsWith("1") ? { "x-a": "a\x01b" } : {} }),
      onError(error) {
        errors.push(error);
        return new Response("sorry", { status: 503 });
      },
    });
    client.send(GETS);
    await settled();
    assert.deepEqual(parseResponses(client.text()).map(({ status, body }) => [status, body]), [
      [503, "sorry"],
      [200, "hello"],
    ]);
    assert.equal(errors.length, 1);
    assert.match(String(errors[0]), /x-a.*cannot travel/);
  });

  test(`${kind}: what could not be sent can be sent when it was mended`, async () => {
    const response = new Response("hello", { headers: { "x-a": "a\x01b" } });
    const { client, errors } = connect({
      fetch: () => response,
      onError(error) {
        errors.push(error);
        response.headers.set("x-a", "ab");
        return response;
      },
    });
    client.send(get());
    await settled();
    assert.match(client.text(), /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nhello$/);
    assert.equal(errors.length, 1);
  });

  test(`${kind}: a large text is sent whole`, async () => {
    const large = "a€𝄞".repeat(20_000);
    const { text, errors } = await see(() => new Response(large), GETS);
    assert.deepEqual(errors, []);
    assert.deepEqual(parseResponses(text).map(({ body }) => body === large), [true, true]);
  });

  test(`${kind}: text and bytes stay what they were while the client takes them slowly`, async () => {
    for (const length of [10, 1_000, 100_000]) {
      const bytes = new Uint8Array(length).fill(97);
      const { client, errors } = connect({ fetch: () => new Response(bytes) });
      client.takesWrites = false;
      client.send(get());
      await settled();
      bytes.fill(88);
      client.drain();
      await settled();
      assert.deepEqual(errors, []);
      assert.equal(parseResponses(client.text())[0].body === "a".repeat(length), true, `${length} bytes`);
    }
  });
}
