/**
 * Connections that are handed over to another protocol by each kind of handler: every byte after the head, both
 * ways and in order.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Upgraded } from "../../src/api/exchange.ts";
import { connect, get, parseResponses, post, settled } from "../support/memory.ts";
import { ASK, encode, readText, SWITCHED, switched, upgrading, WAYS } from "../support/upgrades.ts";

for (const way of WAYS) {
  test(`upgrade() answers 101, and gives every byte after the head (${way})`, async () => {
    const after = "first\r\n\r\nGET / HTTP/1.1\r\n\r\n";
    const wire = ASK + after + "more";
    for (
      const cut of [ASK.length, ASK.length + 1, ASK.length - 1, ASK.length + after.length, wire.length, 0]
    ) {
      let upgraded: Upgraded | undefined;
      const { client, errors, connection, server } = connect(upgrading(way, (given) => upgraded = given));
      const pieces = cut === 0 ? [...wire] : [wire.slice(0, cut), wire.slice(cut)];
      for (const piece of pieces) client.send(piece);
      await settled();
      assert.equal(client.text(), SWITCHED);
      assert.equal(connection.state, "upgraded");
      assert.equal(server.stats().upgraded, 1);
      const reader = upgraded!.readable.getReader();
      assert.equal(await readText(reader, wire.length - ASK.length), after + "more");
      const writer = upgraded!.writable.getWriter();
      await writer.write(encode("back"));
      await settled();
      assert.equal(client.text(), SWITCHED + "back");
      assert.deepEqual(errors, []);
      connection.close();
      await Promise.all([reader.closed, writer.closed].map((closed) => closed.catch(() => {})));
    }
  });

  test(`upgrade() answers 200 to CONNECT, without any framing (${way})`, async () => {
    let upgraded: Upgraded | undefined;
    const { client, connection } = connect(
      upgrading(way, (given) => upgraded = given, { fields: { "x-via": "here" } }),
    );
    client.send("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n\x16\x03\x01");
    await settled();
    assert.match(client.text(), /^HTTP\/1\.1 200 OK\r\nx-via: here\r\ndate: [^\r]+\r\n\r\n$/);
    assert.equal(await readText(upgraded!.readable.getReader(), 3), "\x16\x03\x01");
    connection.close();
  });

  test(`an Upgrade that is answered as any request keeps the connection (${way})`, async () => {
    const { client } = connect(
      way.endsWith("exchange")
        ? { exchange: (x) => x.respond(200, {}, x.target) }
        : { fetch: (request) => new Response(new URL(request.url).pathname) },
    );
    client.send(ASK + get("/next"));
    await settled();
    await settled();
    const responses = parseResponses(client.text());
    assert.deepEqual(responses.map(({ status, body }) => [status, body]), [[200, "/chat"], [200, "/next"]]);
  });

  test(`requests before the one that upgrades are answered before it (${way})`, async () => {
    let upgraded: Upgraded | undefined;
    const { client, connection } = connect(upgrading(way, (given) => upgraded = given));
    client.send(get("/1") + post("body", "/2") + ASK + "tail");
    for (let i = 0; i < 5; i++) await settled();
    const text = client.text();
    const at = text.indexOf(SWITCHED);
    assert.equal(at + SWITCHED.length, text.length);
    assert.deepEqual(parseResponses(text.slice(0, at)).map(({ body }) => body), ["/1", "/2"]);
    assert.equal(connection.requests, 3);
    assert.equal(await readText(upgraded!.readable.getReader(), 4), "tail");
    connection.close();
  });

  test(`upgrade({ silent: true }) sends nothing, whatever the request asks for (${way})`, async () => {
    let upgraded: Upgraded | undefined;
    const use = (given: Upgraded): void => void (upgraded = given);
    const { client, connection } = connect(
      way.endsWith("exchange")
        ? { exchange: async (x) => (await null, use(x.upgrade({ silent: true }))) }
        : { fetch: (_, info) => (use(info.upgrade({ silent: true })), new Response("dropped")) },
    );
    client.send(get() + "tail");
    await settled();
    assert.equal(client.text(), "");
    assert.equal(connection.state, "upgraded");
    await upgraded!.writable.getWriter().write(encode("HTTP/1.1 101 My Own\r\n\r\n"));
    await settled();
    assert.equal(client.text(), "HTTP/1.1 101 My Own\r\n\r\n");
    assert.equal(await readText(upgraded!.readable.getReader(), 4), "tail");
    connection.close();
  });
}

for (const way of WAYS) {
  test(`a handler that fails after upgrade() is told of, and the streams are their owner's (${way})`, async () => {
    let upgraded: Upgraded | undefined;
    const { client, errors, connection } = connect(upgrading(way, (given) => {
      upgraded = given;
      throw new Error("after it");
    }));
    client.send(ASK);
    await settled();
    assert.deepEqual(errors.map((error) => (error as Error).message), ["after it"]);
    assert.equal(client.text(), SWITCHED);
    assert.equal(connection.state, "upgraded");
    await upgraded!.writable.getWriter().write(encode("still"));
    await settled();
    assert.equal(client.text(), SWITCHED + "still");
    connection.close();
  });
}

test("a fetch handler may return anything after upgrade()", async () => {
  for (const returned of [undefined, new Response("dropped"), "text"]) {
    const { client, errors, connection } = connect({
      fetch(_, info) {
        info.upgrade();
        return returned as Response;
      },
    });
    client.send(ASK);
    await settled();
    assert.deepEqual(errors, []);
    assert.equal(client.text(), SWITCHED);
    connection.close();
  }
});

test("a transport without a socket of its own has none to give away", async () => {
  const { upgraded, client, connection } = await switched({}, "tail");
  assert.equal(upgraded.socket, undefined);
  assert.equal(await readText(upgraded.readable.getReader(), 4), "tail", "and asking for it takes nothing");
  assert.equal(client.closed, false);
  connection.close();
});
