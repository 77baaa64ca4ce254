/** The address of a server that has ended is free: the next server, or the next test, listens on it at once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type NetAddr, serve, type ServeOptions, type Server } from "../../mod.ts";
import { FIRST } from "../support/certificates.ts";

const fetch = (): Response => new Response("hello");

const ENDS: Readonly<Record<string, (server: Server, abort: AbortController) => Promise<unknown>>> = {
  "close()": (server) => server.close(),
  "shutdown()": (server) => server.shutdown(),
  "finished, by a signal": (server, abort) => {
    abort.abort();
    return server.finished;
  },
};

for (const [kind, options] of Object.entries({ TCP: {}, TLS: { tls: FIRST } })) {
  for (const [end, ends] of Object.entries(ENDS)) {
    test(`${kind}: the port is free when ${end} has resolved`, async () => {
      let port = 0;
      for (let i = 0; i < 10; i++) {
        const abort = new AbortController();
        const all: ServeOptions = { fetch, hostname: "127.0.0.1", port, signal: abort.signal, ...options };
        const server = await serve(all);
        ({ port } = server.addr as NetAddr);
        await ends(server, abort);
      }
      assert.ok(port > 0);
    });
  }
}
