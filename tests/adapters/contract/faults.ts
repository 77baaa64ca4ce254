/**
 * Malformed requests and handlers that fail: what the client gets, and that others go on.
 */
import assert from "node:assert/strict";
import type { ConnectionOptions } from "../../../src/api/options.ts";
import type { CloseReason } from "../../../src/api/transport.ts";
import { Deferred } from "../../../src/core/deferred.ts";
import { concat } from "../../support/bytes.ts";
import { get, post } from "../../support/memory.ts";
import { handler, KINDS } from "./handlers.ts";
import type { On } from "./harness.ts";
import { chunkedText } from "./requests.ts";

/** What goes wrong; a transport that can reset shows the client a response that was cut off. */
export function testFaults(on: On, canReset: boolean): void {
  const malformed: [what: string, request: string, status: number][] = [
    ["no request", "\x16\x03\x01\x02\x00\x01\r\n\r\n", 400],
    ["a space before a colon", "GET / HTTP/1.1\r\nHost : a.example\r\n\r\n", 400],
    ["no Host", "GET / HTTP/1.1\r\n\r\n", 400],
    ["two lengths", post("body", "/", "Content-Length: 5"), 400],
    ["a malformed chunk", chunkedText("xyz\r\n"), 400],
    ["a version to come", "GET / HTTP/3.0\r\nHost: a.example\r\n\r\n", 505],
  ];
  on("answers what is malformed with an error and the end; other connections go on", async (serve) => {
    const gate = new Deferred<void>();
    const begun = new Deferred<void>();
    const server = await serve({
      async exchange(x) {
        if (x.hasBody) await x.bytes();
        if (x.target === "/slow") {
          begun.resolve();
          await gate.promise;
        }
        x.respond(200, undefined, x.target);
      },
      onError: () => {},
    });
    const reading = await server.connect();
    await reading.send(get("/reading").slice(0, 20));
    const waiting = await server.connect();
    await waiting.send(get("/slow"));
    await begun.promise;
    for (const [what, request, status] of malformed) {
      const client = await server.connect();
      await client.send(get("/good"), request, get("/never"));
      assert.equal((await client.response()).text, "/good", what);
      const response = await client.response();
      assert.deepEqual([response.status, response.headers.get("connection")], [status, "close"], what);
      await client.assertEnd();
    }
    gate.resolve();
    assert.equal((await waiting.response()).text, "/slow");
    await reading.send(get("/reading").slice(20));
    assert.equal((await reading.response()).text, "/reading");
  });

  for (const kind of KINDS) {
    on(`answers 500 for a handler that fails, and goes on (${kind})`, async (serve) => {
      const errors: unknown[] = [];
      const server = await serve({
        ...handler(kind, ({ target }) => {
          if (target === "/throws") throw new Error("thrown");
          return target === "/rejects" ? Promise.reject(new Error("rejected")) : target;
        }),
        onError: (error) => void errors.push((error as Error).message),
      });
      const client = await server.connect();
      await client.send(get("/throws"), post("body", "/rejects"), get("/works"));
      const [thrown, rejected, works] = await client.responses(3);
      assert.deepEqual([thrown.status, rejected.status, works.status], [500, 500, 200]);
      assert.deepEqual(errors, ["thrown", "rejected"]);
    });

    on(`cuts off a response whose handler fails in the middle of it (${kind})`, async (serve) => {
      const errors: string[] = [];
      const closed: Promise<CloseReason>[] = [];
      const gates = [new Deferred<void>(), new Deferred<void>()];
      const fail = async (): Promise<never> => {
        await gates[errors.length].promise;
        throw new Error("in the middle");
      };
      const failing: ConnectionOptions = kind === "exchange"
        ? {
          async exchange(x) {
            x.start(200);
            x.write("part");
            await fail();
          },
        }
        : {
          fetch: () =>
            new Response(
              new ReadableStream({
                start: (controller) => controller.enqueue(concat(["part"])),
                pull: fail,
              }),
            ),
        };
      const server = await serve({
        ...failing,
        onError: (error) => void errors.push((error as Error).message),
        onStateChange(connection, state) {
          if (state === "new") closed.push(connection.closed);
        },
      });
      const client = await server.connect();
      await client.send(get("/"), get("/never"));
      await client.readUntil("\r\n4\r\npart\r\n");
      gates[0].resolve();
      const rest = await client.readToEnd().catch(() => concat([]));
      assert.equal(rest.length, 0, "there is no last chunk");
      // Without chunks, the end of the body is the end of the connection, which must not look like a good one.
      const older = await server.connect();
      await older.send("GET / HTTP/1.0\r\n\r\n");
      await older.readUntil("\r\n\r\npart");
      gates[1].resolve();
      if (canReset) await assert.rejects(older.readToEnd());
      else await older.assertEnd();
      assert.deepEqual(await Promise.all(closed), ["handler_error", "handler_error"]);
      assert.deepEqual(errors, ["in the middle", "in the middle"]);
    });
  }
}
