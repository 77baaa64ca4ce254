/** The responses of exchange handlers: how they are framed and written, and what is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../../src/api/exchange.ts";
import { ask } from "../support/exchange_handlers.ts";
import { connect, get, parseResponses, settled } from "../support/memory.ts";

test("respond() sends status, fields, date, framing and body", () => {
  const text = ask(get(), (x) => x.respond(201, { "x-a": ["1", "2"], "x-n": 3, "x-u": undefined }, "grün"));
  assert.equal(
    text,
    "HTTP/1.1 201 Created\r\nx-a: 1\r\nx-a: 2\r\nx-n: 3\r\ncontent-length: 5\r\n" +
      "date: Thu, 01 Jan 2026 00:00:01 GMT\r\nconnection: keep-alive\r\nkeep-alive: timeout=60\r\n\r\ngrün",
  );
});

test("respond() takes pairs, Headers and bytes, and a date of yours", () => {
  const [response] = parseResponses(ask(get(), (x) => {
    x.respond(200, new Headers([["Set-Cookie", "a=1"], ["Date", "now"]]), Uint8Array.of(0x68, 0x69));
  }));
  assert.equal(response.body, "hi");
  assert.equal(response.headers.get("date"), "now");
  assert.equal(response.headers.get("set-cookie"), "a=1");
});

test("HEAD, 204 and 304 have no body", () => {
  const methods = ["HEAD", "HEAD", "GET", "GET", "GET"];
  const { client } = connect({
    exchange(x) {
      if (x.target === "/stream") {
        x.start(200);
        x.write("hello");
        x.end();
      } else if (x.method === "HEAD") x.respond(200, {}, "hello");
      else x.respond(Number(x.target.slice(1)), x.target === "/304" ? { "content-length": "5" } : {});
    },
  });
  client.send(
    get("/").replace("GET", "HEAD") + get("/stream").replace("GET", "HEAD") + get("/204") + get("/304") +
      get("/205"),
  );
  const responses = parseResponses(client.text(), methods);
  assert.deepEqual(responses.map(({ status }) => status), [200, 200, 204, 304, 205]);
  assert.deepEqual(responses.map(({ headers }) => headers.get("content-length")), [
    "5",
    undefined,
    undefined,
    "5",
    "0",
  ]);
});

test("HEAD tells the content-length that is given", () => {
  const text = ask(get().replace("GET", "HEAD"), (x) => x.respond(200, { "content-length": 1234 }));
  assert.equal(parseResponses(text, ["HEAD"])[0].headers.get("content-length"), "1234");
});

test("a wrong response throws before a byte is sent, and can be answered otherwise", () => {
  const wrong: [(x: Exchange) => void, new (...args: never[]) => Error, RegExp][] = [
    [(x) => x.respond(99), RangeError, /status/],
    [(x) => x.respond(101), RangeError, /status/],
    [(x) => x.respond(200.5), RangeError, /status/],
    [(x) => x.respond(200, { "x-a": "b\r\nc: d" }), TypeError, /x-a/],
    [(x) => x.respond(200, { "x-a": "\0" }), TypeError, /x-a/],
    [(x) => x.respond(200, { "x-a": "→" }), TypeError, /x-a/],
    [(x) => x.respond(200, { "x a": "b" }), TypeError, /x a/],
    [(x) => x.respond(200, { "": "b" }), TypeError, /name/],
    [(x) => x.respond(200, { "content-length": "5" }, "four"), TypeError, /content-length/],
    [(x) => x.respond(200, { "content-length": "-1" }), TypeError, /content-length/],
    [(x) => x.respond(204, {}, "body"), TypeError, /204/],
    [(x) => x.respond(205, {}, "body"), TypeError, /205/],
    [(x) => x.respond(200, {}, 123 as unknown as string), TypeError, /body/],
    [(x) => x.respond(200, {}, new DataView(new ArrayBuffer(1)) as unknown as string), TypeError, /body/],
    [(x) => x.start(200, { "x-a": "\n" }), TypeError, /x-a/],
  ];
  for (const [answer, type, message] of wrong) {
    const text = ask(get(), (x) => {
      assert.throws(() => answer(x), (error) => error instanceof type && message.test(error.message));
      x.respond(200, {}, "otherwise");
    });
    const responses = parseResponses(text);
    assert.deepEqual(responses.map(({ status, body }) => [status, body]), [[200, "otherwise"]]);
  }
});

test("a streamed response is chunked to 1.1, and ends with the connection to 1.0", () => {
  const stream = (x: Exchange): void => {
    x.start(200, { "content-type": "text/plain" });
    x.write("hello ");
    x.write("");
    x.write(new TextEncoder().encode("world"));
    x.end("!");
  };
  const [chunked] = parseResponses(ask(get(), stream));
  assert.equal(chunked.body, "hello world!");
  const old = ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", stream);
  assert.doesNotMatch(old, /transfer-encoding/);
  assert.match(old, /connection: close\r\n\r\nhello world!$/);
});

test("a streamed response with content-length is sent as it is, and persists", () => {
  const text = ask(get(), (x) => {
    x.start(200, { "content-length": 5 });
    x.write("he");
    x.end("llo");
  });
  const [response] = parseResponses(text);
  assert.equal(response.body, "hello");
  assert.equal(response.headers.get("connection"), "keep-alive");
});

for (const [name, chunk] of [["longer", "toolong"], ["shorter", "s"]] as const) {
  test(`a body ${name} than its content-length ends the connection and tells the handler`, async () => {
    let thrown: unknown;
    const { client, connection } = connect({
      exchange(x) {
        x.start(200, { "content-length": 5 });
        try {
          x.write(chunk);
          x.end();
        } catch (error) {
          thrown = error;
        }
      },
    });
    client.send(get() + get());
    assert.ok(thrown instanceof RangeError);
    assert.match(String(thrown), /content-length/);
    assert.equal(client.closed, true);
    assert.equal(await connection.closed, "handler_error");
  });
}

test("writes tell backpressure, and ready() when it is over", async () => {
  let x!: Exchange;
  const { client } = connect({ exchange: (exchange) => void (x = exchange) });
  client.send(get());
  client.takesWrites = false;
  x.start(200);
  assert.equal(x.write("a".repeat(100_000)), false);
  let ready = false;
  x.ready().then(() => ready = true);
  await settled();
  assert.equal(ready, false);
  client.drain();
  await settled();
  assert.equal(ready, true);
  assert.equal(x.write("b"), true);
  x.end();
  await settled();
  assert.equal(parseResponses(client.text())[0].body, "a".repeat(100_000) + "b");
});

test("large bytes are handed over uncopied, others in one write with their head", () => {
  const large = new Uint8Array(200_000).fill(97);
  const medium = new Uint8Array(100_000).fill(98);
  const taken: Uint8Array[] = [];
  const { client } = connect({
    exchange: (x) =>
      x.respond(200, {}, x.target === "/large" ? large : x.target === "/medium" ? medium : "small"),
  });
  client.write = (bytes, start, end) => {
    taken.push(bytes === large ? large : bytes.slice(start, end));
    return true;
  };
  client.send(get("/large"));
  assert.ok(taken[1] === large);
  client.send(get("/medium"));
  assert.equal(taken.length, 3);
  assert.deepEqual(taken[2].subarray(-medium.length), medium);
  client.send(get("/small"));
  assert.equal(taken.length, 4);
});

test("abort() cuts the response off", async () => {
  const { client, connection } = connect({
    exchange(x) {
      x.start(200);
      x.abort();
      x.end(); // nobody is there
    },
  });
  client.send(get());
  assert.doesNotMatch(client.text(), /\n0\r\n\r\n$/);
  assert.equal(await connection.closed, "handler_error");
});

test("abort() of a response that ends with the connection resets it", () => {
  const { client } = connect({
    exchange(x) {
      x.start(200);
      x.write("half");
      x.abort();
    },
  });
  client.send("GET / HTTP/1.0\r\n\r\n");
  assert.equal(client.wasReset, true);
});

test("a 2xx to CONNECT has no framing and ends the connection as HTTP", () => {
  const text = ask("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n", (x) => x.respond(200));
  assert.doesNotMatch(text, /content-length|transfer-encoding/);
  assert.match(text, /connection: close/);
});
