/**
 * A response whose body is made when the program looks at it looks like any other, at each of its members.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { createServer } from "../../mod.ts";
import { NativeResponse } from "../../src/fetch/response_override.ts";
import { Child, command } from "../support/child.ts";

// Responses are tracked from the first server on.
createServer({ fetch: () => new Response("") });

test("what a body is read as depends on the type that the response has by then", async () => {
  const response = new Response("a=1", { headers: { "content-type": "text/plain" } });
  assert.notEqual(response.body, null);
  response.headers.set("content-type", "application/x-www-form-urlencoded");
  const form = await response.formData();
  assert.equal(form.get("a"), "1");
});

test("a body is unused until it is read, and used from then on", async () => {
  const response = new Response("text");
  assert.equal(response.bodyUsed, false);
  const { body } = response;
  assert.equal(response.body, body, "the same stream each time");
  assert.equal(response.bodyUsed, false);
  assert.equal(await response.text(), "text");
  assert.equal(response.bodyUsed, true);
  assert.equal(body!.locked || response.bodyUsed, true);
  await assert.rejects(response.text(), TypeError);
  assert.throws(() => response.clone(), TypeError);
});

test("a clone of an untouched response leaves it untouched", async () => {
  const response = new Response(Uint8Array.of(1, 2, 3), { status: 201, headers: { "x-a": "b" } });
  const copy = response.clone();
  assert.equal(response.bodyUsed, false);
  assert.equal(copy.status, 201);
  assert.equal(copy.headers.get("x-a"), "b");
  assert.deepEqual(new Uint8Array(await copy.arrayBuffer()), Uint8Array.of(1, 2, 3));
  assert.deepEqual(new Uint8Array(await response.arrayBuffer()), Uint8Array.of(1, 2, 3));
});

test("a status that has no body takes none where the platform takes none", () => {
  const throws = (make: () => Response): boolean => {
    try {
      make();
      return false;
    } catch (error) {
      return error instanceof TypeError;
    }
  };
  for (const status of [204, 205, 304]) {
    for (const body of ["text", Uint8Array.of(1)]) {
      assert.equal(
        throws(() => new Response(body, { status })),
        throws(() => new NativeResponse(body, { status })),
        `${status} with ${typeof body}`,
      );
    }
  }
});

test("members of other objects than responses are as the platform's", async () => {
  const { prototype } = Response;
  assert.throws(() => Reflect.get(prototype, "body", {}), TypeError);
  await assert.rejects(async () => await Reflect.apply(prototype.text, {}, []), TypeError);
  await assert.rejects(async () => await Reflect.apply(prototype.text, undefined, []), TypeError);
});

test("a Proxy of a response has its body where one of the platform's has", async () => {
  const outcome = async (response: Response): Promise<string> => {
    try {
      return await new Proxy(response, {}).text();
    } catch (error) {
      return (error as Error).name;
    }
  };
  assert.equal(await outcome(new Response("text")), await outcome(new NativeResponse("text")));
});

test("a server starts, and answers, where Response has members that cannot be replaced", async () => {
  await using child = await Child.start(command("tests/support/fixed_response"));
  assert.deepEqual(child.told, [["text", "text"]]);
});
