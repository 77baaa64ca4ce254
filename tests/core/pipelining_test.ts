/**
 * The requests of one connection: answered in their order, however they are cut and whenever their handlers
 * answer.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { deferring, echoTarget } from "../support/exchange_handlers.ts";
import { connect, get, parseResponses, post, settled } from "../support/memory.ts";

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
