/**
 * An event stream, on each kind of socket that `serve()` listens on: its head comes before its first event, and its
 * source ends with its client, whichever way that goes.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Connection } from "../../src/api/transport.ts";
import { Deferred } from "../../src/core/deferred.ts";
import type { FetchHandler } from "../../src/api/fetch.ts";
import { inTime } from "../support/deadline.ts";
import { get } from "../support/memory.ts";
import { onNodeTcp, onTcp, onTls, onUnix, type OpenServer } from "../support/opened_servers.ts";
import { WireClient } from "../support/wire_client.ts";

const PLACES: Readonly<Record<string, OpenServer>> = {
  "TCP": onTcp,
  "TCP by the Node adapter": onNodeTcp,
  "TLS": onTls,
  "a Unix socket": onUnix,
};

for (const [place, open] of Object.entries(PLACES)) {
  test(`${place}: the head of an event stream comes before its first event`, async () => {
    let controller!: ReadableStreamDefaultController;
    const stream = new ReadableStream({ start: (given) => void (controller = given) });
    const server = await open({ fetch: () => new Response(stream) });
    try {
      using client = new WireClient(await server.connect());
      await client.send(get("/"));
      assert.match(
        await inTime(client.readUntil("\r\n\r\n"), "the head"),
        /^HTTP\/1\.1 200 OK\r\n[^]*transfer-encoding: chunked/,
      );
      controller.enqueue("data: 1\n\n");
      controller.close();
      assert.equal(
        new TextDecoder().decode(await inTime(client.readBytes(14), "an event")),
        "9\r\ndata: 1\n\n\r\n",
      );
    } finally {
      await server.close();
    }
  });

  for (const way of ["half-closes", "resets"] as const) {
    test(`${place}: a quiet event stream is cancelled when its client ${way}`, async () => {
      const cancelled = new Deferred<unknown>();
      const asked = new Deferred<Connection>();
      const fetch: FetchHandler = (_, { connection }) => {
        asked.resolve(connection);
        return new Response(
          new ReadableStream({
            start: (controller) => controller.enqueue("data: 1\n\n"),
            cancel: (reason) => cancelled.resolve(reason),
          }),
        );
      };
      const server = await open({ fetch });
      try {
        using client = new WireClient(await server.connect());
        await client.send(get("/"));
        await inTime(client.readUntil("\r\n\r\n"), "the head");
        await inTime(client.readBytes(14), "an event");
        if (way === "resets") client.reset();
        else client.end();
        assert.ok(await inTime(cancelled.promise, "cancel()") instanceof Error);
        assert.equal(await inTime((await asked.promise).closed, "its end"), "client_gone");
      } finally {
        await server.close();
      }
    });
  }
}
