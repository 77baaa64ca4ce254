/**
 * Functions of the user's that throw, reject, never settle, re-enter the connection or close it: each error goes to
 * `onError`, nothing is unhandled, and the connection goes on or ends well.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { FastResponse, serve } from "../../mod.ts";
import type { MemoryTransport } from "../../src/adapters/memory.ts";
import type { Connection } from "../../src/api/transport.ts";
import type { Exchange } from "../../src/api/exchange.ts";
import type { ConnectionOptions, ServeOptions } from "../../src/api/options.ts";
import { connect, get, parseResponses, post, settled } from "../support/memory.ts";

const unhandled: unknown[] = [];
process.on("unhandledRejection", (error) => unhandled.push(error));
process.on("uncaughtException", (error) => unhandled.push(error));

/** The runtimes tell of an unhandled rejection when the microtasks have run, at the next turn of the loop. */
async function assertNothingUnhandled(): Promise<void> {
  await settled();
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(unhandled.splice(0), []);
}

/** How a function that is only told of something can fail. */
const FAILURES: Readonly<Record<string, () => unknown>> = {
  "throws": () => {
    throw new Error("mine");
  },
  "rejects": () => Promise.reject(new Error("mine")),
  "rejects later": async () => {
    await null;
    throw new Error("mine");
  },
  "gives a thenable that rejects": () => ({
    then: (_: unknown, reject: (error: unknown) => void) => reject(new Error("mine")),
  }),
};

for (const [how, fail] of Object.entries(FAILURES)) {
  test(`onStateChange that ${how}`, async () => {
    const { client, connection, errors } = connect({
      exchange: (x) => x.respond(200),
      onStateChange: () => fail() as void,
    });
    client.send(get());
    client.sendEnd();
    await settled();
    assert.equal(await connection.closed, "client_closed");
    assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [200]);
    assert.deepEqual(errors.map((error) => (error as Error).message), Array(5).fill("mine"));
    await assertNothingUnhandled();
  });

  test(`onRefused that ${how}`, async () => {
    const { client, errors } = connect({ exchange: (x) => x.respond(200), onRefused: () => fail() as void });
    client.send("GET\r\n\r\n");
    await settled();
    assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [400]);
    assert.deepEqual(errors.map((error) => (error as Error).message), ["mine"]);
    await assertNothingUnhandled();
  });

  test(`onError that ${how}`, async () => {
    const { error: report } = console;
    const reported: unknown[] = [];
    console.error = (error: unknown) => void reported.push(error);
    try {
      for (const kind of ["exchange", "fetch"] as const) {
        const handler = (): never => {
          throw new Error("the handler's");
        };
        const { client } = connect({ [kind]: handler, onError: () => fail() as undefined });
        client.send(get());
        await settled();
        assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [500]);
        await assertNothingUnhandled();
      }
    } finally {
      console.error = report;
    }
    assert.deepEqual(reported.map((error) => (error as Error).message), ["mine", "mine"]);
  });

  test(`a handler that ${how} is answered for with 500`, async () => {
    for (const kind of ["exchange", "fetch"] as const) {
      const { client, errors, connection } = connect({ [kind]: fail } as ConnectionOptions);
      client.send(get() + get());
      await settled();
      assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [500, 500]);
      assert.deepEqual(errors.map((error) => (error as Error).message), ["mine", "mine"]);
      assert.equal(connection.state, "idle");
      await assertNothingUnhandled();
    }
  });
}

const LISTEN: ServeOptions = { port: 0, hostname: "127.0.0.1", fetch: () => new Response() };

test("onListen that rejects tells onError, and the server goes on", async () => {
  const errors: unknown[] = [];
  const server = await serve({
    ...LISTEN,
    onListen: FAILURES["rejects later"] as () => void,
    onError: (error) => void errors.push(error),
  });
  await assertNothingUnhandled();
  assert.deepEqual(errors.map((error) => (error as Error).message), ["mine"]);
  await server.close();
});

test("onListen that throws ends the server, and serve() rejects", async () => {
  await assert.rejects(serve({ ...LISTEN, onListen: FAILURES["throws"] as () => void }), /mine/);
});

// Bodies that nobody awaits.

const READS: Readonly<Record<string, ConnectionOptions>> = {
  "x.bytes()": { exchange: (x) => void x.bytes() },
  "x.text()": { exchange: (x) => void x.text() },
  "x.json()": { exchange: (x) => void x.json() },
  "x.chunks().next()": { exchange: (x) => void x.chunks().next() },
  "request.bytes()": { fetch: (request) => reading(() => request.bytes()) },
  "request.arrayBuffer()": { fetch: (request) => reading(() => request.arrayBuffer()) },
  "request.text()": { fetch: (request) => reading(() => request.text()) },
  "request.json()": { fetch: (request) => reading(() => request.json()) },
  "request.blob()": { fetch: (request) => reading(() => request.blob()) },
  "request.formData()": { fetch: (request) => reading(() => request.formData()) },
  "request.clone().text()": { fetch: (request) => reading(() => request.clone().text()) },
  "new Request(request).text()": { fetch: (request) => reading(() => new Request(request).text()) },
  "info.completed": { fetch: (_, info) => reading(() => info.completed) },
};

function reading(read: () => Promise<unknown>): Promise<Response> {
  void read();
  return new Promise(() => {});
}

for (const [what, options] of Object.entries(READS)) {
  test(`${what} that nobody awaits is no unhandled rejection when the client leaves`, async () => {
    const ends: ((client: MemoryTransport, connection: Connection) => void)[] = [
      (client) => client.reset(new Error("ECONNRESET")),
      (client) => client.sendEnd(),
      (_, connection) => connection.close(),
    ];
    for (const end of ends) {
      const { client, connection } = connect(options);
      client.send("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100\r\n\r\npart of it");
      await settled();
      end(client, connection);
      await assertNothingUnhandled();
    }
  });
}

test("x.ready() that nobody awaits is no unhandled rejection when the client leaves", async () => {
  let x!: Exchange;
  const { client } = connect({
    exchange(given) {
      x = given;
      x.start(200);
      x.write("a");
      void x.ready();
    },
  });
  client.takesWrites = false;
  client.send(get());
  await settled();
  void x.ready();
  client.reset();
  void x.ready();
  await assertNothingUnhandled();
});

// Functions that act on the connection.

const ACTS: Readonly<Record<string, (connection: Connection) => void>> = {
  "closes": (connection) => connection.close(),
  "shuts down": (connection) => connection.shutdown(),
};

for (const [how, act] of Object.entries(ACTS)) {
  for (const at of ["new", "active", "idle", "draining", "upgraded", "closed"] as const) {
    test(`onStateChange that ${how} its connection when it is ${at}`, async () => {
      const seen: string[] = [];
      const { client, connection, server, clock, errors } = connect({
        fetch(request, info) {
          if (request.headers.has("upgrade")) return info.upgrade().response;
          return new FastResponse("ok");
        },
        onStateChange(connection, state) {
          seen.push(state);
          if (state === at) act(connection);
        },
      });
      client.send(get() + get() + post("a body"));
      client.send(get("/", "Connection: upgrade", "Upgrade: echo"));
      await settled();
      client.reset();
      await settled();
      clock.advance(100_000);
      assert.equal(connection.state, "closed");
      assert.equal(seen.filter((state) => state === "closed").length, 1);
      assert.equal(server.stats().open, 0);
      assert.equal(clock.timers, 0);
      assert.deepEqual(errors, []);
      await assertNothingUnhandled();
    });
  }
}

test("an abort listener that answers, and closes, meets nobody", async () => {
  const { client, connection } = connect({
    exchange(x) {
      x.signal.addEventListener("abort", () => {
        x.respond(200);
        x.connection.close();
      });
      return new Promise(() => {});
    },
  });
  client.send(get());
  client.reset();
  assert.equal(await connection.closed, "client_gone");
  assert.equal(client.text(), "");
  await assertNothingUnhandled();
});
