/**
 * What programs read of a response, and its clones.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { NativeResponse } from "../../../src/fetch/response_override.ts";
import { get, parseResponses } from "../../support/memory.ts";
import { GETS, see } from "./harness.ts";

/** Registers the tests. */
export function testMembers(kind: string): void {
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
}
