/**
 * One connection: persistence, pipelining, unread bodies, ends.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FastResponse } from "../../mod.ts";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import { TRANSITIONS } from "../../src/core/lifecycle.ts";
import type { ConnectionState } from "../../src/api/transport.ts";
import type { Exchange } from "../../src/api/exchange.ts";
import { connect, type Connected, get, parseResponses, post, settled } from "../support/memory.ts";

const echoTarget = (x: Exchange): void => x.respond(200, {}, x.target);

/** Answers when the test calls what it pushed. */
function deferring(): { exchange: (x: Exchange) => void; answer: (() => void)[] } {
  const answer: (() => void)[] = [];
  return { answer, exchange: (x) => void answer.push(() => x.respond(200, {}, x.target)) };
}

test("a connection serves one request after another", () => {
  const { client, connection, server } = connect({ exchange: echoTarget });
  client.send(get("/1"));
  client.send(get("/2"));
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["/1", "/2"]);
  assert.equal(connection.requests, 2);
  assert.equal(connection.state, "idle");
  assert.equal(server.stats().reused, 1);
  assert.equal(client.ended, false);
});

test("100 requests in one segment are answered in order, in one write", () => {
  const { client } = connect({ exchange: echoTarget });
  const targets = Array.from({ length: 100 }, (_, i) => `/${i}`);
  client.send(targets.map((target) => get(target)).join(""));
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), targets);
  assert.equal(client.written.length, 1);
});

test("requests cut at every byte are answered in order", () => {
  const input = get("/1") + post("hello", "/2") + get("/3") +
    "POST /4 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + get("/5");
  for (let cut = 0; cut <= input.length; cut++) {
    const { client } = connect({ exchange: echoTarget });
    client.send(input.slice(0, cut));
    client.send(input.slice(cut));
    assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["/1", "/2", "/3", "/4", "/5"]);
  }
});

test("requests sent a byte at a time are answered in order", () => {
  const { client } = connect({ exchange: echoTarget });
  for (const byte of get("/1") + post("hello", "/2") + "\r\n" + get("/3")) client.send(byte);
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["/1", "/2", "/3"]);
});

test("asynchronous answers come in the order of the requests", async () => {
  const { exchange, answer } = deferring();
  const { client } = connect({ exchange });
  client.send(get("/1") + get("/2") + get("/3"));
  assert.equal(answer.length, 1, "one exchange at a time");
  for (let i = 0; i < 3; i++) {
    answer[i]();
    await settled();
  }
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["/1", "/2", "/3"]);
});

test("100 pipelined requests with promises of different depth are answered in order", async () => {
  const { client } = connect({
    async exchange(x) {
      const { target } = x;
      for (let i = Number(target.slice(1)) * 7 % 5; i > 0; i--) await null;
      x.respond(200, {}, target);
    },
  });
  const targets = Array.from({ length: 100 }, (_, i) => `/${i}`);
  client.send(targets.map((target) => get(target)).join(""));
  for (let i = 0; i < 40; i++) await settled();
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), targets);
});

test("an asynchronous handler reads its own head while later requests come", async () => {
  const heads: string[] = [];
  const { exchange, answer } = deferring();
  const { client } = connect({
    exchange(x) {
      exchange(x);
      answer.push(() => heads.push(x.header("x-mark")!));
    },
  });
  client.send(get("/1", "X-Mark: one"));
  client.send(get("/2", "X-Mark: two"));
  answer[1]();
  answer[0]();
  await settled();
  assert.deepEqual(heads, ["one"]);
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["/1"]);
});

test("a body that the handler ignores is never read as a request", () => {
  const { client, connection } = connect({ exchange: echoTarget });
  client.send(post(get("/evil"), "/1") + get("/2"));
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["/1", "/2"]);
  assert.equal(connection.requests, 2);
});

test("a body that the handler ignores is drained when it comes later", () => {
  const { client } = connect({ exchange: echoTarget });
  const request = post("x".repeat(5000), "/1");
  client.send(request.slice(0, 200));
  client.send(request.slice(200) + get("/2"));
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["/1", "/2"]);
});

test("an unread body over the budget is announced with close, and discarded", () => {
  const { client, connection } = connect({ exchange: echoTarget, drainBody: { bytes: 10 } });
  client.send(post("x".repeat(11), "/1") + get("/2"));
  const responses = parseResponses(client.text());
  assert.deepEqual(responses.map(({ body }) => body), ["/1"]);
  assert.equal(responses[0].headers.get("connection"), "close");
  assert.equal(connection.state, "draining");
  assert.equal(client.ended, true);
});

test("an unread chunked body over the budget ends the connection", async () => {
  const { client, connection } = connect({ exchange: echoTarget, drainBody: { bytes: 10 } });
  client.send(
    "POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n" +
      get("/2"),
  );
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["/1"]);
  client.sendEnd();
  assert.equal(await connection.closed, "unread_body");
});

for (
  const [name, lines, closes] of [
    ["Connection: close", ["Connection: close"], true],
    ["close in another case, in a list", ["Connection: foo, CLOSE"], true],
    ["close on a second line", ["Connection: keep-alive", "Connection: close"], true],
    ["a token that contains close", ["Connection: not-close, closed"], false],
    ["no Connection", [], false],
  ] as const
) {
  test(`HTTP/1.1 with ${name} ${closes ? "closes" : "persists"}`, () => {
    const { client } = connect({ exchange: echoTarget });
    client.send(get("/1", ...lines) + get("/2"));
    const responses = parseResponses(client.text());
    assert.equal(responses.length, closes ? 1 : 2);
    assert.equal(responses[0].headers.get("connection"), closes ? "close" : "keep-alive");
    assert.equal(client.ended, closes);
  });
}

test("HTTP/1.0 closes, and with keep-alive persists and is told so", () => {
  const request = (line: string): string => `GET /1 HTTP/1.0\r\n${line}\r\n`;
  const plain = connect({ exchange: echoTarget });
  plain.client.send(request(""));
  assert.equal(parseResponses(plain.client.text())[0].headers.get("connection"), "close");
  assert.equal(plain.client.ended, true);
  const kept = connect({ exchange: echoTarget, keepAliveHint: false });
  kept.client.send(request("Connection: Keep-Alive\r\n") + request("Connection: Keep-Alive\r\n"));
  const responses = parseResponses(kept.client.text());
  assert.equal(responses.length, 2);
  assert.equal(responses[0].headers.get("connection"), "keep-alive");
});

test("the hint tells timeout, and max counts down to close", () => {
  const { client } = connect({ exchange: echoTarget, maxRequests: 3, idleTimeout: 7500 });
  client.send(get("/1") + get("/2") + get("/3") + get("/4"));
  const responses = parseResponses(client.text());
  assert.deepEqual(responses.map(({ headers }) => headers.get("keep-alive")), [
    "timeout=7, max=2",
    "timeout=7, max=1",
    undefined,
  ]);
  assert.equal(responses[2].headers.get("connection"), "close");
});

test("keepAliveHint: false says nothing to HTTP/1.1", () => {
  const { client } = connect({ exchange: echoTarget, keepAliveHint: false });
  client.send(get());
  const { headers } = parseResponses(client.text())[0];
  assert.equal(headers.has("connection") || headers.has("keep-alive"), false);
});

test("keepAlive: false closes after each response", () => {
  const { client } = connect({ exchange: echoTarget, keepAlive: false });
  client.send(get("/1") + get("/2"));
  assert.equal(parseResponses(client.text()).length, 1);
  assert.equal(client.ended, true);
});

test("a response that says close ends the connection", () => {
  const { client } = connect({ exchange: (x) => x.respond(200, { Connection: "Close" }, "bye") });
  client.send(get("/1") + get("/2"));
  const responses = parseResponses(client.text());
  assert.equal(responses.length, 1);
  assert.equal(responses[0].headers.get("connection"), "close");
});

test("a malformed request gets its status after the answers before it, and close", async () => {
  for (
    const [status, request] of [
      [400, "GET  / HTTP/1.1\r\n\r\n"],
      [400, "GET / HTTP/1.1\r\n\r\n"],
      [414, `GET /${"x".repeat(9000)} HTTP/1.1\r\nHost: a\r\n\r\n`],
      [431, get("/", `X: ${"x".repeat(20_000)}`)],
      [431, get("/", ...Array.from({ length: 101 }, (_, i) => `X-${i}: 1`))],
      [501, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"],
      [505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"],
      [413, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 134217729\r\n\r\n"],
      [417, get("/", "Expect: a-miracle")],
    ] as const
  ) {
    const { client, connection } = connect({ exchange: echoTarget });
    client.send(get("/1") + request + get("/3"));
    const responses = parseResponses(client.text());
    assert.deepEqual(responses.map((response) => response.status), [200, status]);
    assert.equal(responses[1].headers.get("connection"), "close");
    assert.equal(client.ended, true);
    client.sendEnd();
    assert.equal(await connection.closed, "protocol_error");
  }
});

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

test("input is held and the transport paused while a handler is pending", async () => {
  const { exchange, answer } = deferring();
  const { client } = connect({ exchange, highWaterMark: 100 });
  client.send(get("/1"));
  client.send(get("/2"));
  assert.equal(client.paused, false);
  client.send(get("/3") + get("/4"));
  assert.equal(client.paused, true);
  for (let i = 0; i < 4; i++) {
    answer[i]();
    await settled();
  }
  assert.equal(client.paused, false);
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["/1", "/2", "/3", "/4"]);
});

test("no further request is begun while the peer takes no bytes", async () => {
  const { client, connection } = connect({ exchange: echoTarget });
  client.takesWrites = false;
  client.send(get("/1"));
  client.send(get("/2"));
  assert.equal(connection.requests, 1);
  client.drain();
  await settled();
  assert.equal(connection.requests, 2);
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["/1", "/2"]);
});

test("a handler that throws gives a 500, and the connection goes on", () => {
  const failure = new Error("no luck");
  const { client, errors } = connect({
    exchange(x) {
      if (x.target === "/1") throw failure;
      echoTarget(x);
    },
  });
  client.send(post("unread", "/1") + get("/2"));
  assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [500, 200]);
  assert.deepEqual(errors, [failure]);
});

test("a handler that rejects, or ends without an answer, gives a 500", async () => {
  const { client, errors } = connect({
    exchange: (x) => x.target === "/1" ? Promise.reject(new Error("later")) : Promise.resolve(),
  });
  client.send(get("/1") + get("/2"));
  await settled();
  assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [500, 500]);
  assert.match(String(errors[1]), /without an answer/);
});

test("a handler that fails in the middle of its response ends the connection without the last chunk", async () => {
  const { client, connection } = connect({
    exchange(x) {
      x.start(200);
      x.write("half");
      throw new Error("broken");
    },
  });
  client.send(get());
  assert.match(client.text(), /4\r\nhalf\r\n$/);
  assert.equal(client.closed, true);
  assert.equal(await connection.closed, "handler_error");
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

test("bytes after the last request of a split head are dropped", () => {
  for (const rest of ["Connection: close\r\n\r\n", "bad name : x\r\n\r\n"]) {
    const { client, connection } = connect({ exchange: echoTarget });
    client.send("GET / HTTP/1.1\r\nHost: a\r\n");
    client.send(rest);
    client.send("more");
    client.send(get());
    assert.equal(parseResponses(client.text()).length, 1);
    assert.equal(connection.state, "draining");
  }
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

test("a request stays its own while its body comes in memory that is used again", () => {
  let request!: Request;
  const { client, connection } = connect({
    fetch(given) {
      request = given;
      return new FastResponse("early");
    },
  });
  const head = "POST /one HTTP/1.1\r\nHost: a.example\r\nContent-Length: 60\r\n\r\n";
  const memory = new TextEncoder().encode(head.padEnd(200));
  connection.receive(memory, 0, head.length);
  const body = "GET /forged HTTP/1.1\r\nHost: evil.example\r\nX-Admin: 1\r\n\r\n".padEnd(60);
  memory.set(new TextEncoder().encode(body));
  connection.receive(memory, 0, 60);
  assert.equal(request.url, "http://a.example/one");
  assert.equal(request.headers.get("x-admin"), null);
  assert.equal(connection.state, "idle");
  client.reset();
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
  const connection = server.accept(late);
  assert.equal(await connection.closed, "forced");
  assert.equal(late.closed, true);
});

// Heads that come again.

test("each of many equal requests that expect it gets its 100", async () => {
  const { client } = connect({
    async exchange(x) {
      x.respond(200, {}, x.hasBody ? await x.text() : "none");
    },
  });
  const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
  const plain = head.replace("Expect: 100-continue", "Accept: 100-continue");
  for (const sent of [head, head, head, head, plain, plain, plain, head, plain, head]) {
    client.written.length = 0;
    client.send(sent);
    await settled();
    assert.equal(client.text(), sent === head ? "HTTP/1.1 100 Continue\r\n\r\n" : "");
    client.send("hi");
    await settled();
    const statuses = parseResponses(client.text()).map(({ status, body }) => [status, body]);
    assert.deepEqual(statuses, sent === head ? [[100, ""], [200, "hi"]] : [[200, "hi"]]);
  }
});

test("an unanswered expectation closes, after any number of equal requests that were told to go on", async () => {
  const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
  for (const before of [0, 1, 2, 3, 4]) {
    let requests = 0;
    const { client } = connect({
      async exchange(x) {
        if (requests++ < before) await x.text();
        x.respond(200);
      },
    });
    for (let i = 0; i < before; i++) {
      client.send(head);
      await settled();
      client.send("hi");
      await settled();
    }
    assert.equal(client.ended, false);
    client.send(head);
    await settled();
    assert.equal(client.ended, true);
    assert.equal(parseResponses(client.text()).at(-1)!.headers.get("connection"), "close");
  }
});

test("each server has its own limits for a head that was read on others before", () => {
  const request = get("/", "X-One: 1", "X-Two: 2");
  const status = (limits: { maxHeaders?: number; maxHeaderBytes?: number }): number => {
    const { client } = connect({ exchange: echoTarget, ...limits });
    client.send(request);
    const [{ status }] = parseResponses(client.text());
    client.reset();
    return status;
  };
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 3; i++) assert.equal(status({}), 200);
    assert.equal(status({ maxHeaders: 2 }), 431);
    for (let i = 0; i < 3; i++) assert.equal(status({ maxHeaders: 3 }), 200);
    assert.equal(status({ maxHeaderBytes: request.length - 1 }), 431);
    assert.equal(status({ maxHeaderBytes: request.length }), 200);
  }
});

test("equal requests stay their own while others come in memory that is used again", async () => {
  const read: string[] = [];
  const { connection, client } = connect({
    async exchange(x) {
      await null;
      read.push(`${x.target} ${x.header("x-mark")} ${x.header("host")}`);
      x.respond(200);
    },
  });
  const memory = new Uint8Array(200);
  const expected: string[] = [];
  for (
    const [target, mark] of [["/1", "a"], ["/2", "a"], ["/3", "a"], ["/four", "a"], ["/5", "a"], ["/6", "b"]]
  ) {
    const bytes = new TextEncoder().encode(get(target, `X-Mark: ${mark}`));
    const start = expected.length * 3;
    memory.set(bytes, start);
    connection.receive(memory, start, start + bytes.length);
    memory.fill(0x7a);
    expected.push(`${target} ${mark} a.example`);
    await settled();
  }
  assert.deepEqual(read, expected);
  client.reset();
});

test("a Request that is kept of each of many that are alike stays what it was", () => {
  const kept: Request[] = [];
  const { client } = connect({
    fetch(request) {
      kept.push(request);
      return new FastResponse("ok");
    },
  });
  const expected: unknown[] = [];
  for (
    const [method, target, mark, before] of [
      ["GET", "/1", "a", ""],
      ["GET", "/1", "a", ""],
      ["GET", "/1", "a", ""],
      ["GET", "/2", "a", ""],
      ["PUT", "/2", "a", ""],
      ["GET", "/2", "a", ""],
      ["GET", "/2", "b", ""],
      ["GET", "/2", "a", ""],
      ["GET", "/", "a", "\r\n"],
      ["GET", "/2", "a", ""],
      ["GET", "/2", "a", ""],
      ["GET", "/2", "a", "\r\n"],
      ["GET", "/2?longer", "a", ""],
      ["GET", "/2", "a", ""],
      ["GET", "/2", "c", ""],
      ["GET", "/2", "c", ""],
      ["GET", "/2", "c", ""],
      ["GET", "/3", "c", ""],
    ]
  ) {
    client.send(before + get(target, `X-Mark: ${mark}`).replace("GET", method));
    expected.push([method, `http://a.example${target}`, mark, 2]);
  }
  const read = kept.map((
    { method, url, headers },
  ) => [method, url, headers.get("x-mark"), [...headers].length]);
  assert.deepEqual(read, expected);
});

test("a refused head after equal ones gets its status, and the next connection is served", () => {
  for (const line of ["X-Mark : a", "X-Mark: \0", "Content-Length: x", "Host: a.example", "Expect: more"]) {
    for (const before of [0, 1, 2, 3, 4]) {
      const good = `X-Mark: ${"a".repeat(line.length - "X-Mark: ".length)}`;
      const refused = connect({ exchange: echoTarget });
      refused.client.send(get("/", good).repeat(before) + get("/", line) + get("/", good));
      const statuses = parseResponses(refused.client.text()).map(({ status }) => status);
      assert.deepEqual(statuses.slice(0, -1), Array(before).fill(200));
      assert.ok([400, 417].includes(statuses.at(-1)!), line);
      refused.client.sendEnd();
      const next = connect({ exchange: echoTarget });
      next.client.send(get("/next", good));
      assert.equal(parseResponses(next.client.text())[0].body, "/next");
      next.client.reset();
    }
  }
});

test("any sequence of requests that are alike reaches the handlers as it was sent, however it is split", () => {
  const request = fc.record({
    connection: fc.nat(2),
    method: fc.constantFrom("GET", "HEAD", "POST", "DELETE"),
    target: fc.constantFrom("/", "/1", "/a?b=c"),
    version: fc.constantFrom("1.0", "1.1", "1.1"),
    fields: fc.constantFrom<(readonly [string, string])[]>(
      [["host", "a.example"], ["x-mark", "a"], ["connection", "keep-alive"]],
      [["host", "a.example"], ["x-mark", "b"], ["connection", "keep-alive"]],
      [["host", "b.example"], ["x-mark", "a"], ["connection", "keep-alive"]],
      [["host", "a.example"], ["connection", "keep-alive"], ["x-mark", "a"]],
      [["host", "a.example"], ["x-mark", "a"], ["connection", "keep-alive"], ["content-length", "2"]],
      [["host", "a.example"], ["x-mark", "a"], ["connection", "keep-alive"], ["content-length", "3"]],
    ),
    times: fc.integer({ min: 1, max: 4 }),
    cut: fc.nat(200),
  });
  fc.assert(
    fc.property(fc.array(request, { minLength: 1, maxLength: 12 }), (requests) => {
      const seen: unknown[] = [];
      const opened: Connected[] = [];
      for (let i = 0; i < 3; i++) {
        opened.push(connect({
          exchange(x) {
            seen.push([x.method, x.target, x.httpVersion, [...x.headers()], x.contentLength]);
            x.respond(204);
          },
        }));
      }
      const expected: unknown[] = [];
      for (const { connection, method, target, version, fields, times, cut } of requests) {
        const length = fields[3] === undefined ? 0 : Number(fields[3][1]);
        const section = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
        const text = `${method} ${target} HTTP/${version}\r\n${section}\r\n${"b".repeat(length)}`;
        for (let i = 0; i < times; i++) {
          const place = cut % text.length;
          opened[connection].client.send(text.slice(0, place));
          opened[connection].client.send(text.slice(place));
          expected.push([method, target, version, fields, length]);
        }
      }
      assert.deepEqual(seen, expected);
      for (const { client } of opened) client.reset();
    }),
    { numRuns: 300 },
  );
});
