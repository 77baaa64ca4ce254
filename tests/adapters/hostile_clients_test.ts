/**
 * Clients that go without a word, ask without reading and pipeline without waiting, on each kind of socket that
 * `serve()` listens on.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { CloseReason, Connection } from "../../src/api/transport.ts";
import { Deferred } from "../../src/core/deferred.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import { inTime } from "../support/deadline.ts";
import { get } from "../support/memory.ts";
import { onNodeTcp, onTcp, onTls, onUnix, type OpenServer } from "../support/opened_servers.ts";
import { until } from "../support/until.ts";
import { WireClient } from "../support/wire_client.ts";

const isDeno = "Deno" in globalThis;
const isBun = "Bun" in globalThis;
const KIB = 1024;

const PLACES: Readonly<Record<string, OpenServer>> = {
  "TCP": onTcp,
  ...(isDeno || isBun) && { "TCP by the Node adapter": onNodeTcp },
  "TLS": onTls,
  "a Unix socket": onUnix,
};

/**
 * Where a client that goes is noticed while reading is paused. Elsewhere the runtime neither tells it nor has a call
 * that finds it out, or, with TLS, it goes by an end that lies behind what is not read: the deadline of
 * `requestTimeout` ends such a connection.
 */
const NOTICED_WHILE_PAUSED: readonly string[] = isDeno || isBun
  ? ["TCP", ...isBun ? ["TCP by the Node adapter"] : []]
  : ["TCP", "a Unix socket"];

/** What a handler of either kind is told. */
interface Told {
  readonly signal: AbortSignal;
  readonly connection: Connection;
}

/** Handlers that never answer, and tell what they got. */
function silent(told: Deferred<Told>): Record<string, ConnectionOptions> {
  const never = new Promise<never>(() => {});
  return {
    exchange: {
      exchange(x) {
        told.resolve({ signal: x.signal, connection: x.connection });
        return never;
      },
    },
    fetch: {
      fetch(request, { connection }) {
        told.resolve({ signal: request.signal, connection });
        return never;
      },
    },
  };
}

/** What comes behind a request that is not answered; more than `highWaterMark` keeps the server from reading on. */
const BEHIND: Readonly<Record<string, string>> = {
  "nothing": "",
  "a byte": "G",
  "a pipelined request": get("/next"),
  "150 KiB of pipelined requests": get("/next").repeat(Math.ceil(150 * KIB / get("/next").length)),
};

for (const [place, open] of Object.entries(PLACES)) {
  for (const kind of ["exchange", "fetch"]) {
    for (const [what, bytes] of Object.entries(BEHIND)) {
      if (bytes.length > 64 * KIB && !NOTICED_WHILE_PAUSED.includes(place)) continue;
      test(`on ${place}, signal aborts when the client goes behind ${what} (${kind})`, async () => {
        const told = new Deferred<Told>();
        const server = await open({ ...silent(told)[kind], requestTimeout: 0 });
        try {
          const client = await server.connect();
          await client.write(new TextEncoder().encode(get("/never")));
          const { signal, connection } = await inTime(told.promise, "the handler");
          if (bytes !== "") await client.write(new TextEncoder().encode(bytes));
          client.reset();
          await until(() => signal.aborted, true, "signal.aborted");
          // Where it reads as an end, the answer is still awaited.
          connection.close();
          const reasons: CloseReason[] = ["client_gone", "forced"];
          assert.ok(reasons.includes(await inTime(connection.closed, "its end")));
        } finally {
          await server.close();
        }
      });
    }
  }

  test(`on ${place}, a client that pipelines without reading makes nothing pile up`, async () => {
    const body = "a".repeat(16 * KIB);
    const connections: Connection[] = [];
    const server = await open({
      exchange: (x) => x.respond(200, {}, body),
      onStateChange: (connection, state) => state === "new" && connections.push(connection),
    });
    try {
      const flood = new WireClient(await server.connect());
      // 256 MiB of answers, a hundred times of what the system buffers.
      const sending = flood.send(get().repeat(16_384)).catch(() => {});
      const other = new WireClient(await server.connect());
      // Long enough for all to be answered, if they would be.
      for (let i = 0; i < 200; i++) {
        await other.send(get());
        assert.equal((await inTime(other.response(), "another client's answer")).status, 200);
      }
      assert.ok(connections[0].requests < 4_096, `${connections[0].requests} of 16384 were answered`);
      flood.reset();
      await sending;
      other.reset();
    } finally {
      await server.close();
    }
  });

  test(`on ${place}, a client that pipelines without waiting holds nobody up`, async () => {
    const work = (): void => {
      for (const end = performance.now() + 0.03; performance.now() < end;);
    };
    const server = await open({
      exchange(x) {
        work();
        x.respond(200, {}, x.target);
      },
    });
    let floods = true;
    try {
      const flood = new WireClient(await server.connect());
      const requests = get("/flood").repeat(2_000);
      const sending = (async () => {
        while (floods) await flood.send(requests);
      })().catch(() => {});
      const reading = (async () => {
        while (floods) await flood.readBytes(64 * KIB);
      })().catch(() => {});
      await delay(200); // so that the flood has filled what buffers there are
      const since = performance.now();
      for (let i = 0; i < 10; i++) {
        const newcomer = new WireClient(await server.connect());
        await newcomer.send(get("/newcomer"));
        assert.equal((await inTime(newcomer.response(), "a newcomer's answer")).text, "/newcomer");
        newcomer.reset();
      }
      const average = (performance.now() - since) / 10;
      assert.ok(average < 1_000, `a newcomer waits for ${average} ms`);
      floods = false;
      flood.reset();
      await Promise.all([sending, reading]);
    } finally {
      floods = false;
      await server.close();
    }
  });

  test(`on ${place}, an uploader that sends on reads why it is refused`, async () => {
    const server = await open({ exchange: (x) => x.respond(200), maxBodyBytes: 100 });
    try {
      const client = new WireClient(await server.connect());
      await client.send(`POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${10 ** 7}\r\n\r\n`);
      for (let i = 0; i < 50; i++) {
        await client.send("a".repeat(10 * KIB));
        await delay(10);
      }
      assert.equal((await inTime(client.response(), "the refusal")).status, 413);
      client.reset();
    } finally {
      await server.close();
    }
  });
}
