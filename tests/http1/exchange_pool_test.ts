/**
 * An exchange is used again only where nobody can hold it any more, and is in the pool once.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { acquireExchange, releaseExchange } from "../../src/http1/exchange_pool.ts";
import type { Http1Exchange } from "../../src/http1/exchange_pool.ts";
import { ExchangeError } from "../../src/api/errors.ts";
import type { Exchange } from "../../src/api/exchange.ts";
import { connect, get, parseResponses, settled } from "../support/memory.ts";

/** Takes all exchanges out of the pool and puts them back; answers them. */
function pooled(): Http1Exchange[] {
  const all: Http1Exchange[] = [];
  for (;;) {
    const x = acquireExchange();
    // One that the pool has made now was never begun.
    if (!known.has(x)) break;
    all.push(x);
  }
  for (const x of all.toReversed()) releaseExchange(x);
  return all;
}

const known = new Set<Exchange>();

/** Thenables that settle in ways in which promises cannot. */
const THENABLES: Readonly<Record<string, (x: Exchange) => unknown>> = {
  "calls back twice": () => ({
    then(resolve: () => void) {
      queueMicrotask(resolve);
      queueMicrotask(resolve);
    },
  }),
  "calls back at once and again": () => ({
    then(resolve: () => void) {
      resolve();
      queueMicrotask(resolve);
    },
  }),
  "resolves and rejects": () => ({
    then(resolve: () => void, reject: (error: unknown) => void) {
      queueMicrotask(resolve);
      queueMicrotask(() => reject(new Error("mine")));
    },
  }),
  "calls back again when its exchange is used again": () => ({
    then(resolve: () => void) {
      queueMicrotask(resolve);
      again = resolve;
    },
  }),
  "throws after it has called back": () => ({
    then(resolve: () => void) {
      resolve();
      throw new Error("mine");
    },
  }),
};
let again: () => void = () => {};

for (const [how, thenable] of Object.entries(THENABLES)) {
  test(`a thenable that ${how} gives its exchange back once`, async () => {
    const { client, connection } = connect({
      exchange(x) {
        known.add(x);
        if (x.target === "/last") return;
        x.respond(200, {}, x.target);
        again();
        return thenable(x) as Promise<void>;
      },
      onError: () => {},
    });
    client.send(get("/1") + get("/2"));
    await settled();
    client.send(get("/3"));
    await settled();
    again();
    const [first, second] = [connect({ exchange: hold }), connect({ exchange: hold })];
    first.client.send(get("/first"));
    second.client.send(get("/second"));
    const [a, b] = held.splice(0);
    assert.notEqual(a, b, "two clients share an exchange");
    assert.deepEqual([a.target, b.target], ["/first", "/second"]);
    a.respond(200, {}, a.target);
    b.respond(200, {}, b.target);
    assert.match(first.client.text(), /\/first$/);
    assert.match(second.client.text(), /\/second$/);
    connection.close();
    const all = pooled();
    assert.equal(new Set(all).size, all.length, "one is in the pool twice");
    again = () => {};
  });
}

const held: Exchange[] = [];
function hold(x: Exchange): void {
  known.add(x);
  held.push(x);
}

/** Handlers that end before they have answered, and keep the exchange. */
const KEEPERS: Readonly<Record<string, (x: Exchange, keep: (x: Exchange) => void) => void | Promise<void>>> =
  {
    "returns before it has answered": (x, keep) => keep(x),
    "returns within its response": (x, keep) => {
      x.start(200);
      keep(x);
    },
    "resolves within its response": async (x, keep) => {
      await null;
      x.start(200);
      keep(x);
    },
    "throws": (x, keep) => {
      keep(x);
      throw new Error("mine");
    },
    "resolves without an answer": async (x, keep) => keep(x),
  };

for (const [how, handler] of Object.entries(KEEPERS)) {
  test(`a handler that ${how} cannot answer the next request`, async () => {
    const kept: Exchange[] = [];
    const pending: Exchange[] = [];
    const { client, connection } = connect({
      exchange(x) {
        known.add(x);
        if (x.target === "/kept") return handler(x, (x) => void kept.push(x));
        pending.push(x);
        return new Promise(() => {});
      },
      onError: () => {},
    });
    client.send(get("/kept"));
    await settled();
    if (kept[0] !== undefined) {
      try {
        kept[0].end("one");
      } catch {
        if (!client.text().includes("500")) kept[0].respond(200, {}, "one");
      }
    }
    await settled();
    const [{ status }] = parseResponses(client.text());
    client.send(get("/next"));
    await settled();
    assert.deepEqual(pending.map(({ target }) => target), ["/next"]);
    assert.notEqual(pending[0], kept[0], "the next request has the same exchange");
    assert.throws(() => kept[0].respond(200, {}, "another's"), ExchangeError);
    assert.throws(() => kept[0].target, ExchangeError);
    pending[0].respond(200, {}, "its own");
    const responses = parseResponses(client.text());
    assert.deepEqual(responses.map((response) => response.status), [status, 200]);
    assert.equal(responses[1].body, "its own");
    connection.close();
    assert.ok(!pooled().includes(kept[0] as Http1Exchange), "the pool has what somebody holds");
  });
}
