/**
 * How responses are sent: late, slowly, after they were looked at, and from elsewhere.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { serve } from "../../../mod.ts";
import { NativeResponse } from "../../../src/fetch/response_override.ts";
import { connect, get, parseResponses, settled } from "../../support/memory.ts";
import { GETS, see } from "./harness.ts";

/** Registers the tests. */
export function testSending(kind: string): void {
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
