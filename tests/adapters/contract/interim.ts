/**
 * Responses before the final one: 100 where a body is waited for, and 103.
 */
import assert from "node:assert/strict";
import { Deferred } from "../../../src/core/deferred.ts";
import { concat } from "../../support/bytes.ts";
import { get, post } from "../../support/memory.ts";
import { handler, KINDS } from "./handlers.ts";
import type { On } from "./harness.ts";

/** Interim responses. */
export function testInterimResponses(on: On): void {
  for (const kind of KINDS) {
    on(`sends 100 once, when a body is asked for that the client holds back (${kind})`, async (serve) => {
      const asked = new Deferred<void>();
      const gate = new Deferred<void>();
      const server = await serve(handler(kind, async ({ target, stream }) => {
        if (target === "/quiet") return target;
        asked.resolve();
        await gate.promise;
        const parts: Uint8Array[] = [];
        for await (const part of stream()) parts.push(part);
        return concat(parts);
      }));
      const client = await server.connect();
      await client.send(get("/quiet"), post("", "/echo", "Expect: 100-Continue").replace("h: 0", "h: 6"));
      await asked.promise;
      assert.equal((await client.response()).text, "/quiet");
      gate.resolve();
      const interim = await client.response();
      assert.deepEqual([interim.status, interim.headers.size], [100, 0]);
      for (const part of ["ab", "cd", "ef"]) await client.send(part);
      assert.equal((await client.response()).text, "abcdef");
      // A body that comes without waiting needs no 100.
      await client.send(post("abcdef", "/echo", "Expect: 100-continue"));
      assert.equal((await client.response()).text, "abcdef");
    });
  }

  on("ends the connection where the answer to Expect is final", async (serve) => {
    const server = await serve({ exchange: (x) => x.respond(401, undefined, "no") });
    const client = await server.connect();
    await client.send(post("", "/", "Expect: 100-continue").replace("h: 0", "h: 6"));
    const response = await client.response();
    assert.deepEqual([response.status, response.headers.get("connection")], [401, "close"]);
    await client.assertEnd();
  });

  for (const kind of KINDS) {
    on(`sends early hints before there is an answer (${kind})`, async (serve) => {
      const gate = new Deferred<void>();
      const hints = { link: "</style.css>; rel=preload" };
      const server = await serve(
        kind === "exchange"
          ? {
            async exchange(x) {
              x.earlyHints(hints);
              await gate.promise;
              x.respond(200, {}, "final");
            },
          }
          : {
            async fetch(_, info) {
              info.earlyHints(hints);
              await gate.promise;
              return new Response("final");
            },
          },
      );
      const client = await server.connect();
      await client.send(get("/"));
      const early = await client.response();
      assert.deepEqual([early.status, early.headers.get("link")], [103, hints.link]);
      gate.resolve();
      assert.equal((await client.response()).text, "final");
    });
  }
}
