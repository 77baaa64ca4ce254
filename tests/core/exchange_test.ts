/** The exchange that handlers see: its head, its signal, and what it says when it is misused or over. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionError, ExchangeError } from "../../src/api/errors.ts";
import type { Exchange } from "../../src/api/exchange.ts";
import { ask } from "../support/exchange_handlers.ts";
import { connect, get, parseResponses, post, settled } from "../support/memory.ts";

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
  const second = first.server.accept(first.client).facade;
  assert.equal(second.requests, 0);
  left!.respond(200, {}, "too late"); // a no-op
  assert.equal(first.client.text(), "");
  assert.equal(left!.signal.aborted, true);
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

test("a client that half-closes aborts the signal of a request with an unread body too", () => {
  let signal!: AbortSignal;
  for (const request of [post("hello"), post("hello").slice(0, -2), get()]) {
    const { client } = connect({ exchange: (x) => void (signal = x.signal) });
    client.send(request);
    client.sendEnd();
    assert.equal(signal.aborted, true);
  }
});
