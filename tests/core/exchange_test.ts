/**
 * The exchange that handlers see: its head, its body, its response, and what it says when misused.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionError, ExchangeError, ProtocolError } from "../../src/api/errors.ts";
import type { Exchange } from "../../src/api/exchange.ts";
import { connect, get, parseResponses, post, settled } from "../support/memory.ts";

/** Runs `handler` on one request, and gives what the client read. */
function ask(request: string, handler: (x: Exchange) => void | Promise<void>): string {
  const { client, errors } = connect({ exchange: handler });
  client.send(request);
  assert.deepEqual(errors, []);
  return client.text();
}

test("the head reads as it was sent", () => {
  ask(
    "PATCH /a?b=1 HTTP/1.1\r\nHost: a.example\r\nX-One: 1\r\nx-one:  2 \r\nCookie: a=1\r\ncookie: b=2\r\n\r\n",
    (x) => {
      assert.equal(x.method, "PATCH");
      assert.equal(x.target, "/a?b=1");
      assert.equal(x.httpVersion, "1.1");
      assert.equal(x.header("X-ONE"), "1, 2");
      assert.equal(x.header("cookie"), "a=1; b=2");
      assert.equal(x.header("absent"), null);
      assert.equal(x.hasBody, false);
      assert.equal(x.contentLength, 0);
      assert.deepEqual([...x.headers()], [
        ["host", "a.example"],
        ["x-one", "1"],
        ["x-one", "2"],
        ["cookie", "a=1"],
        ["cookie", "b=2"],
      ]);
      x.respond(200);
    },
  );
});

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

test("an exchange that is answered twice, or out of order, says so", () => {
  ask(get(), (x) => {
    assert.throws(() => x.write("early"), ExchangeError);
    assert.throws(() => x.end(), ExchangeError);
    x.respond(200);
    assert.throws(() => x.respond(200), ExchangeError);
    assert.throws(() => x.start(200), ExchangeError);
    assert.throws(() => x.write("late"), ExchangeError);
  });
  ask(get(), (x) => {
    x.start(200);
    assert.throws(() => x.respond(200), ExchangeError);
    assert.throws(() => x.start(200), ExchangeError);
    x.end();
    assert.throws(() => x.end(), ExchangeError);
  });
});

test("an exchange that is over says so", async () => {
  let late: Exchange | undefined;
  const { client } = connect({ exchange: (x) => (late = x).respond(200) });
  client.send(get());
  assert.throws(() => late!.method, ExchangeError);
  assert.throws(() => late!.header("host"), ExchangeError);
  assert.throws(() => late!.respond(200), ExchangeError);
  await assert.rejects(late!.text(), ExchangeError);
});

test("an exchange is not used again while its handler runs", async () => {
  const seen: Exchange[] = [];
  let release = (): void => {};
  const { client, errors } = connect({
    async exchange(x) {
      seen.push(x);
      x.respond(200, {}, x.target);
      if (seen.length === 1) await new Promise<void>((resolve) => release = resolve);
    },
  });
  client.send(get("/1") + get("/2"));
  assert.equal(seen.length, 2);
  assert.notEqual(seen[0], seen[1]);
  release();
  await settled();
  assert.deepEqual(errors, []);
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["/1", "/2"]);
});

test("an exchange that the client left is never given to another request", async () => {
  let left: Exchange | undefined;
  const first = connect({ exchange: (x) => void (left = x) });
  first.client.send(get());
  first.client.reset();
  const second = first.server.accept(first.client);
  assert.equal(second.requests, 0);
  left!.respond(200, {}, "too late"); // a no-op
  assert.equal(first.client.text(), "");
  assert.equal(left!.signal.aborted, true);
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

test("large bytes are handed over uncopied, small ones in one write with their head", () => {
  const large = new Uint8Array(100_000).fill(97);
  const taken: Uint8Array[] = [];
  const { client } = connect({
    exchange: (x) => x.respond(200, {}, x.target === "/large" ? large : "small"),
  });
  client.write = (bytes, start, end) => {
    taken.push(bytes === large ? large : bytes.slice(start, end));
    return true;
  };
  client.send(get("/large"));
  assert.equal(taken[1], large);
  client.send(get("/small"));
  assert.equal(taken.length, 3);
});

test("the body is read as bytes, text and JSON, whole or in pieces", async () => {
  const read: unknown[] = [];
  const { client } = connect({
    async exchange(x) {
      assert.equal(x.hasBody, true);
      if (x.target === "/bytes") read.push([...await x.bytes()]);
      else if (x.target === "/text") read.push(await x.text());
      else read.push(await x.json());
      x.respond(204);
    },
  });
  const chunked =
    'POST /json HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{"a"\r\n3\r\n:1}\r\n0\r\n\r\n';
  client.send(post("abc", "/bytes"));
  await settled();
  const text = post("grün", "/text").replace("Length: 4", "Length: 5");
  client.send(text.slice(0, -2));
  client.send(text.slice(-2) + chunked);
  await settled();
  await settled();
  assert.deepEqual(read, [[97, 98, 99], "grün", { a: 1 }]);
});

test("the body as a stream takes no more from the client than is read", async () => {
  let reader!: ReadableStreamDefaultReader<Uint8Array>;
  const { client } = connect({
    highWaterMark: 1000,
    exchange: (x) => void (reader = x.stream().getReader()),
  });
  client.send(post("", "/", "").replace("Length: 0\r\n", "Length: 3000"));
  for (let i = 0; i < 3; i++) client.send("x".repeat(1000));
  assert.equal(client.paused, true);
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
  }
  assert.equal(length, 3000);
  await settled();
});

test("a body can be taken once", async () => {
  const { client } = connect({
    async exchange(x) {
      const first = x.text();
      await assert.rejects(x.text(), ExchangeError);
      assert.throws(() => x.stream(), ExchangeError);
      x.respond(200, {}, await first);
    },
  });
  client.send(post("once"));
  await settled();
  assert.equal(parseResponses(client.text())[0].body, "once");
});

test("a cancelled stream drops the body, and the connection goes on", async () => {
  const { client } = connect({
    async exchange(x) {
      if (x.hasBody) await x.stream().cancel();
      x.respond(200, {}, x.target);
    },
  });
  client.send(post("dropped", "/1") + get("/2"));
  await settled();
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["/1", "/2"]);
});

test("a stream that was never read errors when the response is complete", async () => {
  let stream!: ReadableStream<Uint8Array>;
  const { client } = connect({
    exchange(x) {
      if (x.hasBody) stream = x.stream();
      x.respond(200, {}, x.target);
    },
  });
  client.send(post("unread", "/1") + get("/2"));
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["/1", "/2"]);
  await assert.rejects(stream.getReader().read(), ExchangeError);
});

test("a body that is still being read when the response is complete is read to its end", async () => {
  let text: Promise<string> | undefined;
  const { client } = connect({
    exchange(x) {
      if (x.hasBody) text = x.text();
      x.respond(202, {}, x.target);
    },
  });
  const request = post("to the very end", "/1");
  client.send(request.slice(0, -5));
  client.send(request.slice(-5) + get("/2"));
  assert.equal(await text, "to the very end");
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["/1", "/2"]);
});

test("Expect: 100-continue gets 100 once, when the body is asked for", async () => {
  let x!: Exchange;
  const { client } = connect({ exchange: (exchange) => void (x = exchange) });
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  assert.equal(client.text(), "");
  const text = x.text();
  await settled();
  assert.equal(client.text(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hi");
  x.respond(200, {}, await text);
  await settled();
  const responses = parseResponses(client.text());
  assert.deepEqual(responses.map(({ status, body }) => [status, body]), [[100, ""], [200, "hi"]]);
  assert.equal(responses[1].headers.get("connection"), "keep-alive");
});

test("no 100 is sent where the body has begun to come, or to HTTP/1.0", async () => {
  for (const version of ["1.0", "1.1"]) {
    const { client } = connect({ exchange: async (x) => x.respond(200, {}, await x.text()) });
    const head = `POST / HTTP/${version}\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n`;
    client.send(version === "1.1" ? head + "h" : head);
    await settled();
    assert.equal(client.text(), "");
    client.send(version === "1.1" ? "i" : "hi");
    await settled();
    assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [200]);
  }
});

test("a final status without 100 closes", () => {
  const { client } = connect({ exchange: (x) => x.respond(401) });
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  assert.equal(parseResponses(client.text())[0].headers.get("connection"), "close");
  assert.equal(client.ended, true);
});

test("a chunked body over maxBodyBytes gets 413 while it is read", async () => {
  const { client, errors } = connect({
    maxBodyBytes: 5,
    exchange: async (x) => x.respond(200, {}, await x.text()),
  });
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nsixsix\r\n");
  await settled();
  assert.equal(parseResponses(client.text())[0].status, 413);
  assert.equal(client.ended, true);
  assert.ok(errors[0] instanceof ProtocolError && errors[0].code === "body_too_large");
});

test("a malformed chunk gets 400, and tells the reader", async () => {
  const { client, errors } = connect({ exchange: async (x) => x.respond(200, {}, await x.text()) });
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nno\r\n");
  await settled();
  assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [400]);
  assert.ok(errors[0] instanceof ProtocolError && errors[0].code === "bad_chunk");
});

test("a client that goes away aborts the signal and the body's reader with a typed error", async () => {
  let signal!: AbortSignal;
  let told: unknown;
  const { client, errors } = connect({
    async exchange(x) {
      signal = x.signal;
      await x.text().catch((error) => told = error);
    },
  });
  client.send(post("hello").slice(0, -2));
  assert.equal(signal.aborted, false);
  client.reset(new Error("ECONNRESET"));
  assert.equal(signal.aborted, true);
  assert.equal(signal.reason.name, "AbortError");
  const { cause } = signal.reason;
  assert.ok(cause instanceof ConnectionError && cause.code === "peer_gone");
  assert.equal((cause.cause as Error).message, "ECONNRESET");
  await settled();
  assert.equal(told, cause);
  assert.deepEqual(errors, []);
});

test("the signal does not abort on success", async () => {
  const signals: AbortSignal[] = [];
  const { client } = connect({
    exchange(x) {
      signals.push(x.signal);
      x.respond(200);
    },
  });
  client.send(get() + get());
  client.reset();
  await settled();
  assert.deepEqual(signals.map(({ aborted }) => aborted), [false, false]);
});

test("a client that half-closes in the middle of a body tells the reader, and can be answered", async () => {
  const { client } = connect({
    exchange: (x) => x.text().then(() => assert.fail(), (error) => x.respond(200, {}, error.code)),
  });
  client.send(post("hello").slice(0, -2));
  client.sendEnd();
  await settled();
  assert.equal(parseResponses(client.text())[0].body, "peer_gone");
  assert.equal(client.closed, true);
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

test("a body that was read in part is dropped after the response, and the connection goes on", async () => {
  const { client, errors } = connect({
    async exchange(x) {
      if (x.hasBody) {
        const { value } = await x.stream().getReader().read();
        assert.equal(value!.length, 3);
      }
      x.respond(200, {}, x.target);
    },
  });
  const request = post("first, rest", "/1");
  client.send(request.slice(0, -8));
  await settled();
  client.send(request.slice(-8) + get("/2"));
  await settled();
  assert.deepEqual(errors, []);
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["/1", "/2"]);
});

test("a kept stream does not touch the body of a later request", async () => {
  let kept: ReadableStream<Uint8Array> | undefined;
  const { client, errors } = connect({
    async exchange(x) {
      if (kept === undefined) {
        kept = x.stream();
        const reader = kept.getReader();
        const read = reader.read();
        reader.releaseLock();
        await read.catch(() => {});
        return x.respond(200, {}, "first");
      }
      await kept.cancel().catch(() => {});
      x.respond(200, {}, await x.text());
    },
  });
  client.send(post("one"));
  await settled();
  client.send(post("two"));
  await settled();
  assert.deepEqual(errors, []);
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["first", "two"]);
});

test("a body that is cancelled is not asked for with 100", async () => {
  const { client } = connect({
    async exchange(x) {
      await x.stream().cancel();
      x.respond(403);
    },
  });
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  await settled();
  const responses = parseResponses(client.text());
  assert.deepEqual(responses.map(({ status }) => status), [403]);
  assert.equal(responses[0].headers.get("connection"), "close");
});

test("a request without a body is not told to continue", async () => {
  const { client } = connect({ exchange: async (x) => x.respond(200, {}, await x.text()) });
  client.send(get("/", "Expect: 100-continue"));
  await settled();
  assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [200]);
});

test("a client that half-closes aborts the signal of a request with an unread body too", () => {
  let signal!: AbortSignal;
  for (const request of [post("hello"), post("hello").slice(0, -2), get()]) {
    const { client } = connect({ exchange: (x) => void (signal = x.signal) });
    client.send(request);
    client.sendEnd();
    assert.equal(signal.aborted, true);
  }
});

test("a 2xx to CONNECT has no framing and ends the connection as HTTP", () => {
  const text = ask("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n", (x) => x.respond(200));
  assert.doesNotMatch(text, /content-length|transfer-encoding/);
  assert.match(text, /connection: close/);
});
