/**
 * close() and shutdown(): what becomes of the connections that are there.
 */
import assert from "node:assert/strict";
import type { ConnectionError } from "../../../src/api/errors.ts";
import type { Connection } from "../../../src/api/transport.ts";
import { Deferred } from "../../../src/core/deferred.ts";
import { causeOf } from "../../support/abort_cause.ts";
import { get } from "../../support/memory.ts";
import { type Asked, handler, KINDS } from "./handlers.ts";
import type { On } from "./harness.ts";
import { aborted } from "./outcomes.ts";

/** How a server ends. */
export function testServerEnd(on: On): void {
  for (const kind of KINDS) {
    on(`ends everything on close() (${kind})`, async (serve) => {
      const begun = new Deferred<Asked>();
      const server = await serve(handler(kind, async (asked) => {
        if (asked.target === "/idle") return "idle";
        begun.resolve(asked);
        await aborted(asked.signal);
        return "to nobody";
      }));
      const [fresh, idle, active] = [await server.connect(), await server.connect(), await server.connect()];
      await idle.send(get("/idle"));
      await idle.response();
      await active.send(get("/active"));
      const { signal, connection } = await begun.promise;
      await server.close();
      assert.equal(await connection.closed, "forced");
      assert.equal((causeOf(await aborted(signal)) as ConnectionError).code, "closed");
      for (const client of [fresh, idle, active]) await client.assertOver();
    });

    on(`answers what is under way on shutdown(), then ends (${kind})`, async (serve) => {
      const begun = new Deferred<void>();
      const gate = new Deferred<void>();
      const server = await serve(handler(kind, async ({ target }) => {
        if (target === "/idle") return target;
        begun.resolve();
        await gate.promise;
        return target;
      }));
      const [idle, active] = [await server.connect(), await server.connect()];
      await idle.send(get("/idle"));
      await idle.response();
      await active.send(get("/active"), get("/never"));
      await begun.promise;
      const over = server.shutdown();
      await idle.assertEnd();
      gate.resolve();
      const response = await active.response();
      assert.deepEqual([response.text, response.headers.get("connection")], ["/active", "close"]);
      await active.assertEnd();
      idle.end();
      active.end();
      await over;
    });
  }

  on("closes a connection whose client stays after the last response", async (serve) => {
    const begun = new Deferred<Connection>();
    const server = await serve({
      lingerTimeout: 100,
      exchange(x) {
        begun.resolve(x.connection);
        x.respond(200, { connection: "close" }, "the last one");
      },
    });
    const client = await server.connect();
    await client.send(get());
    assert.equal((await client.response()).text, "the last one");
    assert.equal(await (await begun.promise).closed, "response_close");
  });
}
