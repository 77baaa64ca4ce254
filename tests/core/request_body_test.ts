/**
 * Request bodies through both kinds of handler: no faster than they are read, in bounds, and told how they end.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionError, ExchangeError, ProtocolError } from "../../src/api/errors.ts";
import { causeOf } from "../support/abort_cause.ts";
import { connect, parseResponses, post, settled } from "../support/memory.ts";
import { assertBodies, chunk, head, quiet, reading, textOf, WAYS } from "../support/request_bodies.ts";

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

test("a sink that closes the connection with the last piece throws nothing into the engine", async () => {
  let piped: Promise<void> | undefined;
  const { client, connection, errors } = connect({
    fetch(request, { connection }) {
      piped = request.body!.pipeTo(new WritableStream({ write: () => connection.close() }));
      return piped.then(() => new Response("piped"));
    },
  });
  client.send(head(4));
  await quiet();
  client.send("body");
  await piped!.catch(() => {}); // some platforms call the sink before the body has ended, some later
  assert.equal(await connection.closed, "forced");
  assert.deepEqual(errors, []);
});
