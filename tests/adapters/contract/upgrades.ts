/**
 * Upgraded connections and tunnels: every byte both ways, held back while nobody reads, and how they end.
 */
import assert from "node:assert/strict";
import type { Upgraded } from "../../../src/api/exchange.ts";
import type { ConnectionOptions } from "../../../src/api/options.ts";
import type { Connection } from "../../../src/api/transport.ts";
import { Deferred } from "../../../src/core/deferred.ts";
import { assertSameBytes, concat, patternBytes } from "../../support/bytes.ts";
import { get } from "../../support/memory.ts";
import { handler, type Kind, KINDS } from "./handlers.ts";
import type { On } from "./harness.ts";
import { assertPeerGone } from "./outcomes.ts";
import { exchangeMany } from "./requests.ts";
import { DOWNLOAD, MIB, PIECE, TOO_MUCH, UPLOAD } from "./sizes.ts";

const UPGRADE = get("/echo", "Connection: Upgrade", "Upgrade: echo");

/** A handler of this kind that upgrades what asks for it, and answers everything else with the target. */
function tunnels(kind: Kind, use: (upgraded: Upgraded) => Promise<void>): ConnectionOptions {
  // A tunnel that breaks is the test's affair.
  const run = (upgraded: Upgraded): void => void use(upgraded).catch(() => {});
  return {
    onStateChange(connection, state) {
      if (state === "upgraded") lastTunnel = connection;
    },
    ...kind === "exchange"
      ? {
        exchange(x) {
          if (x.method !== "CONNECT" && x.header("upgrade") === null) x.respond(200, {}, x.target);
          else run(x.upgrade());
        },
      }
      : {
        async fetch(request, info) {
          if (!request.headers.has("upgrade")) return new Response(new URL(request.url).pathname);
          await null;
          const upgraded = info.upgrade();
          run(upgraded);
          return upgraded.response;
        },
      },
  };
}

/** The connection that was upgraded last; tests run one after another. */
let lastTunnel: Connection | undefined;

/** Upgrades. */
export function testUpgrades(on: On): void {
  for (const kind of KINDS) {
    on(`hands over an upgraded connection with every byte, both ways (${kind})`, async (serve) => {
      const server = await serve(tunnels(kind, ({ readable, writable }) => readable.pipeTo(writable)));
      const client = await server.connect();
      const body = patternBytes(UPLOAD);
      await client.send(get("/before"), UPGRADE, "early");
      assert.equal((await client.response()).text, "/before");
      assert.equal((await client.response()).headers.get("upgrade"), "echo");
      const sent = client.send(body).then(() => client.send("late")).then(() => client.end());
      assertSameBytes(await client.readToEnd(), concat(["early", body, "late"]));
      await sent;
      assert.equal(await lastTunnel!.closed, "upgraded");
    });

    on(`hands over a connection whose request comes byte by byte (${kind})`, async (serve) => {
      const server = await serve(tunnels(kind, ({ readable, writable }) => readable.pipeTo(writable)));
      const client = await server.connect();
      const wire = concat([UPGRADE, "GET / HTTP/1.1\r\n\r\n"]);
      for (let at = 0; at < wire.length; at++) await client.send(wire.subarray(at, at + 1));
      assert.equal((await client.response()).status, 101);
      assert.equal(await client.readUntil("\r\n\r\n"), "GET / HTTP/1.1");
    });
  }

  on("opens a tunnel for CONNECT", async (serve) => {
    const server = await serve(tunnels("exchange", ({ readable, writable }) => readable.pipeTo(writable)));
    const client = await server.connect();
    await client.send("CONNECT b.example:1 HTTP/1.1\r\nHost: b.example:1\r\n\r\nearly");
    assert.match(await client.readUntil("\r\n\r\n"), /^HTTP\/1\.1 200 OK\r\ndate: [^\r]+$/);
    assertSameBytes(await client.readBytes(5), concat(["early"]));
    client.end();
    await client.assertEnd();
  });

  on("keeps a connection whose Upgrade is answered as any request", async (serve) => {
    const server = await serve(handler("fetch", ({ target }) => target));
    const client = await server.connect();
    await client.send(UPGRADE, get("/next"));
    assert.deepEqual((await client.responses(2)).map(({ text }) => text), ["/echo", "/next"]);
  });

  on("holds an upgraded connection's client back while nobody reads", async (serve) => {
    const gate = new Deferred<void>();
    const length = new Deferred<number>();
    const server = await serve(tunnels("exchange", async ({ readable, writable }) => {
      await gate.promise;
      let read = 0;
      for await (const piece of readable) read += piece.length;
      length.resolve(read);
      await writable.close();
    }));
    const client = await server.connect();
    await client.send(UPGRADE);
    assert.equal((await client.response()).status, 101);
    let sent = 0;
    const piece = patternBytes(MIB);
    const sending = (async () => {
      for (; sent < TOO_MUCH; sent += piece.length) await client.send(piece);
      client.end();
    })();
    await exchangeMany(await server.connect());
    assert.ok(sent < TOO_MUCH, "the server takes what nobody reads");
    gate.resolve();
    assert.equal(await length.promise, TOO_MUCH);
    await client.assertEnd();
    await sending;
  });

  on("holds an upgraded connection's writer back while its client does not read", async (serve) => {
    const piece = patternBytes(PIECE);
    let written = 0;
    let enough = TOO_MUCH;
    const server = await serve(tunnels("fetch", async ({ writable }) => {
      const writer = writable.getWriter();
      for (; written < enough; written += PIECE) await writer.write(piece);
      await writer.close();
    }));
    const client = await server.connect();
    await client.send(UPGRADE);
    await exchangeMany(await server.connect());
    assert.ok(written < TOO_MUCH, "the server writes what nobody reads");
    enough = DOWNLOAD;
    assert.equal((await client.response()).status, 101);
    const got = await client.readToEnd();
    assert.equal(got.length, written);
    for (let at = 0; at < got.length; at += PIECE) assertSameBytes(got.subarray(at, at + PIECE), piece);
  });

  on("half-closes an upgraded connection, and reads on", async (serve) => {
    const heard = new Deferred<string>();
    const server = await serve(tunnels("fetch", async ({ readable, writable }) => {
      const writer = writable.getWriter();
      await writer.write(concat(["bye"]));
      await writer.close();
      const parts: Uint8Array[] = [];
      for await (const part of readable) parts.push(part);
      heard.resolve(new TextDecoder().decode(concat(parts)));
    }));
    const client = await server.connect();
    await client.send(UPGRADE);
    assert.equal((await client.response()).status, 101);
    assertSameBytes(await client.readToEnd(), concat(["bye"]));
    await client.send("one ");
    await client.send("more");
    client.end();
    assert.equal(await heard.promise, "one more");
    assert.equal(await lastTunnel!.closed, "upgraded");
  });

  on(
    "lets a client read to the end what an upgraded connection sent before it was dropped",
    async (serve) => {
      const large = patternBytes(MIB);
      const server = await serve(tunnels("exchange", async ({ readable, writable }) => {
        await readable.cancel();
        const writer = writable.getWriter();
        await writer.write(large);
        await writer.close();
      }));
      const client = await server.connect();
      await client.send(UPGRADE);
      assert.equal((await client.response()).status, 101);
      await client.send(patternBytes(PIECE)); // what nobody reads must not become a reset
      assertSameBytes(await client.readToEnd(), large);
      client.end();
      assert.equal(await lastTunnel!.closed, "upgraded");
    },
  );

  on("fails the streams of an upgraded connection whose client is gone", async (serve) => {
    const failed = new Deferred<unknown>();
    const begun = new Deferred<void>();
    const server = await serve(tunnels("exchange", async ({ readable, writable }) => {
      begun.resolve();
      const writer = writable.getWriter();
      writer.closed.catch(() => {});
      try {
        for await (const piece of readable) await writer.write(piece);
        // Where a client that is gone looks like one that has ended, writing to it tells.
        for (;;) await writer.write(patternBytes(PIECE));
      } catch (error) {
        failed.resolve(error);
      }
    }));
    const client = await server.connect();
    await client.send(UPGRADE);
    assert.equal((await client.response()).status, 101);
    await begun.promise;
    client.reset();
    assertPeerGone(await failed.promise);
    assert.equal(await lastTunnel!.closed, "upgraded");
  });

  on("ends upgraded connections on close(), and waits for them on shutdown()", async (serve) => {
    const echo = (upgraded: Upgraded): Promise<void> => upgraded.readable.pipeTo(upgraded.writable);
    const cut = await serve(tunnels("exchange", (upgraded) => echo(upgraded).catch(() => {})));
    const lost = await cut.connect();
    await lost.send(UPGRADE);
    assert.equal((await lost.response()).status, 101);
    await cut.close();
    await lost.assertOver();
    assert.equal(await lastTunnel!.closed, "forced");

    const server = await serve(tunnels("exchange", echo));
    const client = await server.connect();
    await client.send(UPGRADE);
    assert.equal((await client.response()).status, 101);
    const over = server.shutdown();
    await client.send("still here");
    assertSameBytes(await client.readBytes(10), concat(["still here"]));
    client.end();
    await client.assertEnd();
    await over;
    assert.equal(await lastTunnel!.closed, "upgraded");
  });
}
