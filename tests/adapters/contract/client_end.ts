/**
 * Clients that end their side, vanish, or go on to upload: what they get, and what the handler is told.
 */
import assert from "node:assert/strict";
import type { Connection } from "../../../src/api/transport.ts";
import { Deferred } from "../../../src/core/deferred.ts";
import { assertSameBytes, patternBytes } from "../../support/bytes.ts";
import { get, post } from "../../support/memory.ts";
import { type Asked, handler, KINDS } from "./handlers.ts";
import type { On } from "./harness.ts";
import { aborted, assertPeerGone } from "./outcomes.ts";
import { MIB, UPLOAD } from "./sizes.ts";

/** How a client may end; a transport may tell one that is gone from one that has ended its side. */
export function testClientEnd(on: On, tellsGone: boolean): void {
  for (const kind of KINDS) {
    on(`answers a client that has half-closed, then ends (${kind})`, async (serve) => {
      const server = await serve(handler(kind, async ({ target, bytes }) => {
        await bytes();
        return target;
      }));
      const client = await server.connect();
      await client.send(get("/1"), post("body", "/2"), get("/3"));
      client.end();
      assert.deepEqual((await client.responses(3)).map(({ text }) => text), ["/1", "/2", "/3"]);
      await client.assertEnd();
    });

    on(`answers a client that half-closes while it waits, then ends (${kind})`, async (serve) => {
      const body = patternBytes(UPLOAD);
      const gate = new Deferred<void>();
      const begun = new Deferred<AbortSignal>();
      const server = await serve(handler(kind, async ({ signal }) => {
        begun.resolve(signal);
        await gate.promise;
        return body;
      }));
      const client = await server.connect();
      await client.send(get("/"));
      const signal = await begun.promise;
      client.end();
      assertPeerGone(await aborted(signal));
      gate.resolve();
      assertSameBytes((await client.response()).body, body);
      await client.assertEnd();
    });

    on(`aborts the signal when the client is gone (${kind})`, async (serve) => {
      const begun = new Deferred<Asked>();
      const over = new Deferred<void>();
      const server = await serve(handler(kind, async (asked) => {
        begun.resolve(asked);
        await aborted(asked.signal);
        over.resolve();
        return "to nobody";
      }));
      const client = await server.connect();
      await client.send(get("/"));
      const { signal, connection } = await begun.promise;
      assert.equal(signal.aborted, false);
      client.reset();
      assertPeerGone(await aborted(signal));
      const reason = await connection.closed;
      assert.ok(reason === "client_gone" || (!tellsGone && reason === "client_closed"), reason);
      await over.promise;
    });

    on(`leaves the signal alone when all goes well (${kind})`, async (serve) => {
      let signal: AbortSignal | undefined;
      let connection: Connection | undefined;
      const server = await serve(handler(kind, (asked) => {
        ({ signal, connection } = asked);
        return "hello";
      }));
      const client = await server.connect();
      await client.send(get("/"));
      assert.equal((await client.response()).text, "hello");
      client.end();
      await client.assertEnd();
      assert.equal(await connection!.closed, "client_closed");
      assert.equal(signal!.aborted, false);
    });

    for (const [how, leave] of [["resets", "reset"], ["half-closes", "end"]] as const) {
      on(`fails whoever reads the body of a client that ${how} before its end (${kind})`, async (serve) => {
        for (const which of ["whole", "stream"] as const) {
          const begun = new Deferred<void>();
          const failure = new Deferred<unknown>();
          const server = await serve(handler(kind, async ({ bytes, stream }) => {
            try {
              if (which === "whole") {
                const body = bytes();
                begun.resolve();
                await body;
              } else {
                for await (const part of stream()) begun.resolve(void part);
              }
              failure.resolve("the body came to its end");
            } catch (error) {
              failure.resolve(error);
            }
            return "to nobody";
          }));
          const client = await server.connect();
          await client.send(post("partial").replace("h: 7", "h: 8"));
          await begun.promise;
          client[leave]();
          assertPeerGone(await failure.promise);
          await client.assertOver();
        }
      });
    }
  }

  on("lets a client that is still uploading read the 413", async (serve) => {
    const server = await serve({ maxBodyBytes: MIB, exchange: (x) => x.respond(200) });
    const client = await server.connect();
    const length = 16 * MIB;
    await client.send(`POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${length}\r\n\r\n`);
    const piece = patternBytes(MIB);
    for (let sent = 0; sent < length; sent += MIB) await client.send(piece);
    const response = await client.response();
    assert.deepEqual([response.status, response.headers.get("connection")], [413, "close"]);
    await client.assertEnd();
  });

  on("lets a client read the answer to an upload that was too large to skip", async (serve) => {
    const server = await serve({ exchange: (x) => x.respond(403, undefined, "no") });
    const client = await server.connect();
    const length = 16 * MIB;
    await client.send(`POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${length}\r\n\r\n`);
    const piece = patternBytes(MIB);
    for (let sent = 0; sent < length; sent += MIB) await client.send(piece);
    const response = await client.response();
    assert.deepEqual([response.status, response.text, response.headers.get("connection")], [
      403,
      "no",
      "close",
    ]);
    await client.assertEnd();
  });
}
