/** `chunks()` of an exchange: the pieces of its body as they come. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ExchangeError } from "../../src/api/errors.ts";
import type { Exchange } from "../../src/api/exchange.ts";
import { connect, get, parseResponses, post, settled } from "../support/memory.ts";
import { head, quiet } from "../support/request_bodies.ts";

test("chunks() gives each next() its piece, in order, however many ask ahead", async () => {
  let pieces!: AsyncIterableIterator<Uint8Array>;
  const { client } = connect({ exchange: (x) => void (pieces = x.chunks()) });
  client.send(head(6));
  const asked = [pieces.next(), pieces.next(), pieces.next(), pieces.next()];
  for (const part of ["ab", "cd", "ef"]) client.send(part);
  const got = (await Promise.all(asked)).map(({ done, value }) =>
    done ? null : new TextDecoder().decode(value)
  );
  assert.deepEqual(got, ["ab", "cd", "ef", null]);
  assert.deepEqual(await pieces.next(), { done: true, value: undefined });
});

test("chunks() gives a chunk that came whole in one piece, however large", async () => {
  const { client } = connect({
    async exchange(x) {
      const lengths: number[] = [];
      for await (const { length } of x.chunks()) lengths.push(length);
      x.respond(200, {}, lengths.join());
    },
  });
  const chunk = (length: number): string => `${length.toString(16)}\r\n${"a".repeat(length)}\r\n`;
  const fields = "Host: a.example\r\nTransfer-Encoding: chunked";
  client.send(`POST / HTTP/1.1\r\n${fields}\r\n\r\n${chunk(60_000)}${chunk(2_000)}0\r\n\r\n`);
  await settled();
  assert.equal(parseResponses(client.text())[0].body, "60000,2000");
});

test("chunks() takes nothing off the connection before it is asked", async () => {
  let pieces!: AsyncIterableIterator<Uint8Array>;
  const { client } = connect({ highWaterMark: 1000, exchange: (x) => void (pieces = x.chunks()) });
  client.send(head(3000) + "x".repeat(1000));
  assert.equal(client.paused, true);
  await settled();
  assert.equal(client.paused, true);
  assert.equal((await pieces.next()).value.length, 1000);
  assert.equal(client.paused, false);
});

test("chunks() is told of its misuse, and ends by return() while a next() waits", async () => {
  let x!: Exchange;
  const { client } = connect({ exchange: (exchange) => void (x = exchange) });
  client.send(head(10) + "part");
  const pieces = x.chunks();
  assert.throws(() => x.chunks(), ExchangeError);
  assert.throws(() => x.stream(), ExchangeError);
  await assert.rejects(x.text(), ExchangeError);
  assert.equal((await pieces.next()).value.length, 4);
  const waiting = pieces.next();
  assert.deepEqual(await pieces.return!(), { done: true, value: undefined });
  assert.deepEqual(await waiting, { done: true, value: undefined });
  assert.deepEqual(await pieces.next(), { done: true, value: undefined });
  x.respond(200, {}, "left");
  assert.equal(parseResponses(client.text())[0].body, "left");
});

test("chunks() of a request without a body are none, and those of one that is over are refused", async () => {
  let x!: Exchange;
  let count = 0;
  const { client, errors } = connect({
    async exchange(exchange) {
      x = exchange;
      for await (const _ of x.chunks()) count++;
      x.respond(200);
    },
  });
  client.send(get() + head(0));
  await quiet();
  assert.deepEqual([count, errors, parseResponses(client.text()).length], [0, [], 2]);
  assert.throws(() => x.chunks(), ExchangeError);
});

test("chunks() that are kept do not touch the body of a later request", async () => {
  let kept: AsyncIterableIterator<Uint8Array> | undefined;
  const { client } = connect({
    async exchange(x) {
      if (kept !== undefined) return x.respond(200, {}, await x.text());
      kept = x.chunks();
      x.respond(200, {}, "first");
    },
  });
  client.send(post("dropped") + head(6) + "sec");
  await quiet();
  await assert.rejects(kept!.next(), ExchangeError);
  await kept!.return!();
  client.send("ond");
  await quiet();
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["first", "second"]);
});

test("chunks() that are left early let the rest pass while the handler goes on", async () => {
  let x!: Exchange;
  const { client } = connect({
    highWaterMark: 1000,
    drainBody: { bytes: 0 },
    exchange: (given) => void (x = given),
  });
  client.send(head(100_000) + "x".repeat(1000));
  for await (const piece of x.chunks()) {
    assert.equal(piece.length, 1000);
    break;
  }
  for (let i = 0; i < 99; i++) client.send("x".repeat(1000));
  assert.equal(client.paused, false);
  x.respond(200, {}, "left");
  assert.equal(parseResponses(client.text())[0].headers.get("connection"), "keep-alive");
});

test("chunks() asked for twice before the body comes send 100 once", async () => {
  let pieces!: AsyncIterableIterator<Uint8Array>;
  const { client } = connect({ exchange: (x) => void (pieces = x.chunks()) });
  client.send(head(4, "Expect: 100-continue"));
  const asked = [pieces.next(), pieces.next()];
  await settled();
  assert.equal(client.text(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("bo");
  client.send("dy");
  assert.deepEqual((await Promise.all(asked)).map(({ value }) => value.length), [2, 2]);
});
