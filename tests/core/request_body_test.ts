/**
 * Request bodies through both kinds of handler: no faster than they are read, in bounds, with their trailers, and
 * told how they end.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionError, ExchangeError, ProtocolError } from "../../src/api/errors.ts";
import type { Exchange } from "../../src/api/exchange.ts";
import type { ConnectionOptions, FetchInfo } from "../../src/api/options.ts";
import { causeOf } from "../support/abort_cause.ts";
import { connect, type Connected, get, parseResponses, post, settled } from "../support/memory.ts";

const WAYS = ["pieces", "stream", "request.body"] as const;
type Way = typeof WAYS[number];

/** A handler that hands the body to `read` in one of the ways, and answers what that gives. */
function reading(
  way: Way,
  read: (body: AsyncIterable<Uint8Array>) => Promise<string>,
): Pick<ConnectionOptions, "fetch" | "exchange"> {
  if (way === "request.body") return { fetch: async (request) => new Response(await read(request.body!)) };
  return {
    async exchange(x) {
      const answer = await read(way === "pieces" ? x.chunks() : x.stream());
      x.respond(200, {}, answer);
    },
  };
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of body) text += decoder.decode(piece, { stream: true });
  return text;
}

async function quiet(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    await settled();
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** The head of a request with a body of this length, or chunked. */
function head(length: number | "chunked", ...lines: string[]): string {
  return [
    "POST / HTTP/1.1",
    "Host: a.example",
    length === "chunked" ? "Transfer-Encoding: chunked" : `Content-Length: ${length}`,
    ...lines,
    "",
    "",
  ].join("\r\n");
}

const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

/** Fails unless the answers are these. */
function assertBodies({ client, errors }: Connected, ...bodies: string[]): void {
  assert.deepEqual(errors, []);
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), bodies);
}

for (const way of WAYS) {
  test(`a body is read whole, in pieces and byte by byte (${way})`, async () => {
    const wire = post("hello", "/") + head("chunked") + chunk("wo") + chunk("rld") + "0\r\nX-T: 1\r\n\r\n" +
      head("chunked") + "0\r\n\r\n";
    for (const size of [wire.length, 1, 7]) {
      const connected = connect(reading(way, textOf));
      for (let at = 0; at < wire.length; at += size) {
        connected.client.send(wire.slice(at, at + size));
        if (at % 3 === 0) await settled();
      }
      await quiet();
      assertBodies(connected, "hello", "world", "");
    }
  });

  test(`a handler that reads slowly slows its client, in bounds (${way})`, async () => {
    const high = 10_000;
    let step: () => void = () => {};
    let read = 0;
    const connected = connect({
      highWaterMark: high,
      ...reading(way, async (body) => {
        for await (const piece of body) {
          read += piece.length;
          await new Promise<void>((resolve) => step = resolve);
        }
        return String(read);
      }),
    });
    const { client } = connected;
    const total = 100_000;
    const sendings = [total, "chunked"] as const;
    for (const length of sendings) {
      read = 0;
      client.send(head(length));
      let sent = 0;
      for (let i = 0; i < 1000 && sent < total; i++) {
        while (!client.paused && sent < total) {
          client.send(length === total ? "x".repeat(1000) : chunk("x".repeat(1000)));
          sent += 1000;
        }
        assert.ok(
          sent - read <= 2 * high + 1000,
          `${sent - read} bytes are kept for a handler that does not read`,
        );
        await settled();
        step();
        await settled();
      }
      if (length === "chunked") client.send("0\r\n\r\n");
      for (let i = 0; i < 300 && read < total; i++) {
        step();
        await settled();
      }
      for (let i = 0; i < 5; i++) {
        step();
        await settled();
      }
    }
    assertBodies(connected, String(total), String(total));
  });

  test(`leaving the loop early drops the rest, and the connection goes on (${way})`, async () => {
    for (const length of [60_000, "chunked"] as const) {
      const connected = connect(reading(way, async (body) => {
        for await (const piece of body) return `left after ${piece.length}`;
        return "no body";
      }));
      const { client } = connected;
      client.send(head(length));
      for (let i = 0; i < 60; i++) {
        client.send(length === "chunked" ? chunk("x".repeat(1000)) : "x".repeat(1000));
        await settled();
        assert.equal(client.paused, false);
      }
      if (length === "chunked") client.send("0\r\n\r\n");
      client.send(post("next"));
      await quiet();
      assertBodies(connected, "left after 1000", "left after 4");
    }
  });

  test(`100 is sent once, when the body is asked for (${way})`, async () => {
    let ask!: () => void;
    const gate = new Promise<void>((resolve) => ask = resolve);
    const connected = connect(reading(way, async (body) => {
      await gate;
      return await textOf(body);
    }));
    const { client } = connected;
    client.send(head(4, "Expect: 100-continue"));
    await quiet();
    assert.equal(client.text(), "");
    ask();
    await quiet();
    assert.equal(client.text(), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("bo");
    await quiet();
    client.send("dy");
    await quiet();
    assertBodies(connected, "", "body");
  });

  test(`no 100 where the body has begun to come, nor to HTTP/1.0 (${way})`, async () => {
    const begun = connect(reading(way, textOf));
    begun.client.send(head(4, "Expect: 100-continue") + "bo");
    await quiet();
    begun.client.send("dy");
    await quiet();
    assertBodies(begun, "body");
    const old = connect(reading(way, textOf));
    old.client.send(head(4, "Expect: 100-continue").replace("HTTP/1.1", "HTTP/1.0"));
    await quiet();
    assert.equal(old.client.text(), "");
    old.client.send("body");
    await quiet();
    assertBodies(old, "body");
  });

  test(`maxBodyBytes refuses a length before the handler is asked (${way})`, async () => {
    let asked = false;
    const { client, errors } = connect({
      maxBodyBytes: 10,
      ...reading(way, (body) => {
        asked = true;
        return textOf(body);
      }),
    });
    client.send(head(11, "Expect: 100-continue"));
    await quiet();
    const [response] = parseResponses(client.text());
    assert.deepEqual([response.status, response.headers.get("connection"), asked], [413, "close", false]);
    assert.deepEqual(errors, []);
    const exact = connect({ maxBodyBytes: 10, ...reading(way, textOf) });
    exact.client.send(post("0123456789") + head("chunked") + chunk("0123456789") + "0\r\n\r\n");
    await quiet();
    assertBodies(exact, "0123456789", "0123456789");
  });

  for (
    const [what, wire, code, status] of [
      ["over maxBodyBytes", chunk("0123") + chunk("4567890"), "body_too_large", 413],
      ["malformed", chunk("0123") + "xyz\r\n", "bad_chunk", 400],
    ] as const
  ) {
    test(`a chunked body that is ${what} fails its reader, and is answered with ${status} (${way})`, async () => {
      let told: unknown;
      let read = "";
      const { client, connection } = connect({
        maxBodyBytes: 10,
        onError: () => {},
        ...reading(way, async (body) => {
          try {
            for await (const piece of body) read += new TextDecoder().decode(piece);
          } catch (error) {
            told = error;
            throw error;
          }
          return "no failure";
        }),
      });
      client.send(head("chunked"));
      for (const piece of wire.match(/.{1,3}/gs)!) {
        client.send(piece);
        await settled();
      }
      await quiet();
      assert.ok(told instanceof ProtocolError, `a ProtocolError, not ${told}`);
      assert.deepEqual([told.code, told.status], [code, status]);
      assert.ok("0123456789".startsWith(read), read);
      assert.equal(parseResponses(client.text())[0].status, status);
      client.sendEnd();
      assert.equal(await connection.closed, "protocol_error");
    });
  }

  for (const leave of ["reset", "sendEnd"] as const) {
    test(`a client that leaves before the end fails the reader that waits (${way}, ${leave})`, async () => {
      let told: unknown;
      const { client } = connect({
        onError: () => {},
        ...reading(way, async (body) => {
          try {
            return await textOf(body);
          } catch (error) {
            told = error;
            throw error;
          }
        }),
      });
      client.send(head(10) + "part");
      await quiet();
      client[leave]();
      await quiet();
      const cause = causeOf(told);
      assert.ok(cause instanceof ConnectionError, `a ConnectionError, not ${cause}`);
      assert.equal(cause.code, "peer_gone");
    });
  }
}

// chunks() by itself.

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

// Trailers.

const WITH_TRAILERS = head("chunked") + chunk("body") + "0\r\nX-Sum: 42\r\nx-more: a\r\nX-More: b\r\n\r\n";

test("x.trailers() gives the trailers once the body was read, and none before", async () => {
  const seen: unknown[] = [];
  const { client, errors } = connect({
    async exchange(x) {
      seen.push([...x.trailers()]);
      await x.text();
      seen.push([...x.trailers()]);
      x.respond(200);
    },
  });
  client.send(WITH_TRAILERS.slice(0, -10));
  await settled();
  client.send(WITH_TRAILERS.slice(-10) + post("none"));
  await quiet();
  assert.deepEqual(errors, []);
  assert.deepEqual(seen, [[], [["x-sum", "42"], ["x-more", "a"], ["x-more", "b"]], [], []]);
});

test("info.trailers gives the trailers once the body was read, whoever looked before, and after the response", async () => {
  let info!: FetchInfo;
  const { client, errors } = connect({
    async fetch(request, given) {
      info = given;
      assert.deepEqual([...info.trailers], []);
      await request.text();
      return new Response(info.trailers.get("x-sum"));
    },
  });
  client.send(WITH_TRAILERS);
  await quiet();
  assert.deepEqual(errors, []);
  assert.equal(parseResponses(client.text())[0].body, "42");
});

test("info.trailers outlive the exchange, and are not those of a later request", async () => {
  const infos: FetchInfo[] = [];
  const { client } = connect({
    async fetch(request, info) {
      infos.push(info);
      return new Response(await request.text());
    },
  });
  client.send(WITH_TRAILERS + WITH_TRAILERS.replace("42", "43"));
  await quiet();
  client.send(get());
  await quiet();
  assert.deepEqual(infos.map(({ trailers }) => trailers.get("x-sum")), ["42", "43", null]);
  assert.equal(infos[0].trailers.get("x-more"), "a, b");
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

test("a body that is read after its response is complete is refused, and costs its client nothing", async () => {
  for (const read of ["bytes", "stream", "pieces"] as const) {
    const outcomes: unknown[] = [];
    const refused: unknown[] = [];
    const { client, connection } = connect({
      drainBody: { bytes: 2_048 },
      onRefused: (error) => void refused.push(error),
      async exchange(x) {
        await null;
        x.respond(200);
        try {
          if (read === "bytes") await x.bytes();
          else if (read === "stream") await x.stream().getReader().read();
          else await x.chunks().next();
        } catch (error) {
          outcomes.push(error);
        }
      },
    });
    client.send("POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n");
    await settled();
    client.send(`1388\r\n${"a".repeat(5_000)}\r\n0\r\n\r\n`);
    await settled();
    assert.ok(outcomes[0] instanceof ExchangeError, `${read}: ${outcomes[0]}`);
    client.sendEnd();
    assert.equal(await connection.closed, "unread_body");
    assert.deepEqual(refused, []);
  }
});

for (const way of WAYS) {
  test(`the rest of a chunked body that was left in the middle is discarded in budget alone (${way})`, async () => {
    const handlers = reading(way, async (body) => {
      for await (const piece of body) return `${piece.length} bytes`;
      return "none";
    });
    const site = connect({ ...handlers, drainBody: { bytes: 100 } });
    site.client.send(head("chunked") + chunk("a"));
    await quiet();
    assertBodies(site, "1 bytes");
    site.client.send(chunk("b".repeat(99)));
    assert.equal(site.connection.state, "active");
    site.client.send(chunk("cc"));
    assert.equal(site.connection.state, "draining");
    site.client.sendEnd();
    assert.equal(await site.connection.closed, "unread_body");
  });
}
