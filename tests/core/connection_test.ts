/** The states of one connection, and its ends. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import { TRANSITIONS } from "../../src/core/lifecycle.ts";
import type { ConnectionState } from "../../src/api/transport.ts";
import type { Exchange } from "../../src/api/exchange.ts";
import { deferring, echoTarget } from "../support/exchange_handlers.ts";
import { connect, get, parseResponses, post, settled } from "../support/memory.ts";

test("a half-closed client still gets all its answers, and then the end", async () => {
  const { exchange, answer } = deferring();
  const { client, connection } = connect({ exchange });
  client.send(get("/1") + get("/2"));
  client.sendEnd();
  assert.equal(client.ended, false);
  for (let i = 0; i < 2; i++) {
    answer[i]();
    await settled();
  }
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["/1", "/2"]);
  assert.equal(client.ended && client.closed, true);
  assert.equal(await connection.closed, "client_closed");
});

test("a client that closes while idle ends the connection quietly", async () => {
  const { client, connection, errors } = connect({ exchange: echoTarget });
  client.send(get());
  client.sendEnd();
  assert.equal(await connection.closed, "client_closed");
  assert.equal(client.closed, true);
  assert.deepEqual(errors, []);
});

test("the end within a head ends the connection without an answer", async () => {
  const { client, connection } = connect({ exchange: echoTarget });
  client.send("GET / HT");
  client.sendEnd();
  assert.equal(client.text(), "");
  assert.equal(await connection.closed, "client_gone");
});

test("shutdown() ends an idle connection, and an active one after its answer", async () => {
  const idle = connect({ exchange: echoTarget });
  idle.client.send(get());
  idle.connection.shutdown();
  assert.equal(idle.client.ended, true);
  const { exchange, answer } = deferring();
  const active = connect({ exchange });
  active.client.send(get("/1") + get("/2"));
  active.connection.shutdown();
  assert.equal(active.client.ended, false);
  answer[0]();
  await settled();
  const responses = parseResponses(active.client.text());
  assert.deepEqual(responses.map(({ headers }) => headers.get("connection")), ["close"]);
  active.client.sendEnd();
  assert.equal(await active.connection.closed, "shutdown");
});

test("close() ends at once and tells whoever waits", async () => {
  const { client, connection } = connect({
    exchange: (x) => x.text().then(() => assert.fail("there is no body")),
  });
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
  connection.close();
  connection.close();
  assert.equal(client.closed, true);
  assert.equal(await connection.closed, "forced");
});

test("a connection may be closed from its handler and from onStateChange", async () => {
  const fromHandler = connect({
    exchange(x) {
      x.connection.close();
      x.respond(200);
    },
  });
  fromHandler.client.send(get() + get());
  assert.equal(fromHandler.client.text(), "");
  const fromObserver = connect({
    exchange: () => assert.fail("the handler must not be called"),
    onStateChange: (connection, state) => state === "active" && connection.close(),
  });
  fromObserver.client.send(get() + get());
  assert.equal(await fromObserver.connection.closed, "forced");
  assert.deepEqual(fromObserver.errors, []);
});

test("every change of state is in the table of transitions", async () => {
  const seen = new Set<string>();
  const watch = (): { onStateChange: (c: unknown, state: ConnectionState) => void } => {
    let from: ConnectionState | null = null;
    return {
      onStateChange(_connection, state) {
        if (from !== null) {
          assert.ok(TRANSITIONS[from].includes(state), `${from} → ${state}`);
          seen.add(`${from} → ${state}`);
        }
        from = state;
      },
    };
  };
  const open = (): ReturnType<typeof connect> => connect({ exchange: echoTarget, ...watch() });
  const used = (): ReturnType<typeof connect> => {
    const opened = open();
    opened.client.send(get());
    return opened;
  };
  const partial = open();
  partial.client.send("GET");
  partial.client.reset(); // new → active → closed
  open().client.reset(); // new → closed
  const refused = open();
  refused.connection.shutdown(); // new → draining
  refused.client.sendEnd(); // draining → closed
  const closed = used(); // active → idle
  closed.client.send(get("/", "Connection: close")); // idle → active → draining
  used().client.reset(); // idle → closed
  used().connection.shutdown(); // idle → draining
  await settled();
  const possible = Object.entries(TRANSITIONS).flatMap(([from, tos]) => tos.map((to) => `${from} → ${to}`));
  // Nothing is handed over to another protocol yet.
  assert.deepEqual([...seen].sort(), possible.filter((change) => !change.includes("upgraded")).sort());
});

test("a connection may be ended from onStateChange in any state", () => {
  for (const when of ["new", "active", "idle", "draining"] as const) {
    for (const how of ["close", "shutdown"] as const) {
      for (const sent of ["GET / HT", get(), get("/", "Connection: close"), post("unread").slice(0, -2)]) {
        const { client, clock, connection, errors } = connect({
          exchange: echoTarget,
          onStateChange: (connection, state) => state === when && connection[how](),
        });
        client.send(sent);
        clock.advance(400_000);
        assert.equal(connection.state, "closed", `${how}() at ${when} after ${JSON.stringify(sent)}`);
        assert.equal(clock.timers, 0);
        assert.deepEqual(errors, []);
      }
    }
  }
});

test("a connection may be closed from an abort listener, and closes once", async () => {
  const { client, connection, server } = connect({
    exchange: (x) => x.signal.addEventListener("abort", () => connection.close()),
  });
  client.send(get());
  client.reset();
  assert.equal(await connection.closed, "client_gone");
  assert.deepEqual(server.stats().closed, { client_gone: 1 });
});

test("close() in a pipelined handler does not take back the answers before it", () => {
  const { client } = connect({
    exchange(x) {
      if (x.target === "/2") x.connection.close();
      else echoTarget(x);
    },
  });
  client.send(get("/1") + get("/2"));
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["/1"]);
});

test("a connection whose answer was not taken yet is not idle", () => {
  const { client, connection, clock } = connect({ exchange: echoTarget, writeTimeout: 0 });
  client.takesWrites = false;
  client.send(get());
  clock.advance(1_000_000);
  assert.equal(connection.state, "active");
  client.drain();
  assert.equal(connection.state, "idle");
});

test("a connection whose response is stuck in the system is not idle, and makes no room", async () => {
  let x!: Exchange;
  const { client, connection, server } = connect({ exchange: (exchange) => void (x = exchange) });
  client.takesWrites = false;
  client.send(get());
  x.respond(200, {}, "answer");
  assert.equal(connection.state, "active");
  assert.equal(server.stats().idle, 0);
  client.drain();
  assert.equal(connection.state, "idle");
  assert.equal(server.stats().idle, 1);
});

test("a body that a half-close cuts off ends the connection, and the answer says so", async () => {
  const { client, connection } = connect({
    exchange: (x) => x.text().then(() => {}, () => x.respond(400)),
  });
  client.send(post("hello").slice(0, -2));
  client.sendEnd();
  await settled();
  const [{ status, headers }] = parseResponses(client.text());
  assert.deepEqual([status, headers.get("connection")], [400, "close"]);
  assert.equal(await connection.closed, "client_gone");
});

test("whoever closes the connection on being told of a refusal does not take it back", async () => {
  const { client, connection } = connect({
    requestTimeout: 0,
    exchange(x) {
      x.signal.addEventListener("abort", () => x.connection.close());
      void x.bytes().catch(() => {});
    },
  });
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n");
  assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [400]);
  assert.equal(await connection.closed, "protocol_error");
});

test("a connection that comes after close() is closed too", async () => {
  const { server } = connect({ exchange: echoTarget });
  await server.close();
  const late = new MemoryTransport();
  const connection = server.accept(late).facade;
  assert.equal(await connection.closed, "forced");
  assert.equal(late.closed, true);
});

test("a connection that its transport closes from inside of the last write stays closed", async () => {
  const states: ConnectionState[] = [];
  class Closing extends MemoryTransport {
    override end(): boolean {
      connection.close();
      return super.end();
    }
  }
  const { server } = connect({ exchange: echoTarget, onStateChange: (_, state) => states.push(state) });
  const client = new Closing();
  const connection = server.accept(client).facade;
  client.send(get("/", "Connection: close"));
  assert.equal(connection.state, "closed");
  assert.deepEqual(states.slice(states.indexOf("closed")), ["closed"]);
  assert.equal(server.stats().open, 1);
});
