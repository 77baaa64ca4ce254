/**
 * What a handler leaves in an AsyncLocalStorage is not seen by the next request of its connection.
 */
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import test from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { serve } from "../../mod.ts";
import type { NetAddr } from "../../src/api/transport.ts";
import type { ServeOptions } from "../../src/api/options.ts";
import { connectTcp } from "../support/byte_streams.ts";
import { get } from "../support/memory.ts";
import { WireClient } from "../support/wire_client.ts";

const storage = new AsyncLocalStorage<string>();
const seen = (): string => storage.getStore() ?? "nothing";

/** The answers to three requests, of which the second is pipelined behind the first. */
async function answers(options: ServeOptions): Promise<string[]> {
  const server = await serve({ port: 0, hostname: "127.0.0.1", ...options });
  using client = new WireClient(await connectTcp((server.addr as NetAddr).port));
  await client.send(get("/") + get("/"));
  const pipelined = await client.responses(2);
  await client.send(get("/"));
  const all = [...pipelined, await client.response()].map(({ text }) => text);
  await server.close();
  return all;
}

test("enterWith() in a handler that answers at once does not reach the next request", async () => {
  const fetch = (): Response => {
    const before = seen();
    storage.enterWith("left behind");
    return new Response(before);
  };
  assert.deepEqual(await answers({ fetch }), ["nothing", "nothing", "nothing"]);
});

test("enterWith() in a handler that answers later holds for that request alone", async () => {
  const fetch = async (): Promise<Response> => {
    const before = seen();
    storage.enterWith("its own");
    await delay(1);
    return new Response(`${before}, then ${seen()}`);
  };
  const each = "nothing, then its own";
  assert.deepEqual(await answers({ fetch }), [each, each, each]);
});

test("an answer from inside of run() does not take the next request along", async () => {
  const exchange: ServeOptions["exchange"] = (x) => {
    const before = seen();
    return storage.run("inside", async () => {
      await delay(1);
      x.respond(200, {}, before);
    });
  };
  assert.deepEqual(await answers({ exchange }), ["nothing", "nothing", "nothing"]);
});

test("handlers see the storage in which serve() was called", async () => {
  const fetch = (): Response => new Response(seen());
  assert.deepEqual(await storage.run("outside", () => answers({ fetch })), ["outside", "outside", "outside"]);
});
