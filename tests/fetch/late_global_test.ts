/**
 * `@mooring/http/global` imported when there is a fetch handler already, and responses were made: those stay what
 * they are.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FastResponse } from "../../mod.ts";
import { NativeResponse } from "../../src/fetch/response_override.ts";
import { get, parseResponses } from "../support/memory.ts";
import { see } from "./response_contract/harness.ts";

test("responses of before and after the import are instances of both, and are sent, once where they were noted", async () => {
  const early = new NativeResponse("hello");
  await see(() => new Response(), get());
  const Noting = Response;
  const noted = [
    new Response("hello"),
    new Response("hello").clone(),
    new (class extends Noting {})("hello"),
  ];
  await import("../../global.ts");
  assert.notEqual(Response, Noting);
  assert.ok(new Response() instanceof FastResponse);
  assert.equal(noted[0] instanceof FastResponse, false);
  const late = [new Response("hello"), new Response("hello").clone(), new Noting("hello")];
  for (const response of [early, ...noted, ...late]) {
    assert.ok(
      response instanceof Response && response instanceof Noting && response instanceof NativeResponse,
    );
    assert.equal(response.constructor === Response, response !== noted[2]);
    const { text, errors } = await see(() => response, get());
    assert.deepEqual(errors, []);
    const [{ headers, body }] = parseResponses(text);
    assert.equal(body, "hello");
    if (response !== early) assert.equal(headers.get("content-type"), "text/plain;charset=UTF-8");
  }
  assert.match((await see(() => noted[0], get())).text, /^HTTP\/1\.1 500 /);
});
