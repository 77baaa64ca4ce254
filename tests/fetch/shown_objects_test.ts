/** What a program sees of a request and a response that it prints, or whose class it asks for: those of the platform. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { FastResponse, serve } from "../../mod.ts";

/** As `console.log` shows it. */
const { Bun, Deno } = globalThis as unknown as Record<"Bun" | "Deno", { inspect(value: unknown): string }>;
const shown = Bun?.inspect ?? Deno?.inspect ?? inspect;

/** What `look` gives for a request of a handler. */
async function seen<T>(look: (request: Request) => T): Promise<T> {
  const values: T[] = [];
  await using server = await serve({
    port: 0,
    fetch(request) {
      values.push(look(request));
      return new Response("hello", { headers: { connection: "close" } });
    },
  });
  await (await fetch(`${server.url}path`, { headers: { "x-a": "a value" } })).text();
  return values[0];
}

test("a request that is printed shows its URL and its headers, not how it is made", async () => {
  const text = await seen((request) => shown(request));
  assert.match(text, /^Request/);
  assert.match(text, /\/path/);
  assert.match(text, /a value/);
  assert.doesNotMatch(text, /bodiless|detach/);
});

test("headers and a FastResponse that are printed show what they have", async () => {
  assert.match(await seen(({ headers }) => shown(headers)), /^Headers[^]*a value/);
  const text = shown(new FastResponse("hello", { status: 404 }));
  assert.match(text, /^Response[^]*404/);
  assert.doesNotMatch(text, /Getter/);
});

test("the constructors are the globals", async () => {
  const isGlobal = await seen((request) => [
    request.constructor === Request,
    request.clone().constructor === Request,
    request.headers.constructor === Headers,
    new Request("http://a.example").constructor === Request,
    new Response("").constructor === Response,
  ]);
  assert.deepEqual(isGlobal, [true, true, true, true, true]);
  assert.equal(new FastResponse("").constructor, Response);
});
