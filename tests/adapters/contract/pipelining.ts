/**
 * Requests one after another on one connection, in segments of any cut.
 */
import assert from "node:assert/strict";
import type { Connection } from "../../../src/api/transport.ts";
import { Deferred } from "../../../src/core/deferred.ts";
import { assertSameBytes, concat, patternBytes } from "../../support/bytes.ts";
import { get, post } from "../../support/memory.ts";
import { handler, KINDS } from "./handlers.ts";
import type { On } from "./harness.ts";
import { chunked } from "./requests.ts";

/** `count` different numbers below `count`, in an order that is none. */
function scrambled(count: number): number[] {
  return Array.from({ length: count }, (_, i) => (i * 37 + 11) % count);
}

/** Many requests on one connection. */
export function testPipelining(on: On): void {
  for (const kind of KINDS) {
    on(`answers two requests on one connection (${kind})`, async (serve) => {
      const connections: Connection[] = [];
      const server = await serve(handler(kind, ({ target, connection }) => {
        connections.push(connection);
        return target;
      }));
      const client = await server.connect();
      await client.send(get("/first"));
      assert.equal((await client.response()).text, "/first");
      await client.send(get("/second"));
      const second = await client.response();
      assert.equal(second.text, "/second");
      assert.notEqual(second.headers.get("connection"), "close");
      assert.equal(connections[0], connections[1]);
      assert.equal(connections[1].requests, 2);
    });

    on(`answers 100 GETs in one segment in order (${kind})`, async (serve) => {
      const server = await serve(handler(kind, ({ target }) => target));
      const client = await server.connect();
      const targets = Array.from({ length: 100 }, (_, i) => `/${i}`);
      await client.send(...targets.map((target) => get(target)));
      assert.deepEqual((await client.responses(100)).map(({ text }) => text), targets);
    });

    on(`answers 100 pipelined GETs in order, whenever each handler is done (${kind})`, async (serve) => {
      const gates = Array.from({ length: 100 }, () => new Deferred<void>());
      const begun = new Deferred<void>();
      const server = await serve(handler(kind, async ({ target }) => {
        begun.resolve();
        await gates[Number(target.slice(1))].promise;
        return target;
      }));
      const client = await server.connect();
      const targets = gates.map((_, i) => `/${i}`);
      await client.send(...targets.map((target) => get(target)));
      await begun.promise;
      const answers = client.responses(100);
      for (const i of scrambled(100)) {
        gates[i].resolve();
        await null; // so that some handlers find theirs open, and others wait
      }
      assert.deepEqual((await answers).map(({ text }) => text), targets);
    });

    on(`skips 100 pipelined bodies that the handler ignores (${kind})`, async (serve) => {
      const server = await serve(
        handler(kind, ({ target }) => Number(target.slice(1)) % 3 === 0 ? Promise.resolve(target) : target),
      );
      const client = await server.connect();
      const targets = Array.from({ length: 100 }, (_, i) => `/${i}`);
      const body = get("/smuggled");
      const requests = targets.map((target, i) =>
        i % 2 === 0 ? post(body, target) : chunked(target, [concat([body])])
      );
      await client.send(...requests);
      assert.deepEqual((await client.responses(100)).map(({ text }) => text), targets);
    });

    on(`answers requests that come cut at every byte (${kind})`, async (serve) => {
      const server = await serve(handler(kind, ({ target, bytes }) => {
        return target === "/echo" ? bytes().then((body) => concat([body])) : target;
      }));
      const client = await server.connect();
      const wire = concat([
        get("/first", "Accept: */*"),
        post("ignored", "/second"),
        chunked("/echo", [patternBytes(3), patternBytes(5, 1)], "X-Trailer: yes"),
        get("/last"),
      ]);
      const check = async (): Promise<void> => {
        const [first, second, echo, last] = await client.responses(4);
        assert.deepEqual([first.text, second.text, last.text], ["/first", "/second", "/last"]);
        assertSameBytes(echo.body, concat([patternBytes(3), patternBytes(5, 1)]));
      };
      for (let cut = 1; cut < wire.length; cut++) {
        await client.send(wire.subarray(0, cut));
        await client.send(wire.subarray(cut));
        await check();
      }
      for (let at = 0; at < wire.length; at++) await client.send(wire.subarray(at, at + 1));
      await check();
    });
  }
}
