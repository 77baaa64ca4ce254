/**
 * Which response is the last of its connection.
 */
import assert from "node:assert/strict";
import type { CloseReason } from "../../../src/api/transport.ts";
import { Deferred } from "../../../src/core/deferred.ts";
import { get } from "../../support/memory.ts";
import { handler, KINDS } from "./handlers.ts";
import type { On } from "./harness.ts";

/** When a connection ends with a response. */
export function testPersistence(on: On): void {
  for (const kind of KINDS) {
    on(`ends after the response to "Connection: close" (${kind})`, async (serve) => {
      const targets: string[] = [];
      const closed = new Deferred<Promise<CloseReason>>();
      const server = await serve(handler(kind, ({ target, connection }) => {
        targets.push(target);
        closed.resolve(connection.closed);
        return target;
      }));
      const client = await server.connect();
      await client.send(get("/last", "Connection: Close"), get("/never"));
      const response = await client.response();
      assert.deepEqual([response.text, response.headers.get("connection")], ["/last", "close"]);
      await client.assertEnd();
      client.end();
      assert.equal(await (await closed.promise), "close_requested");
      assert.deepEqual(targets, ["/last"]);
    });
  }

  on(`ends after a response that says "Connection: close"`, async (serve) => {
    let closed: Promise<CloseReason> | undefined;
    const server = await serve({
      exchange(x) {
        closed = x.connection.closed;
        x.respond(200, { connection: "close" }, x.target);
      },
    });
    const client = await server.connect();
    await client.send(get("/last"), get("/never"));
    const response = await client.response();
    assert.deepEqual([response.text, response.headers.get("connection")], ["/last", "close"]);
    await client.assertEnd();
    client.end();
    assert.equal(await closed, "response_close");
  });

  on(`ends after a Response that says "Connection: close" (fetch)`, async (serve) => {
    const server = await serve({ fetch: () => new Response("bye", { headers: { connection: "close" } }) });
    const client = await server.connect();
    await client.send(get("/last"), get("/never"));
    const response = await client.response();
    assert.deepEqual([response.text, response.headers.get("connection")], ["bye", "close"]);
    await client.assertEnd();
  });

  for (const kind of KINDS) {
    on(`ends after a response to HTTP/1.0, unless it asks to stay (${kind})`, async (serve) => {
      const server = await serve(handler(kind, ({ target }) => target));
      const client = await server.connect();
      await client.send("GET /stay HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
      const stays = await client.response();
      assert.deepEqual([stays.text, stays.headers.get("connection")], ["/stay", "keep-alive"]);
      await client.send("GET /go HTTP/1.0\r\n\r\n");
      const goes = await client.response();
      assert.deepEqual([goes.text, goes.headers.get("connection")], ["/go", "close"]);
      await client.assertEnd();
    });
  }

  on("ends a streamed response to HTTP/1.0 by the close", async (serve) => {
    const server = await serve({
      exchange(x) {
        x.start(200);
        x.write("one ");
        x.end("two");
      },
    });
    const client = await server.connect();
    await client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const { headers, text } = await client.response();
    assert.equal(text, "one two");
    assert.equal(headers.get("connection"), "close");
    assert.equal(headers.get("transfer-encoding"), undefined);
  });

  on("ends with the last of maxRequests", async (serve) => {
    const server = await serve({ maxRequests: 2, exchange: (x) => x.respond(200, undefined, x.target) });
    const client = await server.connect();
    await client.send(get("/1"), get("/2"), get("/3"));
    const [first, second] = await client.responses(2);
    assert.equal(first.text, "/1");
    assert.notEqual(first.headers.get("connection"), "close");
    assert.deepEqual([second.text, second.headers.get("connection")], ["/2", "close"]);
    await client.assertEnd();
  });
}
