/**
 * Connections that are handed over to another protocol: every byte after the head, both ways and in order, with
 * backpressure; their ends; and what is refused.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CloseReason, ConnectionState } from "../../src/api/transport.ts";
import { ConnectionError, ExchangeError } from "../../src/api/errors.ts";
import type { Exchange, Upgraded, UpgradeOptions } from "../../src/api/exchange.ts";
import type { ConnectionOptions, FetchInfo } from "../../src/api/options.ts";
import { connect, type Connected, get, parseResponses, post, settled } from "../support/memory.ts";

const ASK = get("/chat", "Connection: keep-alive, Upgrade", "Upgrade: echo/2, other");
const SWITCHED = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo/2\r\n\r\n";

const WAYS = ["exchange", "async exchange", "fetch", "async fetch"] as const;

/** A handler of this kind that upgrades what asks for it, gives it to `use`, and answers everything else. */
function upgrading(
  way: typeof WAYS[number],
  use: (upgraded: Upgraded) => void,
  options?: UpgradeOptions,
): ConnectionOptions {
  const exchange = (x: Exchange): void => {
    if (x.header("upgrade") === null && x.method !== "CONNECT") x.respond(200, {}, x.target);
    else use(x.upgrade(options));
  };
  const fetch = (request: Request, info: FetchInfo): Response => {
    if (!request.headers.has("upgrade") && request.method !== "CONNECT") {
      return new Response(new URL(request.url).pathname);
    }
    const upgraded = info.upgrade(options);
    use(upgraded);
    return upgraded.response;
  };
  switch (way) {
    case "exchange":
      return { exchange };
    case "async exchange":
      return { exchange: async (x) => exchange((await null, x)) };
    case "fetch":
      return { fetch };
    case "async fetch":
      return { fetch: async (request, info) => fetch((await null, request), info) };
  }
}

/** A connection that was handed over. */
interface Switched extends Connected {
  readonly upgraded: Upgraded;
  readonly states: ConnectionState[];
  /** What the client got behind the head. */
  got(): string;
}

async function switched(options: Partial<ConnectionOptions> = {}, after = ""): Promise<Switched> {
  let upgraded: Upgraded | undefined;
  const states: ConnectionState[] = [];
  const connected = connect({
    ...upgrading("exchange", (given) => upgraded = given),
    onStateChange: (_, state) => states.push(state),
    ...options,
  });
  connected.client.send(ASK + after);
  await settled();
  assert.ok(upgraded !== undefined && connected.client.text().startsWith(SWITCHED));
  const got = (): string => connected.client.text().slice(SWITCHED.length);
  return { ...connected, upgraded, states, got };
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

/** Reads until `length` bytes have come. */
async function readText(reader: ReadableStreamDefaultReader<Uint8Array>, length: number): Promise<string> {
  let text = "";
  while (text.length < length) {
    const { done, value } = await reader.read();
    assert.equal(done, false, `the end came after ${JSON.stringify(text)}`);
    text += decode(value);
  }
  return text;
}

/** What a promise rejects with. */
async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  assert.fail("it does not reject");
}

async function assertEnd(connected: Connected, reason: CloseReason): Promise<void> {
  assert.equal(connected.connection.state, "closed");
  assert.equal(await connected.connection.closed, reason);
  assert.equal(connected.server.stats().closed[reason], 1);
  assert.equal(connected.server.stats().upgraded, 0);
  assert.equal(connected.clock.timers, 0, "no timer is left");
}

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

// What is sent.

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

// Backpressure.

test("what nobody reads of an upgraded connection holds its client back", async () => {
  const { client, upgraded, connection } = await switched({ highWaterMark: 1000 });
  for (let i = 0; i < 10 && !client.paused; i++) client.send(`${i}`.repeat(400));
  assert.equal(client.paused, true);
  await settled();
  assert.equal(client.paused, true, "nothing is taken before it is read");
  const reader = upgraded.readable.getReader();
  assert.equal(await readText(reader, 1200), "0".repeat(400) + "1".repeat(400) + "2".repeat(400));
  assert.equal(client.paused, false);
  connection.close();
});

test("a client that reads nothing holds the writer of an upgraded connection back", async () => {
  const { client, upgraded, connection, got } = await switched();
  client.takesWrites = false;
  const writer = upgraded.writable.getWriter();
  let written = 0;
  const writing = (async () => {
    for (let i = 0; i < 100; i++) {
      await writer.ready;
      await writer.write(new Uint8Array(20_000).fill(97));
      written += 20_000;
    }
  })();
  await settled();
  assert.ok(written <= 200_000, `${written} bytes were written to a client that takes none`);
  for (let i = 0; i < 200 && written < 2_000_000; i++) {
    client.drain();
    await settled();
  }
  await writing;
  await settled();
  assert.equal(got().length, 2_000_000);
  connection.close();
});

test("large bytes are handed over uncopied on an upgraded connection", async () => {
  const { client, upgraded, connection } = await switched();
  client.takesWrites = false;
  const large = new Uint8Array(100_000).fill(97);
  const writer = upgraded.writable.getWriter();
  writer.write(large);
  await settled();
  assert.equal(client.written.at(-1)!.buffer, large.buffer);
  client.drain();
  connection.close();
  await writer.closed.catch(() => {});
});

test("an upgraded connection takes bytes only", async () => {
  const { upgraded } = await switched();
  const writer = upgraded.writable.getWriter();
  assert.ok(await rejection(writer.write("text" as unknown as Uint8Array)) instanceof TypeError);
  await rejection(writer.closed);
});

// Ends.

test("an upgraded connection is over when both sides have ended, the client first", async () => {
  const connected = await switched({}, "last words");
  const { client, upgraded, states, got } = connected;
  client.sendEnd();
  assert.equal(connected.connection.state, "upgraded");
  const reader = upgraded.readable.getReader();
  assert.equal(await readText(reader, 10), "last words");
  assert.equal((await reader.read()).done, true);
  const writer = upgraded.writable.getWriter();
  await writer.write(encode("an answer"));
  await settled();
  assert.equal(client.closed, false);
  await writer.close();
  assert.equal(got(), "an answer");
  assert.deepEqual([client.ended, client.closed, client.wasReset], [true, true, false]);
  assert.deepEqual(states, ["new", "active", "upgraded", "closed"]);
  await assertEnd(connected, "upgraded");
});

test("an upgraded connection is over when both sides have ended, the server first", async () => {
  const connected = await switched();
  const { client, upgraded } = connected;
  await upgraded.writable.getWriter().close();
  assert.deepEqual([client.ended, client.closed], [true, false]);
  client.send("one more");
  client.sendEnd();
  assert.equal(client.closed, false, "somebody may still read what came");
  const reader = upgraded.readable.getReader();
  assert.equal(await readText(reader, 8), "one more");
  assert.equal((await reader.read()).done, true);
  await settled();
  assert.deepEqual([client.closed, client.wasReset], [true, false]);
  await assertEnd(connected, "upgraded");
});

test("what came before both sides of an upgraded connection ended can be read after its socket is gone", async () => {
  const connected = await switched();
  const { client, upgraded, connection } = connected;
  await upgraded.writable.getWriter().close();
  client.send("unread");
  client.sendEnd();
  client.reset(); // a transport tells so also after two good ends
  assert.equal(connection.state, "closed", "nobody can hold it any more");
  const reader = upgraded.readable.getReader();
  assert.equal(await readText(reader, 6), "unread");
  assert.equal((await reader.read()).done, true);
  assert.equal(await connection.closed, "upgraded");
});

test("an upgraded connection ends only when all that was written is sent", async () => {
  const connected = await switched();
  const { client, upgraded } = connected;
  client.sendEnd();
  client.takesWrites = false;
  const writer = upgraded.writable.getWriter();
  const written = writer.write(encode("slow"));
  const closed = writer.close();
  await settled();
  assert.equal(client.closed, false);
  client.drain();
  await Promise.all([written, closed]);
  await settled();
  assert.equal(client.closed, true);
  await assertEnd(connected, "upgraded");
});

test("a client that half-closed before the upgrade gets its answer all the same", async () => {
  let x: Exchange | undefined;
  const { client, connection } = connect({ exchange: (given) => void (x = given) });
  client.send(ASK + "tail");
  client.sendEnd();
  const { readable, writable } = x!.upgrade();
  const reader = readable.getReader();
  assert.equal(await readText(reader, 4), "tail");
  assert.equal((await reader.read()).done, true);
  const writer = writable.getWriter();
  writer.write(encode("bye"));
  await writer.close();
  assert.equal(client.text(), SWITCHED + "bye");
  assert.equal(await connection.closed, "upgraded");
});

test("whoever cancels the readable of an upgraded connection drops what comes", async () => {
  const connected = await switched({ highWaterMark: 1000 }, "x".repeat(2000));
  const { client, upgraded, clock } = connected;
  assert.equal(client.paused, true);
  await upgraded.readable.cancel();
  assert.equal(client.paused, false);
  for (let i = 0; i < 10; i++) client.send("y".repeat(1000));
  assert.equal(client.paused, false);
  const writer = upgraded.writable.getWriter();
  await writer.write(encode("bye"));
  await writer.close();
  // As in any lingering close, the client may still be reading that.
  assert.deepEqual([client.ended, client.closed], [true, false]);
  client.send("still sending");
  clock.advance(4_000);
  assert.equal(client.closed, false);
  clock.advance(2_000);
  assert.equal(client.closed, true);
  assert.equal(client.wasReset, false);
  await assertEnd(connected, "upgraded");
});

test("an upgraded connection that nobody reads any more is over when its client ends too", async () => {
  const connected = await switched();
  await connected.upgraded.readable.cancel();
  await connected.upgraded.writable.getWriter().close();
  connected.client.sendEnd();
  assert.equal(connected.client.closed, true);
  await assertEnd(connected, "upgraded");
});

test("lingerTimeout: 0 closes an upgraded connection that nobody reads any more at once", async () => {
  const connected = await switched({ lingerTimeout: 0 });
  await connected.upgraded.readable.cancel();
  await connected.upgraded.writable.getWriter().close();
  assert.equal(connected.client.closed, true);
  await assertEnd(connected, "upgraded");
});

test("aborting the writable of an upgraded connection resets it, also while a write waits", async () => {
  for (const waits of [false, true]) {
    const connected = await switched();
    const { client, upgraded } = connected;
    const reader = upgraded.readable.getReader();
    const writer = upgraded.writable.getWriter();
    client.takesWrites = !waits;
    const written = writer.write(new Uint8Array(100_000)).catch(() => {});
    await settled();
    const reason = new Error("enough");
    const aborted = writer.abort(reason);
    assert.equal(await rejection(reader.read()), reason);
    assert.deepEqual([client.closed, client.wasReset], [true, true], `a write waits: ${waits}`);
    await Promise.allSettled([aborted, written, writer.closed]);
    await assertEnd(connected, "upgraded");
  }
});

test("a client that breaks an upgraded connection fails both streams", async () => {
  const connected = await switched();
  const { client, upgraded } = connected;
  client.takesWrites = false;
  const read = rejection(upgraded.readable.getReader().read());
  const writer = upgraded.writable.getWriter();
  const write = rejection(writer.write(new Uint8Array(100_000)));
  const closed = rejection(writer.closed);
  await settled();
  client.reset(new Error("ECONNRESET"));
  for (const error of [await read, await write, await closed]) {
    assert.ok(error instanceof ConnectionError, `a ConnectionError, not ${error}`);
    assert.equal(error.code, "peer_gone");
  }
  await assertEnd(connected, "upgraded");
});

test("close() cuts an upgraded connection off, as forced", async () => {
  const connected = await switched();
  const { client, upgraded, server } = connected;
  const read = rejection(upgraded.readable.getReader().read());
  const closed = rejection(upgraded.writable.getWriter().closed);
  await server.close();
  for (const error of [await read, await closed]) assert.equal((error as ConnectionError).code, "closed");
  assert.equal(client.closed, true);
  await assertEnd(connected, "forced");
});

test("shutdown() waits for upgraded connections, and cuts them off at its deadline", async () => {
  const good = await switched();
  const finishing = good.server.shutdown({ timeout: 10_000, idleGrace: 0 });
  good.clock.advance(9_000);
  await settled();
  assert.equal(good.connection.state, "upgraded");
  assert.equal(good.server.stats().upgraded, 1);
  await good.upgraded.writable.getWriter().close();
  good.client.sendEnd();
  assert.equal((await good.upgraded.readable.getReader().read()).done, true);
  assert.deepEqual(await finishing, { finished: 1, idleClosed: 0, forced: 0, closed: { upgraded: 1 } });

  const bad = await switched();
  const forcing = bad.server.shutdown({ timeout: 10_000, idleGrace: 0 });
  bad.clock.advance(10_000);
  assert.deepEqual(await forcing, { finished: 0, idleClosed: 0, forced: 1, closed: { forced: 1 } });
  assert.ok(await rejection(bad.upgraded.readable.getReader().read()) instanceof ConnectionError);
});

// Times.

test("no time holds for an upgraded connection that is silent", async () => {
  const { connection, clock, client, upgraded } = await switched({
    idleTimeout: 1_000,
    headerTimeout: 1_000,
    requestTimeout: 1_000,
    maxAge: 1_000,
  });
  clock.advance(3_600_000);
  assert.equal(connection.state, "upgraded");
  client.send("late");
  assert.equal(await readText(upgraded.readable.getReader(), 4), "late");
  assert.equal(clock.timers, 0);
  connection.close();
});

test("writeTimeout holds for an upgraded connection, and only while its client takes nothing", async () => {
  const connected = await switched({ writeTimeout: 10_000 });
  const { client, upgraded, clock, connection } = connected;
  client.takesWrites = false;
  const writer = upgraded.writable.getWriter();
  const written = writer.write(new Uint8Array(100_000));
  await settled();
  clock.advance(9_000);
  client.take(1000);
  clock.advance(9_000);
  assert.equal(connection.state, "upgraded");
  const failure = rejection(written);
  const closed = rejection(writer.closed);
  clock.advance(20_000);
  assert.deepEqual([client.closed, client.wasReset], [true, true]);
  for (const error of [await failure, await closed]) assert.equal((error as ConnectionError).code, "timeout");
  await assertEnd(connected, "write_timeout");
});

test("an upgraded connection is not evicted, and not idle", async () => {
  const { server, connection } = await switched();
  assert.deepEqual(server.connections().map(({ state, idleTimeLeft }) => [state, idleTimeLeft]), [
    ["upgraded", null],
  ]);
  const { active, idle, upgraded } = server.stats();
  assert.deepEqual([active, idle, upgraded], [0, 0, 1]);
  connection.close();
});

test("a transport without a socket of its own has none to give away", async () => {
  const { upgraded, client, connection } = await switched({}, "tail");
  assert.equal(upgraded.socket, undefined);
  assert.equal(await readText(upgraded.readable.getReader(), 4), "tail", "and asking for it takes nothing");
  assert.equal(client.closed, false);
  connection.close();
});
