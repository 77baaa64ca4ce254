/** What `upgrade()` answers, and what it refuses. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionError, ExchangeError } from "../../src/api/errors.ts";
import type { UpgradeOptions } from "../../src/api/exchange.ts";
import type { FetchInfo } from "../../src/api/fetch.ts";
import { connect, get, parseResponses, post, settled } from "../support/memory.ts";
import { ASK, rejection, SWITCHED } from "../support/upgrades.ts";

/** What the client gets where the request is upgraded like this. */
function answered(request: string, options?: UpgradeOptions): string {
  const { client, connection, errors } = connect({ exchange: (x) => void x.upgrade(options) });
  client.send(request);
  connection.close();
  if (errors.length > 0) throw errors[0];
  return client.text();
}

test("upgrade() sends the protocol and the fields that it is told, each once", () => {
  assert.equal(
    answered(ASK, { protocol: "Other", fields: { "Sec-Answer": "42", "x-many": ["1", "2"] } }),
    "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: Other\r\n" +
      "Sec-Answer: 42\r\nx-many: 1\r\nx-many: 2\r\n\r\n",
  );
  const fields = { Connection: "Upgrade", Upgrade: "echo/2", "transfer-encoding": "chunked" };
  assert.equal(answered(ASK, { fields }), SWITCHED);
  assert.equal(answered(ASK, { fields: new Headers([["upgrade", "other"]]) }), SWITCHED);
});

test("upgrade() refuses fields and protocols that cannot travel, before a byte is sent", () => {
  const wrong: [UpgradeOptions, new (...args: never[]) => Error][] = [
    [{ fields: { "x-a": "b\r\nc: d" } }, TypeError],
    [{ fields: { "x a": "b" } }, TypeError],
    [{ fields: { "content-length": 0 } }, TypeError],
    [{ protocol: "echo/2\r\nx-a: b" }, ExchangeError],
    [{ protocol: "another" }, ExchangeError], // RFC 9110 §7.8: only what the client offers
    [{ protocol: "" }, ExchangeError],
  ];
  for (const [options, type] of wrong) {
    const { client, errors } = connect({
      exchange(x) {
        assert.throws(() => x.upgrade(options), type);
        x.respond(400, {}, "otherwise");
      },
    });
    client.send(ASK);
    assert.deepEqual(errors, []);
    assert.equal(parseResponses(client.text())[0].body, "otherwise", JSON.stringify(options));
  }
});

test("upgrade() refuses requests that ask for none", () => {
  const requests = [
    get(),
    get("/", "Upgrade: echo"), // without Connection it is meant for somebody before us
    get("/", "Connection: upgrade"),
    get("/", "Connection: upgrade", "Upgrade: "),
    get("/", "Connection: upgrade", "Upgrade: , ,"),
    get("/", "Connection: x-upgrade", "Upgrade: echo"),
    ASK.replace("HTTP/1.1", "HTTP/1.0"),
  ];
  for (const request of requests) {
    const { client, errors } = connect({
      exchange(x) {
        assert.throws(() => x.upgrade(), ExchangeError);
        x.respond(426, { upgrade: "echo" });
      },
    });
    client.send(request);
    assert.deepEqual(errors, [], request);
    assert.match(client.text(), /^HTTP\/1\.1 426 [^]*upgrade: echo\r\n/);
  }
});

test("upgrade() tells what it was called too early for, or too late", async () => {
  const { client, errors, connection } = connect({
    async exchange(x) {
      if (x.target === "/body") {
        assert.throws(() => x.upgrade(), /body/);
        await x.text();
        x.upgrade();
        assert.throws(() => x.upgrade(), ExchangeError);
        assert.throws(() => x.respond(200), ExchangeError);
        assert.throws(() => x.interim(102), ExchangeError);
      } else if (x.target === "/started") {
        x.start(200);
        assert.throws(() => x.upgrade(), ExchangeError);
        x.end();
      } else {
        x.respond(200);
        assert.throws(() => x.upgrade(), ExchangeError);
      }
    },
  });
  const ask = ["Connection: upgrade", "Upgrade: echo"];
  client.send(get("/started", ...ask) + get("/answered", ...ask) + post("body", "/body", ...ask));
  for (let i = 0; i < 3; i++) await settled();
  assert.deepEqual(errors, []);
  assert.match(client.text(), /101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n$/);
  assert.equal(connection.state, "upgraded");
  connection.close();
});

test("info.upgrade() tells what it was called too late for", async () => {
  let info: FetchInfo | undefined;
  const { client, connection } = connect({
    fetch(request, given) {
      info = given;
      if (!request.headers.has("upgrade")) return new Response("no");
      const { response } = given.upgrade();
      assert.throws(() => given.upgrade(), ExchangeError);
      return response;
    },
  });
  client.send(get());
  await settled();
  assert.throws(() => info!.upgrade(), ExchangeError);
  client.send(ASK);
  await settled();
  await info!.completed;
  assert.throws(() => info!.upgrade(), ExchangeError);
  assert.equal(connection.state, "upgraded");
  connection.close();
});

test("upgrade() of a client that is gone says so", async () => {
  let failure: unknown;
  let go!: () => void;
  const gate = new Promise<void>((resolve) => go = resolve);
  const { client, connection } = connect({
    async exchange(x) {
      await gate;
      failure = await rejection(Promise.resolve().then(() => x.upgrade()));
    },
  });
  client.send(ASK);
  client.reset();
  go();
  await settled();
  assert.ok(failure instanceof ConnectionError, `a ConnectionError, not ${failure}`);
  assert.equal(await connection.closed, "client_gone");
});
