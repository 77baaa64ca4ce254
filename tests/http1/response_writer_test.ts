/**
 * The heads of responses on connections that go on: whatever was said before, on this connection or on another,
 * each response says what its handler said, when it said it, and what holds for its client.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import type { Exchange, Fields } from "../../src/api/exchange.ts";
import { connect, get, parseResponses, settled } from "../support/memory.ts";
import { CLOSED, DATE, KEPT, response } from "../support/response_texts.ts";

test("equal requests with responses that change get each its own, in one burst or one by one", () => {
  const answers: readonly (readonly [number, Fields, string])[] = [
    [200, { "x-a": "1" }, "200 OK\r\nx-a: 1\r\n"],
    [200, { "x-a": "2" }, "200 OK\r\nx-a: 2\r\n"],
    [404, { "x-a": "1" }, "404 Not Found\r\nx-a: 1\r\n"],
    [200, { "X-A": "1" }, "200 OK\r\nX-A: 1\r\n"],
    [200, {}, "200 OK\r\n"],
    [200, { "x-a": "1", "x-b": ["1", "2"] }, "200 OK\r\nx-a: 1\r\nx-b: 1\r\nx-b: 2\r\n"],
    [200, [["x-b", "1"], ["x-a", "1"]], "200 OK\r\nx-b: 1\r\nx-a: 1\r\n"],
    [200, new Headers({ "X-A": "1" }), "200 OK\r\nx-a: 1\r\n"],
  ];
  // Each three times in a row, then all in turn, then again.
  const order = [...answers.flatMap((answer) => [answer, answer, answer]), ...answers, ...answers];
  for (const inOneBurst of [true, false]) {
    let i = 0;
    const { client } = connect({
      exchange(x) {
        const [status, fields] = order[i];
        x.respond(status, fields, "b".repeat(i++ % 12));
      },
    });
    if (inOneBurst) client.send(get().repeat(order.length));
    else for (let sent = 0; sent < order.length; sent++) client.send(get());
    const expected = order.map(([, , lines], i) => response(lines, "b".repeat(i % 12)));
    assert.equal(client.text(), expected.join(""));
  }
});

test("equal responses tell the second in which each was answered", async () => {
  const answers: (() => void)[] = [];
  const { client, clock } = connect({
    exchange(x) {
      if (x.target === "/later") answers.push(() => x.respond(200, { "x-a": "1" }, "hi"));
      else x.respond(200, { "x-a": "1" }, "hi");
    },
  });
  const expected: string[] = [];
  for (const [passes, second] of [[0, 1], [0, 1], [500, 1], [499, 1], [1, 2], [0, 2], [1000, 3], [2500, 5]]) {
    clock.advance(passes);
    client.send(get().repeat(3));
    const date = `Thu, 01 Jan 2026 00:00:0${second} GMT`;
    for (let i = 0; i < 3; i++) expected.push(response("200 OK\r\nx-a: 1\r\n", "hi", date));
  }
  client.send(get("/later").repeat(2));
  for (const second of [7, 9]) {
    clock.advance(2000);
    answers.shift()!();
    await settled();
    expected.push(response("200 OK\r\nx-a: 1\r\n", "hi", `Thu, 01 Jan 2026 00:00:0${second} GMT`));
  }
  assert.equal(client.text(), expected.join(""));
});

test("a date of the handler's own stands in for the engine's, in equal responses too", () => {
  const { client } = connect({
    exchange: (x) => x.respond(200, x.target === "/own" ? { date: "mine" } : {}, "hi"),
  });
  const targets = ["/own", "/own", "/own", "/", "/", "/", "/own", "/", "/own", "/own", "/own"];
  client.send(targets.map((target) => get(target)).join(""));
  const expected = targets.map((target) =>
    target === "/own" ? response("200 OK\r\ndate: mine\r\n", "hi", "") : response("200 OK\r\n", "hi")
  );
  assert.equal(client.text(), expected.join(""));
});

test("HTTP/1.0 and 1.1 in turn, with the same fields, are each answered in their way", () => {
  const seen: string[] = [];
  const fields = "Host: a.example\r\nConnection: keep-alive\r\n\r\n";
  const versions = ["1.1", "1.0", "1.1", "1.0", "1.0", "1.0", "1.0", "1.1", "1.1", "1.1", "1.1", "1.0"];
  for (const keepAliveHint of [true, false]) {
    seen.length = 0;
    const { client } = connect({
      keepAliveHint,
      exchange(x) {
        seen.push(x.httpVersion);
        x.respond(200, { "x-a": "1" }, "hi");
      },
    });
    client.send(versions.map((version) => `GET / HTTP/${version}\r\n${fields}`).join(""));
    assert.deepEqual(seen, versions);
    const expected = versions.map((version) => {
      const unhinted = version === "1.0" ? "connection: keep-alive\r\n" : "";
      return response("200 OK\r\nx-a: 1\r\n", "hi", DATE, keepAliveHint ? KEPT : unhinted);
    });
    assert.equal(client.text(), expected.join(""));
  }
});

test("the same fields without Connection let HTTP/1.1 persist, and HTTP/1.0 not", () => {
  for (const before of [0, 1, 2, 3, 5]) {
    const { client } = connect({ exchange: (x) => x.respond(200, {}, x.httpVersion) });
    client.send(get().repeat(before) + get().replace("HTTP/1.1", "HTTP/1.0") + get());
    const expected = response("200 OK\r\n", "1.1").repeat(before) +
      response("200 OK\r\n", "1.0", DATE, CLOSED);
    assert.equal(client.text(), expected);
    assert.equal(client.ended, true);
  }
});

test("HEAD and GET in turn get the same head, and GET the body", () => {
  const methods = ["GET", "HEAD", "GET", "HEAD", "HEAD", "HEAD", "HEAD", "GET", "GET", "GET", "HEAD"];
  for (const given of [undefined, "2"]) {
    const { client } = connect({
      exchange: (x) => x.respond(200, { "x-a": "1", "content-length": given }, "hi"),
    });
    client.send(methods.map((method) => get().replace("GET", method)).join(""));
    const whole = response("200 OK\r\nx-a: 1\r\n", "hi");
    const expected = methods.map((method) => method === "HEAD" ? whole.slice(0, -"hi".length) : whole);
    assert.equal(client.text(), expected.join(""));
  }
});

test("equal responses count max down to close", () => {
  const { client } = connect({ maxRequests: 7, exchange: (x) => x.respond(200, { "x-a": "1" }, "hi") });
  client.send(get().repeat(9));
  const expected = [6, 5, 4, 3, 2, 1].map((left) => {
    const persistence = `connection: keep-alive\r\nkeep-alive: timeout=60, max=${left}\r\n`;
    return response("200 OK\r\nx-a: 1\r\n", "hi", DATE, persistence);
  });
  expected.push(response("200 OK\r\nx-a: 1\r\n", "hi", DATE, CLOSED));
  assert.equal(client.text(), expected.join(""));
  assert.equal(client.ended, true);
});

test("equal responses tell the time that holds for each request", () => {
  const { client } = connect({
    exchange(x) {
      if (x.target !== "/") x.setTimeouts({ idleTimeout: Number(x.target.slice(1)) });
      x.respond(200, {}, "hi");
    },
  });
  const targets = ["/", "/", "/", "/5000", "/", "/5000", "/5000", "/9000", "/", "/900", "/"];
  client.send(targets.map((target) => get(target)).join(""));
  const told = ["60", "60", "60", "5", "60", "5", "5", "9", "60", undefined, "60"];
  assert.deepEqual(
    parseResponses(client.text()).map(({ headers }) => headers.get("keep-alive")),
    told.map((seconds) => seconds && `timeout=${seconds}`),
  );
});

test("a response that says close is the last, whether it is new or equal to those of other connections", () => {
  for (const before of [0, 1, 2, 3, 4]) {
    for (let connection = 0; connection < 4; connection++) {
      let requests = 0;
      const { client } = connect({
        exchange: (x) =>
          x.respond(200, requests++ === before ? { Connection: "close", "x-a": "1" } : { "x-a": "1" }, "hi"),
      });
      client.send(get().repeat(6));
      const lines = "200 OK\r\nx-a: 1\r\n";
      const expected = response(lines, "hi").repeat(before) + response(lines, "hi", DATE, CLOSED);
      assert.equal(client.text(), expected);
      assert.equal(client.ended, true);
    }
  }
});

test("a response is framed by what it is, not by equal fields before", () => {
  const { client } = connect({
    exchange(x) {
      const fields = { "x-a": "1" };
      switch (x.target) {
        case "/whole":
          return x.respond(200, fields, "hi");
        case "/longer":
          return x.respond(200, fields, "hi there");
        case "/empty":
          return x.respond(200, fields);
        case "/none":
          return x.respond(204, fields);
        case "/length":
          x.start(200, { ...fields, "content-length": 2 });
          return x.end("hi");
        case "/wrong":
          assert.throws(() => x.respond(200, { ...fields, "content-length": 2 }, "three"), TypeError);
          return x.respond(200, { ...fields, "content-length": 5 }, "three");
        case "/chunked":
          x.start(200, fields);
          return x.end("hi");
      }
    },
  });
  const responses: Record<string, string> = {
    "/whole": response("200 OK\r\nx-a: 1\r\n", "hi"),
    "/longer": response("200 OK\r\nx-a: 1\r\n", "hi there"),
    "/empty": response("200 OK\r\nx-a: 1\r\n", ""),
    "/none": response("204 No Content\r\nx-a: 1\r\n", "").replace("content-length: 0\r\n", ""),
    "/length": response("200 OK\r\nx-a: 1\r\n", "hi"),
    "/wrong": response("200 OK\r\nx-a: 1\r\n", "three"),
    "/chunked":
      response("200 OK\r\nx-a: 1\r\n", "").replace("content-length: 0", "transfer-encoding: chunked") +
      "2\r\nhi\r\n0\r\n\r\n",
  };
  const targets = Object.keys(responses);
  const order = [
    ...targets,
    ...targets,
    ...targets.flatMap((target) => [target, target, target]),
    ...targets,
  ];
  client.send(order.map((target) => get(target)).join(""));
  assert.equal(client.text(), order.map((target) => responses[target]).join(""));
});

test("fields that throw leave nothing behind in the responses before and after them", () => {
  const { client, errors } = connect({
    exchange(x) {
      if (x.target === "/bad") x.respond(200, { "x-a": "1", "content-length": "99", "x-b": "\n" }, "hi");
      else x.respond(200, { "x-a": "1" }, "hi");
    },
  });
  const targets = ["/", "/bad", "/", "/", "/bad", "/", "/", "/", "/bad", "/bad", "/bad", "/"];
  client.send(targets.map((target) => get(target)).join(""));
  const failed = response(
    "500 Internal Server Error\r\ncontent-type: text/plain;charset=utf-8\r\n",
    "500 Internal Server Error\n",
  );
  const expected = targets.map((target) =>
    target === "/bad" ? failed : response("200 OK\r\nx-a: 1\r\n", "hi")
  );
  assert.equal(client.text(), expected.join(""));
  assert.equal(errors.length, 5);
});

test("equal responses of several servers say what holds for each", () => {
  const answer = (x: Exchange): void => x.respond(200, { "x-a": "1" }, "hi");
  const servers = [
    [connect({ exchange: answer }), KEPT],
    [connect({ exchange: answer, keepAliveHint: false }), ""],
    [connect({ exchange: answer, idleTimeout: 5000 }), "connection: keep-alive\r\nkeep-alive: timeout=5\r\n"],
  ] as const;
  for (let round = 1; round <= 4; round++) {
    for (const [{ client }, persistence] of servers) {
      client.send(get());
      assert.equal(client.text(), response("200 OK\r\nx-a: 1\r\n", "hi", DATE, persistence).repeat(round));
    }
  }
});

test("any sequence of answers on several connections comes as each alone does", () => {
  const name = fc.constantFrom("x-a", "X-A", "x-b", "date", "content-length", "vary");
  const fields = fc.array(fc.tuple(name, fc.constantFrom("1", "2", "")), { maxLength: 3 });
  const answer = fc.record({
    status: fc.constantFrom(200, 200, 404, 204),
    fields,
    body: fc.constantFrom("", "x"),
  });
  const request = fc.record({
    connection: fc.nat(2),
    head: fc.constantFrom(
      get(),
      get().replace("GET", "HEAD"),
      get("/", "Connection: keep-alive"),
      get("/", "Connection: keep-alive").replace("1.1", "1.0"),
      get().replace("1.1", "1.0"),
    ),
    answer: fc.nat(3),
    times: fc.integer({ min: 1, max: 3 }),
    passes: fc.constantFrom(0, 0, 0, 1000),
  });
  type Answer = typeof answer extends fc.Arbitrary<infer T> ? T : never;
  const respond = (x: Exchange, { status, fields, body }: Answer): void => {
    try {
      x.respond(status, fields, body);
    } catch (error) {
      assert.ok(error instanceof TypeError);
      x.respond(500, {}, "bad");
    }
  };
  /** What one client gets that is alone and comes at this time. */
  const alone = (head: string, given: Answer, passed: number): string => {
    const { client, clock } = connect({ exchange: (x) => respond(x, given) });
    clock.advance(passed);
    client.send(head);
    return client.text();
  };
  fc.assert(
    fc.property(
      fc.array(answer, { minLength: 1, maxLength: 4 }),
      fc.array(request, { maxLength: 15 }),
      (answers, requests) => {
        let next!: Answer;
        let passed = 0;
        const { client, server, clock } = connect({ exchange: (x) => respond(x, next) });
        const clients = [client, new MemoryTransport(), new MemoryTransport()];
        for (const other of clients.slice(1)) server.accept(other);
        for (const { connection, head, answer, times, passes } of requests) {
          clock.advance(passes);
          passed += passes;
          next = answers[answer % answers.length];
          for (let i = 0; i < times; i++) {
            if (clients[connection].ended) server.accept(clients[connection] = new MemoryTransport());
            const to = clients[connection];
            const before = to.text().length;
            to.send(head);
            assert.equal(to.text().slice(before), alone(head, next, passed));
          }
        }
      },
    ),
    { numRuns: 200 },
  );
});
