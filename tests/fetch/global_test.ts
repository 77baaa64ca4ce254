/**
 * `@mooring/http/global`: programs that make their responses with `new Response`, unchanged, with `FastResponse`
 * in the place of the global.
 */
import "../../global.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { FastResponse } from "../../mod.ts";
import { NativeResponse } from "../../src/fetch/response_override.ts";
import { connect, get, parseResponses } from "../support/memory.ts";
import { readWire } from "../support/wire_text.ts";
import { testApplication } from "./application_contract.ts";
import { testResponse } from "./response_contract.ts";
import { see } from "./response_contract/harness.ts";

/** What it says: its fields come in the order and the spelling in which they were given. */
function said(wire: string, method: string): string {
  return readWire(wire, method)
    .map(({ status, fields, body }) => [status, ...fields, "", body].join("\r\n")).join("\r\n\r\n");
}

testResponse("the global Response", said);
testApplication("the global Response");

test("the global Response makes a FastResponse, which no platform's is", () => {
  assert.ok(new Response("x") instanceof FastResponse);
  assert.ok(Response.json(1) instanceof FastResponse);
  assert.equal(new NativeResponse("x") instanceof FastResponse, false);
  assert.equal(new (class extends Response {})("x") instanceof FastResponse, false);
});

test("the global Response stays the stand-in when a fetch handler is made", () => {
  const before = [Response, Response.json, NativeResponse.prototype.clone];
  connect({ fetch: () => new Response() });
  assert.deepEqual(before, [Response, Response.json, NativeResponse.prototype.clone]);
});

test("a clone of a global Response is the platform's own", async () => {
  for (
    const make of [
      () => new Response("text"),
      () => Response.json("text"),
      () => new Response("text").clone(),
    ]
  ) {
    const clone = make().clone();
    assert.match(await NativeResponse.prototype.text.call(clone), /^"?text"?$/); // throws on what is not
  }
});

test("a global Response is sent at once", () => {
  for (
    const make of [
      () => new Response("text"),
      () => new Response(new Uint8Array(100_000)),
      () => new Response(new ArrayBuffer(10)),
      () => new Response(null, { status: 404, headers: new Headers({ "x-a": "1" }) }),
      () => Response.json({ a: 1 }),
      () => {
        const response = new Response("text");
        response.headers.set("x-a", "1");
        return response;
      },
    ]
  ) {
    const { client, errors } = connect({ fetch: make });
    client.send(get());
    assert.deepEqual(errors, []);
    assert.equal(client.written.length > 0, true, String(make));
  }
});

test("a global Response takes pieces, too, as FastResponse does", async () => {
  async function* pieces(): AsyncGenerator<string> {
    yield "one ";
    yield "two";
  }
  const { text, errors } = await see(() => new Response(pieces() as unknown as BodyInit), get());
  assert.deepEqual(errors, []);
  assert.equal(parseResponses(text)[0].body, "one two");
});
