/**
 * What a handler is told whose client has left: an `AbortError`, as by any aborted `fetch`, which has the
 * connection's end as its cause.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionError } from "../../src/api/errors.ts";
import { connect, get, post, settled } from "../support/memory.ts";

/** Fails on anything but an `AbortError` because of a client that has gone. */
function assertAborted(error: unknown, name: string): void {
  assert.ok(error instanceof DOMException, `${name}: a DOMException, not ${error}`);
  assert.ok(error instanceof Error, name);
  assert.deepEqual([error.name, error.code], ["AbortError", DOMException.ABORT_ERR], name);
  assert.notEqual(error.message, "", name);
  const cause = Reflect.get(error, "cause");
  assert.ok(cause instanceof ConnectionError, `${name}: a ConnectionError, not ${cause}`);
  assert.equal(cause.code, "peer_gone", name);
}

for (const leave of ["reset", "sendEnd"] as const) {
  test(`signal.reason is an AbortError, whenever signal is asked for (${leave})`, async () => {
    const signals: AbortSignal[] = [];
    let goOn!: () => void;
    const left = new Promise<void>((resolve) => goOn = resolve);
    const fetchHandler = connect({
      async fetch(request) {
        const { signal } = request;
        const { signal: ofClone } = request.clone();
        await left;
        signals.push(signal, ofClone, request.signal);
        return new Response();
      },
    });
    const lateFetchHandler = connect({
      async fetch(request) {
        await left;
        signals.push(request.signal);
        return new Response();
      },
    });
    const exchangeHandler = connect({
      async exchange(x) {
        const { signal } = x;
        await left;
        signals.push(signal);
        x.respond(200);
      },
    });
    for (const { client } of [fetchHandler, lateFetchHandler, exchangeHandler]) {
      client.send(get());
      client[leave]();
    }
    goOn();
    await settled();
    assert.equal(signals.length, 5);
    for (const [i, signal] of signals.entries()) {
      assert.equal(signal.aborted, true);
      assertAborted(signal.reason, `signal ${i}`);
    }
  });

  test(`the transport's error is the cause's cause (${leave})`, async () => {
    const { client } = connect({ fetch: () => new Promise<Response>(() => {}) });
    let signal!: AbortSignal;
    const { client: other } = connect({
      fetch(request) {
        signal = request.signal;
        return new Promise<Response>(() => {});
      },
    });
    client.send(get());
    other.send(get());
    const broken = new Error("ECONNRESET");
    for (const each of [client, other]) leave === "reset" ? each.reset(broken) : each.sendEnd();
    await settled();
    assertAborted(signal.reason, leave);
    assert.equal(signal.reason.cause.cause, leave === "reset" ? broken : undefined);
  });
}

/** The ways to read a body. */
const READS: Readonly<Record<string, (request: Request) => Promise<unknown>>> = {
  "arrayBuffer()": (request) => request.arrayBuffer(),
  "blob()": (request) => request.blob(),
  "bytes()": (request) => request.bytes(),
  "formData()": (request) => request.formData(),
  "json()": (request) => request.json(),
  "text()": (request) => request.text(),
  "body": (request) => request.body!.pipeTo(new WritableStream()),
  "clone()": (request) => request.clone().text(),
  "text() after clone()": (request) => (request.clone(), request.text()),
  "new Request()": (request) => new Request(request).text(),
};

for (const [name, read] of Object.entries(READS)) {
  for (const leave of ["reset", "sendEnd"] as const) {
    test(`a read of the body that waits is told an AbortError by ${name} (${leave})`, async () => {
      let told!: (error: unknown) => void;
      const failure = new Promise<unknown>((resolve) => told = resolve);
      const { client, errors } = connect({
        async fetch(request) {
          await read(request).then(() => told("no failure"), told);
          return new Response();
        },
      });
      const form = "Content-Type: application/x-www-form-urlencoded";
      client.send(post("hello", "/", form).slice(0, -2));
      await new Promise<void>((resolve) => setImmediate(resolve));
      client[leave]();
      assertAborted(await failure, name);
      assert.deepEqual(errors, []);
    });
  }
}

test("a read that begins after the client has left is told an AbortError, too", async () => {
  let told!: (error: unknown) => void;
  const failure = new Promise<unknown>((resolve) => told = resolve);
  const { client } = connect({
    async fetch(request) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      await request.text().then(() => told("no failure"), told);
      return new Response();
    },
  });
  client.send(post("hello").slice(0, -2));
  client.reset();
  assertAborted(await failure, "text()");
});

test("a read by an exchange handler is told the ConnectionError itself", async () => {
  let told!: (error: unknown) => void;
  const failure = new Promise<unknown>((resolve) => told = resolve);
  const { client } = connect({
    async exchange(x) {
      await x.text().then(() => told("no failure"), told);
    },
  });
  client.send(post("hello").slice(0, -2));
  client.reset();
  const error = await failure;
  assert.ok(error instanceof ConnectionError, `a ConnectionError, not ${error}`);
});
