/**
 * Responses that note what they are made of when they are made, as all do from the first fetch handler on.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { serve } from "../../mod.ts";
import { NativeResponse } from "../../src/fetch/response_override.ts";
import { connect, get, parseResponses, settled } from "../support/memory.ts";
import { testApplication } from "./application_contract.ts";
import { testResponse } from "./response_contract.ts";
import { PlatformResponse, see } from "./response_contract/harness.ts";

test("responses of before the first fetch handler are instances as before, and are sent", async () => {
  const backend = await serve({
    port: 0,
    hostname: "127.0.0.1",
    exchange: (x) => x.respond(200, {}, "hello"),
  });
  try {
    assert.equal(Response, NativeResponse, "an exchange handler leaves the globals alone");
    const early = [new Response("hello"), await fetch(backend.url), Response.json("hello")];
    class Early extends Response {}
    connect({ fetch: () => new Response() });
    assert.notEqual(Response, NativeResponse);
    const late = [new Early("hello"), await fetch(backend.url), new Response("hello")];
    for (const response of [...early, ...late]) {
      assert.ok(response instanceof Response && response instanceof NativeResponse);
      const { wire, errors } = await see(() => response, get());
      assert.deepEqual(errors, []);
      assert.match(parseResponses(wire)[0].body, /^"?hello"?$/);
    }
    assert.ok(late[0] instanceof Early);
  } finally {
    await backend.close();
  }
});

testResponse("a noted Response", (wire) => wire);
testApplication("a noted Response");

/** Whether a handler's response was sent before the handler's caller went on. */
function isSentAtOnce(make: () => Response): boolean {
  const { client, errors } = connect({ fetch: make });
  client.send(get());
  assert.deepEqual(errors, []);
  return client.written.length > 0;
}

test("a noted Response is sent at once", () => {
  for (
    const make of [
      () => new Response("text"),
      () => new Response("é".repeat(100_000)),
      () => new Response(""),
      () => new Response(new Uint8Array(100_000)),
      () => new Response(new Uint8Array(100).subarray(10)),
      () => new Response(new Uint8Array(100).buffer),
      () => new Response(new DataView(new ArrayBuffer(100), 10)),
      () => Response.json({ a: 1 }),
      () => class extends Response {}.json({ a: 1 }),
      () => new Response("text").clone(),
      () => new Response("text").clone().clone(),
      () => new Response(new Uint8Array(100)).clone(),
      () => {
        // As middleware changes headers.
        const inner = new Response("text");
        const outer = new Response(inner.body, inner);
        outer.headers.set("x-a", "1");
        return new Response(outer.body, outer);
      },
      () => {
        const response = new Response("text");
        response.headers.set("x-a", "1");
        void response.clone().text();
        return response;
      },
    ]
  ) {
    assert.equal(isSentAtOnce(make), true, String(make));
  }
});

test("a platform's Response without a body is sent at once", () => {
  for (
    const make of [
      () => new Response(null, { status: 302, headers: { location: "/new" } }),
      () => new Response(),
      () => new Response(undefined, { status: 204 }),
      () => Response.redirect("http://a/new"),
      () => new NativeResponse(null, { status: 304, headers: { etag: '"1"' } }),
      () => new (class extends Response {})(null, { status: 404 }),
    ]
  ) {
    assert.equal(isSentAtOnce(make), true, String(make));
  }
});

test("a Response without a body may be sent again", async () => {
  const response = new Response(null, { status: 302, headers: { location: "/new" } });
  const { wire, errors } = await see(() => response, get() + get());
  assert.deepEqual(errors, []);
  const answers = parseResponses(wire);
  assert.deepEqual(answers.map(({ status }) => status), [302, 302]);
  assert.deepEqual(answers.map(({ headers }) => headers.get("location")), ["/new", "/new"]);
});

for (const size of [100, 100_000]) {
  test(`a Response of a Blob of ${size} bytes is sent once, and not while its body is read`, async () => {
    const blob = new Blob(["a".repeat(size)]);
    const sent = new Response(blob);
    const { wire, errors } = await see(() => sent, get() + get());
    const [first, second] = parseResponses(wire);
    assert.deepEqual([first.status, first.body.length, second.status], [200, size, 500]);
    assert.match(String(errors), /^TypeError: the Response was used already/);
    assert.equal(sent.bodyUsed, true);

    const read = new Response(blob);
    const reader = read.body!.getReader();
    assert.match((await see(() => read, get())).wire, /^HTTP\/1\.1 500 /);
    await reader.cancel();
  });
}

test("what is not noted is sent from its stream", async () => {
  for (
    const make of [
      () => new NativeResponse("text"),
      () => NativeResponse.json({ a: 1 }),
      () => new PlatformResponse("text"),
      () => new (class extends Response {})("text"),
      () => new Response(new NativeResponse("text").body),
      () => {
        const response = new Response("text");
        void response.body!.getReader().read();
        return new Response(new NativeResponse("other").body, response);
      },
      () => new NativeResponse("text").clone(),
    ]
  ) {
    assert.equal(isSentAtOnce(make), false, String(make));
    const { wire } = await see(make, get());
    assert.equal(parseResponses(wire)[0].status, 200);
  }
});

test("a noted Response to HEAD has the head that it has to GET, its length included", async () => {
  for (const body of ["grün", "", new Uint8Array(16 * 1024)]) {
    const [got] = parseResponses((await see(() => new Response(body), get())).text);
    const head = get().replace("GET", "HEAD");
    const [asked] = parseResponses((await see(() => new Response(body), head)).text, ["HEAD"]);
    assert.deepEqual([...asked.headers], [...got.headers]);
    assert.equal(asked.body, "");
  }
});

for (
  const [what, make] of Object.entries({
    "text": () => new Response("hello"),
    "an empty text": () => new Response(""),
    "bytes": () => new Response(new Uint8Array([104, 105])),
    "JSON": () => Response.json({ a: 1 }),
    "a clone": () => new Response("hello").clone(),
  })
) {
  test(`a noted Response of ${what} is sent once; a TypeError is told when it is returned again`, async () => {
    for (const later of [false, true]) {
      const response = make();
      const { wire, errors } = await see(
        () => later ? Promise.resolve(response) : response,
        get().repeat(3),
      );
      assert.deepEqual(parseResponses(wire).map(({ status }) => status), [200, 500, 500]);
      assert.equal(errors.length, 2);
      for (const error of errors) {
        assert.ok(error instanceof TypeError);
        assert.match(error.message, /was used already/);
      }
    }
  });

  test(`a noted Response of ${what} is sent once, whatever becomes of it and of the request`, async () => {
    const again: Record<string, (response: Response) => unknown> = {
      "after it was read": (response) => response.text().catch(() => {}),
      "after its body was looked at": (response) => void response.body,
      "after its headers were changed": ({ headers }) => headers.set("x-a", "1"),
    };
    for (const [when, change] of Object.entries(again)) {
      const response = make();
      assert.match((await see(() => response, get())).wire, /^HTTP\/1\.1 200 /);
      await change(response);
      assert.match((await see(() => response, get())).wire, /^HTTP\/1\.1 500 /, when);
    }
    const first = make();
    assert.match((await see(() => first, get().replace("GET", "HEAD"))).wire, /^HTTP\/1\.1 200 /);
    assert.match((await see(() => first, get())).wire, /^HTTP\/1\.1 500 /, "after a HEAD");
    const withTrailers = make();
    const send = (_: unknown, info: { sendTrailers(trailers: object): void }): Response => {
      info.sendTrailers({ "x-a": "1" });
      return withTrailers;
    };
    assert.match((await see(send, get())).wire, /^HTTP\/1\.1 200 /);
    assert.match((await see(() => withTrailers, get())).wire, /^HTTP\/1\.1 500 /, "after it had trailers");
  });

  test(`a noted Response of ${what} answers one of two requests that wait for it`, async () => {
    let answer!: (response: Response) => void;
    const promise = new Promise<Response>((resolve) => answer = resolve);
    const asked = [connect({ fetch: () => promise }), connect({ fetch: () => promise })];
    for (const { client } of asked) client.send(get());
    answer(make());
    await settled();
    const statuses = asked.map(({ client }) => parseResponses(client.text())[0].status);
    assert.deepEqual(statuses.sort(), [200, 500]);
  });
}

test("a noted Response that was sent has no clone", async () => {
  for (const make of [() => new Response("hello"), () => new Response(new Uint8Array(40_000))]) {
    const response = make();
    await see(() => response, get());
    assert.throws(() => response.clone(), TypeError);
  }
});

test("a noted Response that was sent is not sent again with trailers", async () => {
  const response = new Response("hello");
  let calls = 0;
  const { wire, errors } = await see((_, info) => {
    if (calls++ > 0) info.sendTrailers({ "x-a": "1" });
    return response;
  }, get().repeat(2));
  assert.match(wire, /^HTTP\/1\.1 200 [^]*HTTP\/1\.1 500 /);
  assert.equal(errors.length, 1);
});

test("a clone of a noted Response is sent before and after its original", async () => {
  for (const order of [[0, 1, 2], [2, 1, 0], [1, 0, 2]]) {
    const response = new Response("hello");
    const three = [response, response.clone(), response.clone()];
    const inOrder = order.map((i) => three[i]);
    const { wire, errors } = await see(() => inOrder.shift()!, get().repeat(3));
    assert.deepEqual(errors, []);
    assert.deepEqual(parseResponses(wire).map(({ body }) => body), ["hello", "hello", "hello"]);
  }
});

test("a noted Response keeps its bytes also where the handler used them again before it answered", async () => {
  const bytes = new Uint8Array(4);
  let count = 0;
  const { wire } = await see(async () => {
    const response = new Response(bytes.fill(97 + count++));
    await null;
    bytes.fill(88);
    return response;
  }, get().repeat(3));
  assert.deepEqual(parseResponses(wire).map(({ body }) => body), ["aaaa", "bbbb", "cccc"]);
});

test("a text has its type on every runtime, and other bodies none that was not given", async () => {
  const typeOf = async (make: () => Response): Promise<string | undefined> => {
    const { wire, errors } = await see(make, get());
    assert.deepEqual(errors, []);
    return parseResponses(wire)[0].headers.get("content-type");
  };
  const text = "text/plain;charset=UTF-8";
  assert.equal(await typeOf(() => new Response("hello")), text);
  assert.equal(await typeOf(() => new Response("")), text);
  assert.equal(await typeOf(() => new Response("hello", { headers: { "x-a": "1" } })), text);
  assert.equal(await typeOf(() => new Response("hello").clone()), text);
  assert.equal(await typeOf(() => (void new Response("hello").headers, new Response("hello").clone())), text);
  assert.equal(await typeOf(() => new Response(new Uint8Array(5))), undefined);
  assert.equal(await typeOf(() => new Response(new Uint8Array(5)).clone()), undefined);
  assert.equal(await typeOf(() => new Response(new Uint8Array(100_000))), undefined);
  assert.equal(await typeOf(() => new Response(new Response("hello").body)), undefined);
  assert.equal(await typeOf(() => Response.json(1)), "application/json");
  assert.equal(await typeOf(() => Response.json(1).clone()), "application/json");
  for (const name of ["content-type", "Content-Type"]) {
    const headers = { [name]: "text/html" };
    assert.equal(await typeOf(() => new Response("hello", { headers })), "text/html");
    assert.equal(await typeOf(() => new Response("hello", { headers }).clone()), "text/html");
    assert.equal(await typeOf(() => new Response(new Uint8Array(5), { headers })), "text/html");
  }
});

test("an init that is changed after a noted Response was made changes nothing", async () => {
  const headers = new Headers({ "x-a": "1" });
  const init = { status: 201, headers };
  const { wire } = await see(() => {
    const response = new Response("hello", init);
    headers.set("x-a", "2");
    init.status = 404;
    return response;
  }, get());
  const [{ status, headers: sent }] = parseResponses(wire);
  assert.deepEqual([status, sent.get("x-a")], [201, "1"]);
});

test("the second fetch handler leaves alone what the first one made of the globals", async () => {
  const before = [Response, Response.prototype.clone, Response.json, fetch, Request];
  connect({ fetch: () => new Response() });
  assert.deepEqual(before, [Response, Response.prototype.clone, Response.json, fetch, Request]);
});

test("the Blob of a noted Response of bytes has the type that the platform gives it, however many they are", async () => {
  connect({ fetch: () => new Response() });
  for (const size of [16, 64 * 1024]) {
    for (const init of [undefined, {}, { headers: { "content-type": "image/PNG" } }]) {
      const bytes = new Uint8Array(size).fill(65);
      const expected = await new PlatformResponse(bytes, init).blob();
      const noted = new Response(bytes, init);
      const rewrapped = new Response(new Response(bytes, init).body, noted);
      for (const response of [noted.clone(), noted, rewrapped]) {
        const blob = await response.blob();
        if (response !== rewrapped) assert.equal(blob.type, expected.type);
        assert.equal(await blob.text(), await expected.text());
        assert.ok(response.bodyUsed);
        await assert.rejects(response.blob(), TypeError);
      }
    }
  }
});
