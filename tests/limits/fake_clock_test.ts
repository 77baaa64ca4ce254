/**
 * Every limit on a clock that the tests move, from both sides: a little less and nothing happens, and what
 * happens at the limit; whom the engine tells, and what; and that 0 switches it off.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FastResponse } from "../../mod.ts";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import type { Addr, CloseReason } from "../../src/conn.ts";
import type { HttpConnection } from "../../src/connection/connection.ts";
import { TICK } from "../../src/connection/deadlines.ts";
import { ConnectionError, ExchangeError, ProtocolError } from "../../src/errors.ts";
import type { Exchange } from "../../src/exchange.ts";
import type { ConnectionOptions, FetchInfo, ServeOptions, Timeouts } from "../../src/options.ts";
import { HttpServer } from "../../src/server/http_server.ts";
import { startServer } from "../../src/server/start.ts";
import { serveSettings } from "../../src/settings.ts";
import { causeOf } from "../support/abort_cause.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { connect, get, type ParsedResponse, parseResponses, post, settled } from "../support/memory.ts";
import { LimitTests } from "./rows.ts";

const limits = new LimitTests();
const limit = limits.test.bind(limits);

/** How much later than its time a deadline may strike: a tick, and for a moment the sockets are heard first. */
const LATE = TICK + 50;
/** Longer than any limit in a test. */
const LONG = 10 ** 8;

/** Answers at once, but "/pending" never. */
const ok = (x: Exchange): void => x.target === "/pending" ? undefined : x.respond(200);
const echo = async (x: Exchange): Promise<void> => x.respond(200, {}, await x.text());

function statuses(client: MemoryTransport): number[] {
  return parseResponses(client.text()).map(({ status }) => status);
}

/** The last response that came, and how it wants the connection to go on. */
function last(client: MemoryTransport): ParsedResponse & { connection?: string; hint?: string } {
  const response = parseResponses(client.text()).at(-1)!;
  const field = (name: string): string => response.headers.get(name)!;
  return { ...response, connection: field("connection"), hint: field("keep-alive") };
}

/** Fails unless the connection has said its last, and ends for this reason once the client ends too. */
async function assertEnds(
  { client, connection }: { client: MemoryTransport; connection: HttpConnection },
  reason: CloseReason,
): Promise<void> {
  assert.ok(client.ended || client.closed, `it is ${connection.state}, and has not ended`);
  client.sendEnd();
  assert.equal(await connection.closed, reason);
}

/** A chunked request, all but its end. */
function chunked(...chunks: string[]): string {
  const body = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join("");
  return `POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n${body}`;
}
const LAST_CHUNK = "0\r\n\r\n";

/** The head of a request whose body has `length` bytes. */
function postHead(length: number, target = "/"): string {
  return `POST ${target} HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${length}\r\n\r\n`;
}

let lastPort = 40_000;

/** A client that comes from an IP address. */
class AddressedTransport extends MemoryTransport {
  override readonly remoteAddr: Addr;

  constructor(hostname: string) {
    super();
    this.remoteAddr = { transport: "tcp", hostname, port: ++lastPort };
  }
}

interface Visitor {
  readonly client: MemoryTransport;
  readonly connection: HttpConnection;
}

/** A server to which many come. */
class Place {
  readonly clock: FakeClock = new FakeClock();
  readonly server: HttpServer;

  constructor(options: ServeOptions) {
    this.server = new HttpServer(options, serveSettings(options), this.clock);
  }

  visit(client: MemoryTransport = new MemoryTransport()): Visitor {
    return { client, connection: this.server.accept(client) };
  }

  /** As many visitors as `count`; the times at which they come differ. */
  visits(count: number): Visitor[] {
    return Array.from({ length: count }, () => {
      this.clock.advance(1);
      return this.visit();
    });
  }

  /** As many, each of which has asked once. */
  guests(count: number): Visitor[] {
    return Array.from({ length: count }, () => {
      const visitor = this.visits(1)[0];
      visitor.client.send(get());
      return visitor;
    });
  }

  /** As many, each of which waits for its answer. */
  askers(count: number): Visitor[] {
    return Array.from({ length: count }, () => {
      const visitor = this.visits(1)[0];
      visitor.client.send(get("/pending"));
      return visitor;
    });
  }

  counts(): { accepted: number; rejected: number; evicted: number } {
    const { accepted, rejected, evicted } = this.server.stats();
    return { accepted, rejected, evicted };
  }
}

/** The two kinds of handler, which must be told the same. */
const KINDS = ["exchange", "fetch"] as const;
type Kind = typeof KINDS[number];

/** What handlers of either kind see. */
interface Asked {
  readonly target: string;
  readonly signal: AbortSignal;
  text(): Promise<string>;
  setTimeouts(timeouts: Timeouts): void;
}

/** A handler of this kind that answers 200 with what `answer` says. */
function handler(kind: Kind, answer: (asked: Asked) => Promise<string>): ConnectionOptions {
  if (kind === "exchange") return { exchange: async (x) => x.respond(200, {}, await answer(x)) };
  return {
    fetch: async (request, info) =>
      new Response(
        await answer({
          target: new URL(request.url).pathname,
          signal: request.signal,
          text: () => request.text(),
          setTimeouts: (timeouts) => info.setTimeouts(timeouts),
        }),
      ),
  };
}

/** A handler that reads the body to its end, and keeps what it is told. */
function reading(
  kind: Kind,
): { options: ConnectionOptions; told: { signal?: AbortSignal; reader?: unknown } } {
  const told: { signal?: AbortSignal; reader?: unknown } = {};
  const options = handler(kind, (asked) => {
    told.signal = asked.signal;
    const text = asked.text();
    text.catch((error) => told.reader = error);
    return text;
  });
  return { options: { ...options, onError: () => {} }, told };
}

function assertProtocolError(error: unknown, code: string, status: number): void {
  assert.ok(error instanceof ProtocolError, `a ProtocolError, not ${error}`);
  assert.deepEqual([error.code, error.status], [code, status]);
}

// keepAlive

limit("keepAlive: false closes after each response, also to HTTP/1.0", async () => {
  for (const request of [get(), "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"]) {
    const kept = connect({ exchange: ok, keepAlive: true });
    kept.client.send(request + request);
    assert.deepEqual([statuses(kept.client).length, last(kept.client).connection], [2, "keep-alive"]);
    assert.equal(kept.connection.state, "idle");
    const closing = connect({ exchange: ok, keepAlive: false });
    closing.client.send(request + request);
    assert.deepEqual([statuses(closing.client).length, last(closing.client).connection], [1, "close"]);
    assert.equal(last(closing.client).hint, undefined);
    await assertEnds(closing, "keep_alive_off");
  }
});

limit("keepAlive switched at run time counts from the next response on", async () => {
  const place = new Place({ exchange: ok, keepAlive: false });
  place.server.keepAlive = true;
  const { client, connection } = place.visit();
  client.send(get());
  assert.equal(last(client).connection, "keep-alive");
  place.server.keepAlive = false;
  assert.equal(connection.state, "idle", "what is idle was told that it may be");
  client.send(get() + get());
  assert.deepEqual([statuses(client).length, last(client).connection], [2, "close"]);
  await assertEnds({ client, connection }, "keep_alive_off");
});

limit("keepAliveHint: false tells no limit, and they hold all the same", async () => {
  const options = { exchange: ok, maxRequests: 3, idleTimeout: 5_000, idleTimeoutBuffer: 0 };
  const told = connect(options);
  const untold = connect({ ...options, keepAliveHint: false });
  for (const { client } of [told, untold]) client.send(get());
  assert.deepEqual([last(told.client).connection, last(told.client).hint], [
    "keep-alive",
    "timeout=5, max=2",
  ]);
  assert.deepEqual([last(untold.client).connection, last(untold.client).hint], [undefined, undefined]);
  untold.clock.advance(4_999);
  assert.equal(untold.connection.state, "idle");
  untold.clock.advance(1 + LATE);
  await assertEnds(untold, "idle_timeout");
  const busy = connect({ ...options, keepAliveHint: false });
  busy.client.send(get().repeat(4));
  assert.deepEqual(statuses(busy.client), [200, 200, 200]);
  await assertEnds(busy, "max_requests");
});

// idleTimeout

limit("idleTimeout, idleTimeoutBuffer: an idle connection is closed quietly, later than told", async () => {
  const idle = connect({ exchange: ok, idleTimeout: 10_000, idleTimeoutBuffer: 2_000 });
  const { client, connection, clock, server } = idle;
  client.send(get());
  assert.equal(last(client).hint, "timeout=10");
  clock.advance(11_999);
  assert.equal(server.connections()[0].idleTimeLeft, 1);
  client.send(get());
  assert.deepEqual(statuses(client), [200, 200], "what comes within the buffer is answered");
  clock.advance(11_999);
  assert.equal(connection.state, "idle", "each response begins its time anew");
  clock.advance(1 + LATE);
  assert.deepEqual(statuses(client), [200, 200], "no 408 to an idle connection");
  await assertEnds(idle, "idle_timeout");
});

limit("idleTimeoutBuffer: 0 closes when the client was told", async () => {
  const idle = connect({ exchange: ok, idleTimeout: 10_000, idleTimeoutBuffer: 0 });
  idle.client.send(get());
  idle.clock.advance(9_999);
  assert.equal(idle.connection.state, "idle");
  idle.clock.advance(1 + LATE);
  await assertEnds(idle, "idle_timeout");
});

limit("idleTimeout: 0 keeps idle connections for ever, and tells no time", () => {
  const { client, connection, clock, server } = connect({ exchange: ok, idleTimeout: 0 });
  client.send(get());
  assert.equal(last(client).hint, undefined);
  clock.advance(LONG);
  assert.equal(connection.state, "idle");
  assert.equal(server.connections()[0].idleTimeLeft, null);
});

limit("idleTimeout is told in whole seconds, and not at all below one", () => {
  for (const [idleTimeout, hint] of [[7_999, "timeout=7"], [1_000, "timeout=1"], [999, undefined]] as const) {
    const { client, connection, clock } = connect({ exchange: ok, idleTimeout, idleTimeoutBuffer: 0 });
    client.send(get());
    assert.equal(last(client).hint, hint);
    clock.advance(idleTimeout - 1);
    assert.equal(connection.state, "idle");
    clock.advance(1 + LATE);
    assert.equal(connection.state, "draining");
  }
});

test("a request that is found while the sockets are heard is answered", () => {
  const { client, clock } = connect({ exchange: ok, idleTimeout: 10_000, idleTimeoutBuffer: 0 });
  client.send(get());
  // Behind the timer that finds the connection late, and before the one that ends it.
  clock.schedule(() => client.send(get()), 10_000);
  clock.advance(10_000 + LATE);
  assert.deepEqual(statuses(client), [200, 200]);
});

test("a head that is found complete while the sockets are heard is answered", () => {
  const { client, clock } = connect({ exchange: ok, headerTimeout: 1_000 });
  client.send(get().slice(0, -1));
  clock.schedule(() => client.send(get().slice(-1)), 1_000);
  clock.advance(1_000 + LATE);
  assert.deepEqual(statuses(client), [200]);
});

// headerTimeout

limit("headerTimeout closes without an answer who never asks", async () => {
  const silent = connect({ exchange: ok, headerTimeout: 1_000 });
  silent.clock.advance(999);
  assert.equal(silent.client.ended, false);
  silent.clock.advance(1 + LATE);
  assert.equal(silent.client.text(), "");
  await assertEnds(silent, "header_timeout");
});

limit("headerTimeout counts from the accept on for the first head", async () => {
  const slow = connect({ exchange: ok, headerTimeout: 1_000 });
  slow.clock.advance(900);
  slow.client.send("GET / HT");
  slow.clock.advance(99);
  assert.deepEqual(statuses(slow.client), []);
  slow.clock.advance(1 + LATE);
  assert.deepEqual(statuses(slow.client), [408]);
  await assertEnds(slow, "header_timeout");
});

limit("headerTimeout answers a later head with 408, however it trickles", async () => {
  const slow = connect({ exchange: ok, headerTimeout: 1_000 });
  const { client, connection, clock } = slow;
  client.send(get());
  clock.advance(5_000);
  const head = get("/slow", "X-A: " + "a".repeat(100));
  for (let i = 0; i < 10; i++) {
    client.send(head[i]);
    clock.advance(i < 9 ? 100 : 99);
  }
  assert.equal(connection.state, "active");
  clock.advance(1 + LATE);
  assert.deepEqual(statuses(client), [200, 408]);
  assert.equal(last(client).connection, "close");
  await assertEnds(slow, "header_timeout");
});

limit("headerTimeout leaves alone a head that ends in its last moment", () => {
  const { client, clock } = connect({ exchange: ok, headerTimeout: 1_000 });
  for (let i = 0; i < 2; i++) {
    client.send(get().slice(0, 5));
    clock.advance(999);
    client.send(get().slice(5));
    clock.advance(999);
  }
  assert.deepEqual(statuses(client), [200, 200]);
});

limit("headerTimeout counts anew for each of pipelined heads", () => {
  for (const target of ["/now", "/later"]) {
    const { client, clock } = connect({
      headerTimeout: 1_000,
      exchange: (x) => x.target === "/now" ? ok(x) : settled().then(() => ok(x)),
    });
    const [begin, end] = [get(target).slice(0, 10), get(target).slice(10)];
    client.send(begin);
    // What ends a head begins the next, as where one segment follows the other: none of them is slow.
    for (let i = 0; i < 20; i++) {
      clock.advance(100);
      client.send(end + begin);
    }
    assert.equal(statuses(client).includes(408), false, `no head took longer than 100 ms (${target})`);
  }
});

limit("headerTimeout: 0 waits for every head", () => {
  const { client, clock } = connect({ exchange: ok, headerTimeout: 0, requestTimeout: 0 });
  for (const part of [get().slice(0, 5), get().slice(5) + "GET", get().slice(3)]) {
    clock.advance(LONG);
    client.send(part);
  }
  assert.deepEqual(statuses(client), [200, 200]);
});

limit("headerTimeout does not begin with empty lines behind a request", () => {
  const { client, connection, clock } = connect({ exchange: ok, headerTimeout: 1_000, idleTimeout: 5_000 });
  client.send(get() + "\r\n");
  clock.advance(2_000);
  assert.equal(connection.state, "idle");
  client.send(get());
  assert.deepEqual(statuses(client), [200, 200]);
});

// requestTimeout

for (const kind of KINDS) {
  limit(`requestTimeout answers 408, and tells reader and signal (${kind})`, async () => {
    const { options, told } = reading(kind);
    const slow = connect({ ...options, requestTimeout: 1_000, minBodyRate: 0 });
    slow.client.send(postHead(10));
    for (let i = 0; i < 9; i++) {
      slow.clock.advance(i < 8 ? 100 : 199);
      slow.client.send("x");
    }
    await settled();
    assert.deepEqual([statuses(slow.client), told.reader], [[], undefined]);
    slow.clock.advance(1 + LATE);
    await settled();
    assert.deepEqual([statuses(slow.client), last(slow.client).connection], [[408], "close"]);
    assertProtocolError(told.reader, "request_timeout", 408);
    assert.equal(told.signal!.reason.cause, told.reader);
    await assertEnds(slow, "request_timeout");
  });

  limit(`requestTimeout leaves alone a body that ends in its last moment (${kind})`, async () => {
    const { options, told } = reading(kind);
    const { client, clock } = connect({ ...options, requestTimeout: 1_000, minBodyRate: 0 });
    for (let i = 0; i < 2; i++) {
      client.send(post("slowly").slice(0, -1));
      clock.advance(999);
      client.send("y");
      await settled();
    }
    assert.deepEqual(statuses(client), [200, 200]);
    assert.equal(told.signal!.aborted, false);
  });
}

limit("requestTimeout counts from the first byte of the head", () => {
  const { client, clock } = connect({ exchange: echo, headerTimeout: 0, requestTimeout: 1_000 });
  client.send(post("slowly").slice(0, 10));
  clock.advance(800);
  client.send(post("slowly").slice(10, -3));
  clock.advance(199);
  assert.deepEqual(statuses(client), []);
  clock.advance(1 + LATE);
  assert.deepEqual(statuses(client), [408]);
});

limit("requestTimeout holds for the head too", async () => {
  const slow = connect({ exchange: ok, headerTimeout: 0, requestTimeout: 1_000 });
  slow.clock.advance(LONG);
  slow.client.send("GET / HT");
  slow.clock.advance(999);
  assert.equal(slow.client.text(), "");
  slow.clock.advance(1 + LATE);
  assert.deepEqual(statuses(slow.client), [408]);
  await assertEnds(slow, "request_timeout");
});

limit("requestTimeout counts anew for each of pipelined requests", () => {
  const { client, clock } = connect({ exchange: ok, requestTimeout: 1_000 });
  const [begin, end] = [get().slice(0, 10), get().slice(10)];
  client.send(begin);
  for (let i = 0; i < 20; i++) {
    clock.advance(100);
    client.send(end + begin);
  }
  assert.equal(statuses(client).includes(408), false, "no request took longer than 100 ms");
});

limit("requestTimeout is not the handler's time", async () => {
  const request = post("it is all here");
  for (const cut of [0, 10, request.length - 3]) {
    let x!: Exchange;
    const { client, clock } = connect({ exchange: (given) => void (x = given), requestTimeout: 1_000 });
    client.send(request.slice(0, cut));
    const early = cut > 10 ? x.text() : undefined;
    client.send(request.slice(cut));
    clock.advance(LONG);
    const text = await (early ?? x.text());
    clock.advance(LONG);
    x.respond(200, {}, text);
    await settled();
    assert.equal(last(client).body, "it is all here", `cut at ${cut}`);
  }
});

limit("requestTimeout passes only while the client is waited for", async () => {
  let reader!: ReadableStreamDefaultReader<Uint8Array>;
  const slow = connect({
    exchange: (x) => void (reader = x.stream().getReader()),
    requestTimeout: 1_000,
    minBodyRate: 0,
  });
  const { client, clock, connection } = slow;
  client.send(post("slowly").slice(0, -5));
  clock.advance(100_000);
  assert.equal((await reader.read()).value!.length, 1, "the handler did not ask");
  for (const byte of "low") {
    const read = reader.read();
    await settled();
    clock.advance(200);
    client.send(byte);
    assert.equal((await read).value!.length, 1);
    clock.advance(100_000);
    assert.equal(connection.state, "active", "the handler does not ask for more");
  }
  const told = reader.read().catch((error) => error);
  await settled();
  clock.advance(399);
  assert.equal(connection.state, "active", "400 of 1000 ms are left");
  clock.advance(1 + 3 * LATE);
  assertProtocolError(await told, "request_timeout", 408);
  await assertEnds(slow, "request_timeout");
});

limit("requestTimeout cuts off a response that has begun", async () => {
  const slow = connect({
    requestTimeout: 1_000,
    minBodyRate: 0,
    onError: () => {},
    async exchange(x) {
      x.start(200);
      x.write("part");
      await x.text();
      x.end();
    },
  });
  slow.client.send(post("slowly").slice(0, -3));
  slow.clock.advance(999);
  assert.equal(slow.client.closed, false);
  slow.clock.advance(1 + LATE);
  assert.equal(slow.client.closed, true);
  assert.match(slow.client.text(), /\r\n\r\n4\r\npart\r\n$/);
  await assertEnds(slow, "request_timeout");
});

limit("requestTimeout ends quietly what is read behind the response", async () => {
  const errors: unknown[] = [];
  const slow = connect({
    requestTimeout: 1_000,
    minBodyRate: 0,
    exchange(x) {
      x.text().catch((error) => errors.push(error));
      x.respond(202);
    },
  });
  slow.client.send(post("slowly").slice(0, -3));
  slow.clock.advance(999);
  await settled();
  assert.deepEqual(errors, []);
  slow.clock.advance(1 + LATE);
  await settled();
  assertProtocolError(errors[0], "request_timeout", 408);
  assert.deepEqual(statuses(slow.client), [202]);
  await assertEnds(slow, "request_timeout");
});

limit("requestTimeout: 0 waits for every body", async () => {
  const { client, clock } = connect({ exchange: echo, headerTimeout: 0, requestTimeout: 0, minBodyRate: 0 });
  for (const byte of post("hi")) {
    client.send(byte);
    clock.advance(10_000);
  }
  await settled();
  assert.equal(last(client).body, "hi");
});

// minBodyRate

const RATE = { bytesPerSecond: 1_000, grace: 1_000 };

for (const kind of KINDS) {
  limit(`minBodyRate.bytesPerSecond answers 408, and tells reader and signal (${kind})`, async () => {
    const { options, told } = reading(kind);
    const slow = connect({ ...options, minBodyRate: RATE });
    slow.client.send(postHead(10_000));
    for (let i = 0; i < 50; i++) {
      slow.clock.advance(100);
      slow.client.send("x".repeat(105));
    }
    await settled();
    assert.deepEqual([statuses(slow.client), told.reader], [[], undefined], "fast enough");
    // At half the rate, which makes the whole too slow within another half of that time.
    for (let i = 0; i < 10 && !slow.client.ended; i++) {
      slow.clock.advance(100);
      slow.client.send("x".repeat(50));
    }
    await settled();
    assert.deepEqual([statuses(slow.client), last(slow.client).connection], [[408], "close"]);
    assertProtocolError(told.reader, "body_too_slow", 408);
    assert.equal(told.signal!.reason.cause, told.reader);
    await assertEnds(slow, "slow_body");
  });
}

limit("minBodyRate.grace is over before anything is looked at", async () => {
  const silent = connect({ exchange: echo, minBodyRate: { bytesPerSecond: 1, grace: 3_000 } });
  silent.client.send(postHead(10));
  silent.clock.advance(2_999);
  assert.deepEqual(statuses(silent.client), []);
  silent.clock.advance(1 + LATE);
  assert.deepEqual(statuses(silent.client), [408]);
  await assertEnds(silent, "slow_body");
});

limit("minBodyRate.bytesPerSecond is that of the whole body: who was fast may stall", () => {
  const { client, clock } = connect({ exchange: echo, minBodyRate: RATE });
  client.send(postHead(100_000));
  client.send("x".repeat(50_000));
  clock.advance(49_000);
  assert.deepEqual(statuses(client), []);
  client.send("x".repeat(2_000));
  clock.advance(3_000);
  assert.deepEqual(statuses(client), [], "52 000 bytes in as many milliseconds");
  clock.advance(2 * LATE); // the time for which that is enough is looked at once it is over
  assert.deepEqual(statuses(client), [408]);
});

limit(
  "minBodyRate.grace, minBodyRate.bytesPerSecond: an upload on a bad line lasts, a trickle ends",
  async () => {
    const phone = connect({ exchange: echo });
    phone.client.send(postHead(1_500_000) + "x".repeat(1_000_000));
    phone.clock.advance(11_000);
    phone.client.send("x".repeat(200_000));
    phone.clock.advance(59_000);
    phone.client.send("x".repeat(300_000));
    await settled();
    assert.deepEqual(statuses(phone.client), [200], "it stalled twice");
    const slow = connect({ exchange: echo });
    slow.client.send(postHead(20_000));
    for (let i = 0; i < 59; i++) {
      slow.clock.advance(1_000);
      slow.client.send("x".repeat(230));
    }
    assert.deepEqual(statuses(slow.client), []);
    slow.clock.advance(1_000 + LATE);
    assert.deepEqual(statuses(slow.client), [408]);
    await assertEnds(slow, "slow_body");
  },
);

limit("minBodyRate.bytesPerSecond counts content, not framing", () => {
  for (const [content, status] of [["x".repeat(1_500), []], ["x", [408]]] as const) {
    const { client, clock } = connect({ exchange: echo, minBodyRate: RATE });
    client.send(chunked());
    clock.advance(500);
    const size = content.length.toString(16);
    client.send(`${size};${"extension".repeat(150)}\r\n${content}\r\n`);
    clock.advance(500 + LATE);
    assert.deepEqual(statuses(client), status);
  }
});

limit("minBodyRate.grace counts no time in which nobody reads", async () => {
  let reader!: ReadableStreamDefaultReader<Uint8Array>;
  const slow = connect({
    minBodyRate: RATE,
    requestTimeout: 0,
    exchange: (x) => void (reader = x.stream().getReader()),
  });
  const { client, clock, connection } = slow;
  client.send(postHead(100_000));
  clock.advance(100_000);
  assert.equal(connection.state, "active", "the handler has not asked");
  for (let i = 0; i < 10; i++) {
    const read = reader.read();
    await settled();
    clock.advance(400);
    client.send("x".repeat(500)); // enough for half a second
    assert.equal((await read).value!.length, 500);
    clock.advance(100_000);
    assert.equal(connection.state, "active", "the handler does not ask for more");
  }
  const read = reader.read().catch((error) => error);
  await settled();
  clock.advance(1_000);
  assert.equal(
    connection.state,
    "active",
    "5 000 bytes are enough for five seconds, of which these are the last",
  );
  clock.advance(2 * LATE);
  assertProtocolError(await read, "body_too_slow", 408);
  await assertEnds(slow, "slow_body");
});

limit("minBodyRate.grace adds up the times in which somebody reads", async () => {
  let reader!: ReadableStreamDefaultReader<Uint8Array>;
  const slow = connect({ minBodyRate: RATE, exchange: (x) => void (reader = x.stream().getReader()) });
  const { client, clock } = slow;
  client.send(postHead(100_000));
  let waited = 0;
  let error: unknown;
  while (error === undefined && waited < 10_000) {
    const read = reader.read().then(() => {}, (given) => error = given);
    await settled();
    clock.advance(100); // never for as long as the grace, and too long for one byte
    waited += 100;
    if (!client.ended) client.send("x");
    await read;
    clock.advance(100);
  }
  assertProtocolError(error, "body_too_slow", 408);
  assert.ok(waited >= 1_000 && waited <= 2_000 + LATE, `${waited} ms`);
  await assertEnds(slow, "slow_body");
});

limit("minBodyRate.bytesPerSecond counts anew for each of pipelined bodies", async () => {
  const errors: unknown[] = [];
  const { client, clock, connection } = connect({
    minBodyRate: RATE,
    exchange(x) {
      x.text().catch((error) => errors.push(error));
      x.respond(202);
    },
  });
  client.send(postHead(20_000) + "x".repeat(10_000));
  clock.advance(900);
  client.send("x".repeat(10_000) + postHead(20_000) + "x".repeat(900));
  clock.advance(900);
  await settled();
  assert.deepEqual([connection.state, errors], ["active", []], "both came fast");
});

limit("minBodyRate.bytesPerSecond cuts off a response that has begun", async () => {
  const slow = connect({
    minBodyRate: RATE,
    onError: () => {},
    async exchange(x) {
      x.start(200);
      x.write("part");
      await x.text();
    },
  });
  slow.client.send(post("slowly").slice(0, -3));
  slow.clock.advance(1_000 + LATE);
  assert.equal(slow.client.closed, true);
  assert.match(slow.client.text(), /\r\n\r\n4\r\npart\r\n$/);
  await assertEnds(slow, "slow_body");
});

limit("minBodyRate.bytesPerSecond: 0 lets a body trickle", async () => {
  for (const minBodyRate of [0, { bytesPerSecond: 0, grace: 1 }]) {
    const { client, clock } = connect({ exchange: echo, minBodyRate, requestTimeout: 0 });
    client.send(postHead(2) + "h");
    clock.advance(LONG);
    client.send("i");
    await settled();
    assert.equal(last(client).body, "hi");
  }
});

limit("minBodyRate.bytesPerSecond, minBodyRate.grace: each has its default", () => {
  const defaults = { bytesPerSecond: 240, grace: 60_000 };
  for (
    const [minBodyRate, { bytesPerSecond, grace }] of [
      [undefined, defaults],
      [{}, defaults],
      [1_000, { ...defaults, bytesPerSecond: 1_000 }],
      [{ bytesPerSecond: 1_000 }, { ...defaults, bytesPerSecond: 1_000 }],
      [{ grace: 1_000 }, { ...defaults, grace: 1_000 }],
    ] as const
  ) {
    const least = bytesPerSecond * grace / 1000;
    for (const [share, status] of [[0.9, [408]], [1.3, []]] as const) {
      const options = minBodyRate === undefined ? {} : { minBodyRate };
      const { client, clock } = connect({ exchange: echo, ...options });
      client.send(postHead(100_000));
      clock.advance(grace - 1);
      assert.deepEqual(statuses(client), []);
      client.send("x".repeat(least * share));
      clock.advance(1 + LATE);
      assert.deepEqual(statuses(client), status, JSON.stringify({ minBodyRate, share }));
    }
  }
});

// writeTimeout

/** It is looked at several times in the time, and cut off up to one part of it later. */
function cutOffBy(writeTimeout: number): number {
  return writeTimeout + writeTimeout / 4 + LATE;
}

for (const kind of KINDS) {
  limit(`writeTimeout cuts off a client that takes nothing, and tells (${kind})`, async () => {
    const told: unknown[] = [];
    const tell = (error: unknown): void => void told.push(error);
    const options: ConnectionOptions = kind === "exchange"
      ? {
        async exchange(x) {
          x.signal.addEventListener("abort", () => tell(x.signal.reason));
          x.start(200);
          x.write("x".repeat(100_000));
          await x.ready().catch(tell);
          assert.equal(x.write("to nobody"), false);
          x.end();
        },
      }
      : {
        fetch(request, info) {
          request.signal.addEventListener("abort", () => tell(request.signal.reason));
          info.completed.catch(tell);
          return new Response(
            new ReadableStream({
              pull: (controller) => controller.enqueue(new Uint8Array(100_000)),
              cancel: tell,
            }),
          );
        },
      };
    const stuck = connect({ ...options, writeTimeout: 10_000 });
    const { client, connection, clock, errors } = stuck;
    client.takesWrites = false;
    client.send(get());
    await settled();
    clock.advance(9_999);
    await settled();
    assert.deepEqual([client.closed, told], [false, []]);
    clock.advance(1 + cutOffBy(10_000) - 10_000);
    await settled();
    assert.deepEqual([client.closed, client.wasReset, connection.state], [true, true, "closed"]);
    assert.equal(await connection.closed, "write_timeout");
    assert.equal(told.length, kind === "exchange" ? 2 : 3);
    for (const error of told.map(causeOf)) {
      assert.ok(error instanceof ConnectionError, `a ConnectionError, not ${error}`);
      assert.equal(error.code, "timeout");
    }
    assert.deepEqual(errors, [], "it is no failure of the handler");
  });
}

limit("writeTimeout leaves alone a client that takes a byte now and then", async () => {
  const slow = connect({ exchange: (x) => x.respond(200, {}, "x".repeat(100_000)), writeTimeout: 10_000 });
  const { client, connection, clock } = slow;
  client.takesWrites = false;
  client.send(get());
  for (let i = 0; i < 20; i++) {
    clock.advance(7_400); // and the next look is at most a quarter of the time away
    client.take(1);
  }
  assert.equal(client.closed, false);
  clock.advance(9_999);
  assert.equal(client.closed, false);
  clock.advance(1 + 2 * (cutOffBy(10_000) - 10_000));
  assert.equal(client.closed, true, "now it takes no more");
  assert.equal(await connection.closed, "write_timeout");
});

limit("writeTimeout knows to a quarter of it when a client took its last byte", () => {
  const slow = connect({ exchange: (x) => x.respond(200, {}, "x".repeat(100_000)), writeTimeout: 10_000 });
  const { client, clock } = slow;
  client.takesWrites = false;
  client.send(get());
  clock.advance(100);
  client.take(1);
  clock.advance(9_999);
  assert.equal(client.closed, false);
  clock.advance(1 + cutOffBy(10_000) - 10_000);
  assert.equal(client.closed, true);
});

limit("writeTimeout counts anew each time that the client falls behind", async () => {
  let x!: Exchange;
  const { client, clock } = connect({ exchange: (given) => void (x = given), writeTimeout: 10_000 });
  client.send(get());
  x.start(200);
  for (let i = 0; i < 5; i++) {
    client.takesWrites = false;
    x.write("x".repeat(100_000));
    clock.advance(9_999);
    client.drain();
    await settled();
    clock.advance(LONG); // it has all that there is
  }
  assert.equal(client.closed, false);
});

limit("writeTimeout is a minute where none is given: a player that pauses goes on", () => {
  const { client, clock } = connect({ exchange: (x) => x.respond(200, {}, "x".repeat(100_000)) });
  client.takesWrites = false;
  client.send(get());
  clock.advance(59_999);
  assert.equal(client.closed, false);
  clock.advance(1 + cutOffBy(60_000) - 60_000);
  assert.equal(client.closed, true);
});

limit("writeTimeout holds for the last response too", async () => {
  const { client, connection, clock } = connect({ exchange: ok, writeTimeout: 10_000, lingerTimeout: 1_000 });
  client.takesWrites = false;
  client.send(get("/", "Connection: close"));
  clock.advance(9_999);
  assert.equal(client.closed, false, "lingering begins once all was sent");
  clock.advance(1 + cutOffBy(10_000) - 10_000);
  assert.equal(client.closed, true);
  assert.equal(await connection.closed, "write_timeout");
});

limit("writeTimeout holds for the end that is not sent", async () => {
  const { client, connection, clock } = connect({ exchange: ok, writeTimeout: 10_000 });
  client.end = () => false;
  client.unsent = () => 1;
  client.send(get("/", "Connection: close"));
  clock.advance(9_999);
  assert.equal(client.closed, false);
  clock.advance(1 + cutOffBy(10_000) - 10_000);
  assert.equal(client.closed, true);
  assert.equal(await connection.closed, "write_timeout");
});

limit("writeTimeout: 0 waits for every client", async () => {
  const { client, clock } = connect({
    exchange: (x) => x.respond(200, {}, "x".repeat(100_000)),
    writeTimeout: 0,
  });
  client.takesWrites = false;
  client.send(get());
  clock.advance(LONG);
  client.drain();
  await settled();
  assert.equal(last(client).body.length, 100_000);
});

// maxRequests

limit("maxRequests counts down in the hint, to close", async () => {
  const limited = connect({ exchange: ok, maxRequests: 3, idleTimeout: 7_500 });
  limited.client.send(get().repeat(2));
  assert.equal(limited.connection.state, "idle");
  limited.client.send(get().repeat(2));
  const responses = parseResponses(limited.client.text());
  assert.deepEqual(responses.map(({ headers }) => [headers.get("connection"), headers.get("keep-alive")]), [
    ["keep-alive", "timeout=7, max=2"],
    ["keep-alive", "timeout=7, max=1"],
    ["close", undefined],
  ]);
  assert.equal(limited.connection.requests, 3, "after it nothing is processed");
  await assertEnds(limited, "max_requests");
});

limit("maxRequests: 0 serves on, and tells no number", () => {
  const { client, connection } = connect({ exchange: ok, maxRequests: 0 });
  for (let i = 0; i < 1_000; i++) client.send(get());
  assert.deepEqual([connection.requests, connection.state], [1_000, "idle"]);
  assert.equal(last(client).hint, "timeout=60");
});

// maxAge, jitter

limit("maxAge ends a connection with the first response after it, idle or not", async () => {
  const { client, connection, clock } = connect({
    exchange: ok,
    maxAge: 10_000,
    jitter: 0,
    idleTimeout: 10 * LONG,
  });
  clock.advance(5_000);
  client.send(get());
  clock.advance(4_999);
  client.send(get());
  assert.equal(last(client).connection, "keep-alive");
  clock.advance(LONG);
  assert.equal(connection.state, "idle", "by its age alone it is not closed");
  client.send(get() + get());
  assert.deepEqual([statuses(client).length, last(client).connection], [3, "close"]);
  await assertEnds({ client, connection }, "max_age");
});

for (
  const [how, fields] of [["", {}], [", whatever its date", {
    date: "Thu, 01 Jan 2026 00:00:00 GMT",
  }]] as const
) {
  limit(`maxAge counts from the accept to the response, not to the request${how}`, async () => {
    for (const [age, connection] of [[9_999, "keep-alive"], [10_000, "close"]] as const) {
      let x!: Exchange;
      const { client, clock } = connect({ exchange: (given) => void (x = given), maxAge: 10_000, jitter: 0 });
      clock.advance(5_000);
      client.send(get());
      clock.advance(age - 5_000);
      x.respond(200, fields);
      await settled();
      assert.equal(last(client).connection, connection, `${age} ms old`);
    }
  });
}

limit("maxAge: 0 lets connections grow old", () => {
  const { client, clock } = connect({ exchange: ok, maxAge: 0, jitter: 1, idleTimeout: 10 * LONG });
  client.send(get());
  clock.advance(LONG);
  client.send(get());
  assert.equal(last(client).connection, "keep-alive");
});

/** Calls `body` while `Math.random()` draws `drawn`. */
function drawing(drawn: number, body: () => void): void {
  const { random } = Math;
  Math.random = () => drawn;
  try {
    body();
  } finally {
    Math.random = random;
  }
}

limit("jitter spreads maxAge by its share, shorter and longer", () => {
  for (const [jitter, share] of [[undefined, 0.1], [0, 0], [0.5, 0.5], [1, 1]] as const) {
    for (const [drawn, sign] of [[0, -1], [0.5, 0], [1 - Number.EPSILON, 1]] as const) {
      drawing(drawn, () => {
        const options = jitter === undefined ? {} : { jitter };
        const { client, clock } = connect({ exchange: ok, maxAge: 10_000, ...options });
        const age = 10_000 * (1 + sign * share);
        const what = `jitter ${jitter}, drawn ${drawn}`;
        if (age > 0) {
          clock.advance(age - 1);
          client.send(get());
          assert.equal(last(client).connection, "keep-alive", what);
          clock.advance(1);
        }
        client.send(get());
        assert.equal(last(client).connection, "close", what);
      });
    }
  }
});

limit("jitter draws the age of each connection", () => {
  const place = new Place({ exchange: ok, headerTimeout: 0, maxAge: 10_000, jitter: 0.5 });
  const visitors = place.visits(100);
  const retired = (): number => visitors.filter(({ client }) => client.ended).length;
  const ask = (): void => visitors.forEach(({ client }) => client.ended || client.send(get()));
  place.clock.advance(4_800);
  ask();
  assert.equal(retired(), 0);
  place.clock.advance(5_200);
  ask();
  assert.ok(retired() > 10 && retired() < 90, `${retired()} of 100 are gone after maxAge`);
  place.clock.advance(5_000);
  ask();
  assert.equal(retired(), 100);
});

// maxConnections

limit("maxConnections closes the longest idle for a newcomer", async () => {
  const place = new Place({ exchange: ok, maxConnections: 8 });
  const [a, b, c, d] = place.guests(4);
  const fresh = place.visits(3);
  place.clock.advance(1_000);
  a.client.send(get()); // b is the longest idle now
  const eighth = place.visit();
  assert.deepEqual(place.counts(), { accepted: 8, rejected: 0, evicted: 0 }, "up to the cap nobody goes");
  const received = b.client.text();
  const ninth = place.visit();
  assert.deepEqual(place.counts(), { accepted: 9, rejected: 0, evicted: 1 });
  assert.equal(await b.connection.closed, "evicted");
  assert.deepEqual([b.client.closed, b.client.text()], [true, received], "without a word");
  place.visit();
  assert.equal(await c.connection.closed, "evicted");
  const states = [a, d, ...fresh, eighth, ninth].map(({ connection }) => connection.state);
  assert.deepEqual(states, ["idle", "idle", "new", "new", "new", "new", "new"]);
  d.client.send(get("/pending")); // it is not idle any more
  place.visit();
  assert.deepEqual(
    [fresh[0].connection.state, d.connection.state],
    ["closed", "active"],
    "silent for longest",
  );
  ninth.client.send(get());
  assert.deepEqual(statuses(ninth.client), [200], "the newcomer is served");
  assert.deepEqual(place.server.stats().closed, { evicted: 3 });
});

limit("maxConnections: silent connections lock nobody out", async () => {
  const place = new Place({ exchange: ok, maxConnections: 100 });
  const silent = place.visits(300);
  const [newcomer] = place.guests(1);
  assert.deepEqual(statuses(newcomer.client), [200]);
  assert.equal(await silent[0].connection.closed, "evicted");
  assert.deepEqual(place.counts(), { accepted: 301, rejected: 0, evicted: 201 });
  assert.equal(place.server.stats().open, 100);
});

limit("maxConnections: connections that bring a part of a head lock nobody out", async () => {
  const place = new Place({ exchange: ok, maxConnections: 100 });
  const later = place.guests(50);
  const first = place.visits(50);
  for (const { client } of [...later, ...first]) client.send("G");
  const newcomers = place.guests(51);
  for (const { client } of newcomers) assert.deepEqual(statuses(client), [200]);
  // The first heads have begun with their connections, the later ones when they came.
  assert.equal(await first[0].connection.closed, "evicted");
  assert.equal(await later[0].connection.closed, "evicted");
  later[1].client.send(get().slice(1));
  assert.deepEqual(statuses(later[1].client), [200, 200], "a head that comes whole in time is answered");
});

limit("maxConnections: who hoards silent connections costs nobody else theirs", () => {
  const place = new Place({ exchange: ok, maxConnections: 100 });
  const guests = place.guests(10);
  place.visits(1_000);
  for (const { client, connection } of guests) {
    assert.equal(connection.state, "idle");
    client.send(get());
    assert.deepEqual(statuses(client), [200, 200]);
  }
});

limit("maxConnections answers 503 and closes where none can be spared", async () => {
  const targets: string[] = [];
  const answers: (() => void)[] = [];
  const place = new Place({
    maxConnections: 4,
    exchange(x) {
      targets.push(x.target);
      if (x.target === "/pending") answers.push(() => x.respond(200));
      else if (x.target !== "/upload") ok(x);
    },
  });
  const [other] = place.askers(1);
  const [pending, partial, stuck] = place.visits(3);
  pending.client.send(get("/pending"));
  partial.client.send("POST /upload HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\na");
  stuck.client.takesWrites = false;
  stuck.client.send(get("/stuck", "Connection: close"));
  const states = [other, pending, partial, stuck].map(({ connection }) => connection.state);
  assert.deepEqual(states, ["active", "active", "active", "draining"]);
  const turnedAway = place.visit();
  turnedAway.client.send(get("/never"));
  const { status, connection } = last(turnedAway.client);
  assert.deepEqual([status, connection, statuses(turnedAway.client).length], [503, "close", 1]);
  await assertEnds(turnedAway, "rejected");
  assert.deepEqual(place.counts(), { accepted: 4, rejected: 1, evicted: 0 });
  assert.deepEqual(place.server.stats().closed, { rejected: 1 });
  // Whoever goes makes room.
  other.client.reset();
  const next = place.visit();
  next.client.send(get("/next"));
  assert.deepEqual(statuses(next.client), [200]);
  answers[1]();
  await settled();
  assert.deepEqual(statuses(pending.client), [200], "those that were there are not disturbed");
  stuck.client.drain();
  assert.deepEqual(statuses(stuck.client), [200]);
  assert.deepEqual(targets, ["/pending", "/pending", "/upload", "/stuck", "/next"]);
});

limit("maxConnections closes who has finished, where none is idle", async () => {
  const place = new Place({ exchange: ok, maxConnections: 4 });
  const [idle, first, second] = place.guests(3);
  place.askers(1);
  for (const { client } of [first, second]) client.send(get("/", "Connection: close"));
  assert.deepEqual([first.connection.state, second.connection.state], ["draining", "draining"]);
  const goes = async (visitor: Visitor, reason: CloseReason): Promise<void> => {
    place.askers(1);
    assert.equal(visitor.client.closed, true);
    assert.equal(await visitor.connection.closed, reason);
  };
  await goes(idle, "evicted");
  await goes(first, "close_requested");
  await goes(second, "close_requested");
  assert.equal(place.visit().connection.state, "draining");
  assert.deepEqual(place.counts(), { accepted: 7, rejected: 1, evicted: 1 });
});

limit("maxConnections does not count those that were turned away", () => {
  const place = new Place({ exchange: ok, maxConnections: 2 });
  const [one] = place.askers(2);
  const turnedAway = place.visits(3);
  for (const { connection } of turnedAway) assert.equal(connection.state, "draining", "it lingers");
  one.client.reset();
  assert.equal(place.askers(1)[0].connection.state, "active");
  assert.equal(place.visit().connection.state, "draining");
  assert.deepEqual(place.counts(), { accepted: 3, rejected: 4, evicted: 0 });
});

limit("maxConnections closes without a word beyond 256 turned away", async () => {
  const place = new Place({ exchange: ok, maxConnections: 1 });
  place.askers(1);
  const told = place.visits(256);
  assert.ok(told.every(({ client }) => statuses(client)[0] === 503));
  const untold = place.visit();
  assert.deepEqual([untold.client.closed, untold.client.text()], [true, ""]);
  assert.equal(await untold.connection.closed, "rejected");
  told[0].client.sendEnd();
  assert.deepEqual(statuses(place.visit().client), [503]);
  assert.deepEqual(place.counts(), { accepted: 1, rejected: 258, evicted: 0 });
});

limit("maxConnections: 0 lets everybody in", () => {
  const place = new Place({ exchange: ok, maxConnections: 0 });
  const visitors = place.guests(1_000);
  assert.ok(visitors.every(({ connection }) => connection.state === "idle"));
  assert.deepEqual(place.counts(), { accepted: 1_000, rejected: 0, evicted: 0 });
});

// maxConnectionsPerIp

limit("maxConnectionsPerIp answers 503 to one too many", async () => {
  const place = new Place({ exchange: ok, maxConnectionsPerIp: 2 });
  const from = (ip: string): Visitor => place.visit(new AddressedTransport(ip));
  const [one, two] = [from("192.0.2.1"), from("192.0.2.1")];
  one.client.send(get());
  const three = from("192.0.2.1");
  assert.deepEqual([last(three.client).status, last(three.client).connection], [503, "close"]);
  assert.equal(one.connection.state, "idle", "it makes no room");
  await assertEnds(three, "rejected");
  const elsewhere = [from("192.0.2.2"), from("2001:db8::1"), from("2001:db8::1")];
  assert.ok(elsewhere.every(({ connection }) => connection.state === "new"));
  assert.deepEqual(place.counts(), { accepted: 5, rejected: 1, evicted: 0 });
  two.client.reset();
  assert.equal(from("192.0.2.1").connection.state, "new", "who goes makes room");
  assert.equal(from("192.0.2.1").connection.state, "draining");
});

limit("maxConnectionsPerIp and maxConnections hold together", () => {
  const place = new Place({ exchange: ok, maxConnections: 4, maxConnectionsPerIp: 2 });
  const from = (ip: string): Visitor => place.visit(new AddressedTransport(ip));
  const [a, ...others] = [from("192.0.2.1"), from("192.0.2.2"), from("192.0.2.3")];
  a.client.send(get());
  for (const { client } of others) client.send(get("/pending"));
  const b = from("192.0.2.2");
  b.client.send(get("/pending"));
  assert.equal(from("192.0.2.2").connection.state, "draining");
  assert.equal(a.connection.state, "idle", "nobody goes for one who must not come in");
  from("192.0.2.3").client.send(get("/pending"));
  assert.deepEqual([a.connection.state, b.connection.state], ["closed", "active"]);
  assert.equal(from("192.0.2.1").connection.state, "draining", "nobody is idle");
  assert.deepEqual(place.counts(), { accepted: 5, rejected: 2, evicted: 1 });
});

limit("maxConnectionsPerIp: 0, and no address, let everybody in", () => {
  for (
    const [maxConnectionsPerIp, client] of [[0, () => new AddressedTransport("192.0.2.1")], [
      1,
      () => new MemoryTransport(),
    ]] as const
  ) {
    const place = new Place({ exchange: ok, maxConnectionsPerIp });
    for (let i = 0; i < 100; i++) assert.equal(place.visit(client()).connection.state, "new");
  }
});

// Pressure

limit("pressure cuts idle times to a quarter from 75 % of the cap on", async () => {
  const place = new Place({
    exchange: ok,
    maxConnections: 20,
    idleTimeout: 40_000,
    idleTimeoutBuffer: 1_000,
  });
  const [early, ...others] = place.guests(14);
  assert.equal(last(others.at(-1)!.client).hint, "timeout=40");
  const [late] = place.guests(1);
  assert.equal(last(late.client).hint, "timeout=10");
  early.client.send(get());
  assert.equal(last(early.client).hint, "timeout=10", "also to those who came before");
  place.clock.advance(10_999);
  assert.deepEqual([early.connection.state, late.connection.state], ["idle", "idle"]);
  place.clock.advance(1 + LATE);
  assert.deepEqual([early.connection.state, late.connection.state], ["draining", "draining"]);
  assert.ok(others.every(({ connection }) => connection.state === "idle"), "they were promised more");
  place.clock.advance(31_000);
  for (const { connection } of others) assert.equal(await connection.closed, "idle_timeout");
});

limit("pressure ends when enough have gone", () => {
  const place = new Place({ exchange: ok, maxConnections: 20, idleTimeout: 40_000 });
  const [first, second] = place.guests(15);
  second.client.send(get());
  assert.equal(last(second.client).hint, "timeout=10");
  first.client.sendEnd();
  second.client.send(get());
  assert.equal(last(second.client).hint, "timeout=40");
});

limit("pressure leaves at least a second, and what was less", () => {
  for (
    const [idleTimeout, left, hint] of [
      [4_100, 1_025, "timeout=1"],
      [3_000, 1_000, "timeout=1"],
      [1_000, 1_000, "timeout=1"],
      [800, 800, undefined],
    ] as const
  ) {
    const place = new Place({ exchange: ok, maxConnections: 4, idleTimeout, idleTimeoutBuffer: 0 });
    place.visits(2);
    const [idle] = place.guests(1);
    assert.equal(last(idle.client).hint, hint);
    place.clock.advance(left - 1);
    assert.equal(idle.connection.state, "idle");
    place.clock.advance(1 + LATE);
    assert.equal(idle.connection.state, "draining", `idleTimeout ${idleTimeout}`);
  }
});

limit("pressure lets no new connection stay from 90 % of the cap on", async () => {
  const place = new Place({ exchange: ok, maxConnections: 20 });
  const guests = place.guests(17);
  assert.ok(guests.every(({ client }) => last(client).connection === "keep-alive"));
  const [refused] = place.guests(1);
  assert.equal(last(refused.client).connection, "close");
  guests[0].client.send(get());
  assert.deepEqual([last(guests[0].client).connection, last(guests[0].client).hint], [
    "keep-alive",
    "timeout=15",
  ]);
  await assertEnds(refused, "pressure");
});

limit("pressure counts when the response is written", () => {
  const place = new Place({ exchange: ok, maxConnections: 20 });
  const visitors = place.visits(18);
  visitors[0].client.send(get());
  assert.equal(last(visitors[0].client).connection, "close");
  visitors[1].client.sendEnd();
  visitors[2].client.send(get());
  assert.equal(last(visitors[2].client).connection, "keep-alive", "17 are left");
});

limit("pressure is none of one connection alone", () => {
  const place = new Place({ exchange: ok, maxConnections: 1 });
  const [guest] = place.guests(1);
  assert.deepEqual([last(guest.client).connection, last(guest.client).hint], ["keep-alive", "timeout=60"]);
});

limit("pressure is none without maxConnections", () => {
  const place = new Place({ exchange: ok, maxConnectionsPerIp: 1_000 });
  const guests = place.guests(1_000);
  assert.ok(guests.every(({ client }) => last(client).hint === "timeout=60"));
});

// backlog

limit("backlog reaches the listener, and the engine has no other part in it", async () => {
  for (const [options, backlog] of [[{}, 1024], [{ backlog: 1 }, 1], [{ backlog: 7 }, 7]] as const) {
    const given: number[] = [];
    const server = await startServer({ exchange: ok, ...options }, (settings) => {
      given.push(settings.backlog);
      return { addr: { transport: "tcp", hostname: "192.0.2.1", port: 80 }, isSecure: false, close() {} };
    }, new FakeClock());
    assert.deepEqual(given, [backlog]);
    await server.close();
  }
});

// maxHeaderBytes, maxHeaders, maxTargetBytes

/** A GET whose head has this many bytes. */
function headOf(length: number, target = "/"): string {
  const padding = length - get(target, "X: ").length;
  return get(target, `X: ${"x".repeat(padding)}`);
}

/** A GET with this many header lines. */
function headWith(lines: number): string {
  return get("/", ...Array.from({ length: lines - 1 }, (_, i) => `X-${i}: 1`));
}

/** Fails unless `within` is answered, and `beyond` refused before the handler sees it, in whatever pieces it comes. */
async function assertHeadLimit(
  options: Partial<ConnectionOptions>,
  within: string,
  beyond: string,
  status: number,
): Promise<void> {
  for (const bytewise of [false, true]) {
    const targets: string[] = [];
    const limited = connect({
      ...options,
      exchange(x) {
        targets.push(x.target);
        ok(x);
      },
    });
    const send = (text: string): void => {
      for (const part of bytewise ? text : [text]) limited.client.send(part);
    };
    send(within);
    assert.deepEqual(statuses(limited.client), [200]);
    send(beyond);
    assert.deepEqual(statuses(limited.client), [200, status]);
    assert.deepEqual([last(limited.client).connection, targets.length], ["close", 1]);
    await assertEnds(limited, "protocol_error");
  }
}

limit("maxHeaderBytes answers a head that is larger with 431", async () => {
  await assertHeadLimit({ maxHeaderBytes: 500 }, headOf(500), headOf(501), 431);
  await assertHeadLimit({}, headOf(16_384), headOf(16_385), 431);
});

limit("maxHeaderBytes answers a head that never ends", () => {
  const { client } = connect({ exchange: ok, maxHeaderBytes: 500 });
  client.send(headOf(502).slice(0, 500));
  assert.equal(client.text(), "");
  client.send("x");
  assert.deepEqual(statuses(client), [431]);
});

limit("maxHeaderBytes: 0 takes every head", () => {
  const { client } = connect({ exchange: ok, maxHeaderBytes: 0 });
  client.send(headOf(200_000));
  assert.deepEqual(statuses(client), [200]);
});

limit("maxHeaders answers a head with more lines with 431", async () => {
  await assertHeadLimit({ maxHeaders: 10 }, headWith(10), headWith(11), 431);
  await assertHeadLimit({}, headWith(100), headWith(101), 431);
});

limit("maxHeaders: 0 takes every number of lines", () => {
  const { client } = connect({ exchange: ok, maxHeaders: 0 });
  client.send(headWith(1_000));
  assert.deepEqual(statuses(client), [200]);
});

limit("maxHeaderBytes, maxHeaders: the trailers are bounded too", async () => {
  // The empty line behind them counts.
  const bytes = (length: number): string => "X: ".padEnd(length - 4, "x") + "\r\n\r\n";
  const lines = (count: number): string => "X: 1\r\n".repeat(count) + "\r\n";
  for (
    const [options, within, beyond] of [
      [{ maxHeaders: 0, maxHeaderBytes: 600 }, bytes(600), bytes(601)],
      [{ maxHeaders: 10, maxHeaderBytes: 0 }, lines(10), lines(11)],
    ] as const
  ) {
    const { client, errors } = connect({ ...options, exchange: echo });
    client.send(chunked("body") + "0\r\n" + within + chunked("body") + "0\r\n" + beyond);
    await settled();
    assert.deepEqual([statuses(client), last(client).connection], [[200, 431], "close"]);
    assertProtocolError(errors[0], "head_too_large", 431);
    const off = connect({ maxHeaders: 0, maxHeaderBytes: 0, exchange: echo });
    off.client.send(chunked("body") + "0\r\n" + beyond);
    await settled();
    assert.deepEqual(statuses(off.client), [200]);
  }
});

limit("maxTargetBytes answers a target that is longer with 414", async () => {
  const target = (length: number): string => "/".padEnd(length, "x");
  await assertHeadLimit({ maxTargetBytes: 100 }, get(target(100)), get(target(101)), 414);
  await assertHeadLimit({}, get(target(8_192)), get(target(8_193)), 414);
});

limit("maxTargetBytes: 0 takes every target", () => {
  const { client } = connect({ exchange: ok, maxTargetBytes: 0, maxHeaderBytes: 0 });
  client.send(get("/" + "x".repeat(100_000)));
  assert.deepEqual(statuses(client), [200]);
});

// maxBodyBytes

limit("maxBodyBytes refuses a length before the handler is called", async () => {
  for (const [options, most] of [[{ maxBodyBytes: 100 }, 100], [{}, 128 * 1024 * 1024]] as const) {
    let called = 0;
    const limited = connect({ ...options, exchange: () => void called++ });
    limited.client.send(postHead(most));
    assert.deepEqual([limited.client.text(), called], ["", 1]);
    const beyond = connect({ ...options, exchange: () => assert.fail() });
    beyond.client.send(postHead(most + 1) + "x");
    assert.deepEqual([statuses(beyond.client), last(beyond.client).connection], [[413], "close"]);
    await assertEnds(beyond, "protocol_error");
  }
});

for (const kind of KINDS) {
  limit(`maxBodyBytes refuses chunks as they come, and tells reader and signal (${kind})`, async () => {
    const { options, told } = reading(kind);
    const limited = connect({ ...options, maxBodyBytes: 100 });
    limited.client.send(chunked("x".repeat(60), "x".repeat(40)) + LAST_CHUNK + chunked("x".repeat(60)));
    await settled();
    assert.deepEqual([statuses(limited.client), told.reader], [[200], undefined]);
    limited.client.send("29\r\n" + "x".repeat(41));
    await settled();
    assert.deepEqual([statuses(limited.client), last(limited.client).connection], [[200, 413], "close"]);
    assertProtocolError(told.reader, "body_too_large", 413);
    assert.equal(told.signal!.reason.cause, told.reader);
    await assertEnds(limited, "protocol_error");
  });
}

limit("maxBodyBytes: 0 takes every body", async () => {
  const { client, connection } = connect({ maxBodyBytes: 0, exchange: (x) => void x.text().catch(() => {}) });
  client.send(postHead(Number.MAX_SAFE_INTEGER) + "x".repeat(1_000));
  assert.deepEqual([client.text(), connection.state], ["", "active"]);
  const chunks = connect({ maxBodyBytes: 0, exchange: echo });
  chunks.client.send(chunked("x".repeat(1_000_000)) + LAST_CHUNK);
  await settled();
  assert.deepEqual(statuses(chunks.client), [200]);
});

// drainBody

limit("drainBody.bytes is how much of an unread body is skipped", async () => {
  for (
    const [drainBody, most] of [[{ bytes: 100 }, 100], [{}, 262_144], [undefined, 262_144], [
      { bytes: 0 },
      0,
    ]] as const
  ) {
    const options = drainBody === undefined ? {} : { drainBody };
    const request = (length: number): string => postHead(length) + "x".repeat(length);
    const skipped = connect({ exchange: ok, ...options });
    skipped.client.send(request(most) + get());
    assert.deepEqual([statuses(skipped.client), skipped.connection.state], [[200, 200], "idle"]);
    const announced = connect({ exchange: ok, ...options });
    announced.client.send(request(most + 1) + get());
    assert.deepEqual([statuses(announced.client), last(announced.client).connection], [[200], "close"]);
    await assertEnds(announced, "unread_body");
  }
});

limit("drainBody.bytes bounds a chunked body as it comes", async () => {
  const skipped = connect({ exchange: ok, drainBody: { bytes: 100 } });
  skipped.client.send(chunked("x".repeat(60)));
  skipped.client.send(`28\r\n${"x".repeat(40)}\r\n` + LAST_CHUNK + get());
  assert.deepEqual([statuses(skipped.client), skipped.connection.state], [[200, 200], "idle"]);
  const ended = connect({ exchange: ok, drainBody: { bytes: 100 } });
  ended.client.send(chunked("x".repeat(60)));
  assert.equal(ended.client.ended, false);
  ended.client.send(`29\r\n${"x".repeat(41)}\r\n` + LAST_CHUNK + get());
  assert.deepEqual(statuses(ended.client), [200]);
  await assertEnds(ended, "unread_body");
});

limit("drainBody.timeout is how long an unread body may take", async () => {
  for (const [drainBody, time] of [[{ timeout: 2_000 }, 2_000], [{}, 500]] as const) {
    const slow = connect({ exchange: ok, drainBody });
    slow.client.send(postHead(100));
    for (let i = 0; i < 10; i++) {
      slow.client.send("x");
      slow.clock.advance(i < 9 ? time / 10 : time / 10 - 1);
    }
    assert.equal(slow.connection.state, "active");
    slow.clock.advance(1 + LATE);
    await assertEnds(slow, "unread_body");
    assert.deepEqual(statuses(slow.client), [200]);
    const inTime = connect({ exchange: ok, drainBody });
    inTime.client.send(postHead(2) + "x");
    inTime.clock.advance(time - 1);
    inTime.client.send("x" + get());
    assert.deepEqual([statuses(inTime.client), inTime.connection.state], [[200, 200], "idle"]);
  }
});

limit("drainBody.timeout counts anew for each of pipelined bodies", () => {
  const { client, clock, connection } = connect({ exchange: ok, drainBody: { timeout: 1_000 } });
  client.send(postHead(2) + "x");
  clock.advance(900);
  client.send("x" + postHead(2) + "x");
  clock.advance(900);
  client.send("x");
  assert.deepEqual([statuses(client), connection.state], [[200, 200], "idle"]);
});

limit("drainBody.timeout begins when the response is complete", async () => {
  let x!: Exchange;
  const dropping = connect({ exchange: (given) => void (x = given) });
  dropping.client.send(post("hello").slice(0, -2));
  await x.stream().cancel();
  dropping.clock.advance(10_000);
  x.respond(200, {}, "in the end");
  dropping.clock.advance(499);
  assert.equal(dropping.connection.state, "active");
  dropping.clock.advance(1 + LATE);
  assert.equal(last(dropping.client).body, "in the end");
  await assertEnds(dropping, "unread_body");
});

limit("drainBody.timeout is not for a body that is read", async () => {
  let text: Promise<string> | undefined;
  const { client, clock } = connect({
    minBodyRate: 0,
    exchange(x) {
      text = x.text();
      x.respond(202);
    },
  });
  client.send(post("hello").slice(0, -2));
  clock.advance(10_000);
  client.send("lo");
  assert.equal(await text, "hello");
});

limit("drainBody.timeout: 0 sets no time", () => {
  const { client, clock, connection } = connect({
    exchange: ok,
    drainBody: { timeout: 0 },
    requestTimeout: 1_000,
    minBodyRate: RATE,
  });
  client.send(postHead(2) + "x");
  clock.advance(LONG);
  client.send("x" + get());
  assert.deepEqual([statuses(client), connection.state], [[200, 200], "idle"]);
});

// lingerTimeout

limit("lingerTimeout is how long a closing connection discards", async () => {
  for (const [options, time] of [[{ lingerTimeout: 2_000 }, 2_000], [{}, 5_000]] as const) {
    const { client, connection, clock } = connect({ exchange: ok, ...options });
    client.send(get("/", "Connection: close"));
    for (let i = 0; i < 10; i++) {
      client.send("whatever else comes".repeat(1_000));
      assert.deepEqual([client.ended, client.closed, client.paused], [true, false, false]);
      clock.advance(i < 9 ? time / 10 : time / 10 - 1);
    }
    assert.equal(client.closed, false);
    clock.advance(1 + LATE);
    assert.equal(client.closed, true);
    assert.deepEqual([statuses(client), await connection.closed], [[200], "close_requested"]);
  }
});

limit("lingerTimeout is not waited for where the client ends too", async () => {
  const { client, connection } = connect({ exchange: ok });
  client.send(get("/", "Connection: close"));
  assert.equal(client.closed, false);
  client.sendEnd();
  assert.equal(client.closed, true);
  assert.equal(await connection.closed, "close_requested");
});

limit("lingerTimeout begins once all was sent; 0 closes then", () => {
  for (const [lingerTimeout, closes] of [[1_000, false], [0, true]] as const) {
    const { client, clock } = connect({ exchange: ok, lingerTimeout });
    client.takesWrites = false;
    client.send(get("/", "Connection: close"));
    clock.advance(5_000);
    assert.equal(client.closed, false);
    client.drain();
    assert.equal(client.closed, closes);
    clock.advance(999);
    assert.equal(client.closed, closes);
    clock.advance(1 + LATE);
    assert.equal(client.closed, true);
  }
});

// highWaterMark

limit("highWaterMark pauses a client whose requests wait", async () => {
  for (const [options, mark] of [[{ highWaterMark: 1_000 }, 1_000], [{}, 65_536]] as const) {
    const answers: (() => void)[] = [];
    const { client } = connect({ ...options, exchange: (x) => void answers.push(() => x.respond(200)) });
    const next = headOf(Math.min(mark, 16_384));
    const waiting = next.repeat(mark / next.length);
    client.send(get() + waiting.slice(0, -1));
    assert.equal(client.paused, false);
    client.send(waiting.slice(-1));
    assert.equal(client.paused, true);
    answers[0]();
    await settled();
    assert.equal(client.paused, false, "the next request left the buffer");
    assert.equal(answers.length, 2);
  }
});

limit("highWaterMark pauses a client whose body waits", async () => {
  let x!: Exchange;
  const { client } = connect({ highWaterMark: 1_000, exchange: (given) => void (x = given) });
  client.send(postHead(5_000) + "x".repeat(999));
  assert.equal(client.paused, false);
  client.send("x");
  assert.equal(client.paused, true);
  const reader = x.stream().getReader();
  assert.equal(client.paused, true, "nothing was read yet");
  assert.equal((await reader.read()).value!.length, 1_000);
  assert.equal(client.paused, false);
  client.send("x".repeat(999));
  assert.equal(client.paused, false);
  client.send("x");
  assert.equal(client.paused, true);
});

limit("highWaterMark pauses a client that takes no answers", async () => {
  const { client, connection } = connect({ highWaterMark: 1_000, exchange: ok });
  client.takesWrites = false;
  client.send(get());
  client.send(headOf(999));
  assert.equal(client.paused, false);
  client.send("G");
  assert.deepEqual([client.paused, connection.requests], [true, 1]);
  client.drain();
  await settled();
  assert.deepEqual([client.paused, connection.requests], [false, 2]);
});

limit("highWaterMark is how much is put together before it is sent", () => {
  for (
    const [options, mark] of [[{ highWaterMark: 1_000 }, 1_000], [{}, 65_536], [
      { highWaterMark: 1 },
      1,
    ]] as const
  ) {
    const piece = "x".repeat(10);
    let written = 0;
    const { client } = connect({
      ...options,
      exchange(x) {
        x.start(200, { "content-length": 10_000 * piece.length });
        for (let i = 0; i < 10_000; i++) {
          const before = client.written.length;
          x.write(piece);
          if (client.written.length > before) return void (written = client.written.at(-1)!.length);
        }
      },
    });
    client.send(get());
    assert.ok(written >= mark, `${written} bytes are not ${mark}`);
    const head = client.text().indexOf("\r\n\r\n") + 4;
    assert.ok(written < Math.max(mark, head) + 2 * piece.length, `${written} bytes are more than ${mark}`);
  }
});

limit("highWaterMark tells a handler to wait for the client", async () => {
  let x!: Exchange;
  const { client } = connect({ highWaterMark: 1_000, exchange: (given) => void (x = given) });
  client.takesWrites = false;
  client.send(get());
  x.start(200, { "content-length": 100_000 });
  let welcome = 0;
  while (x.write("x".repeat(10))) welcome += 10;
  assert.ok(welcome < 1_000 && welcome > 1_000 - 500, `after ${welcome} bytes no more were welcome`);
  let ready = false;
  x.ready().then(() => ready = true);
  await settled();
  assert.equal(ready, false);
  client.drain();
  await settled();
  assert.equal(ready, true);
  assert.equal(x.write("x"), true);
});

// setTimeouts

/** A handler of this kind that sets these times for "/own", and reads the body to its end. */
function setting(kind: Kind, timeouts: Timeouts): ConnectionOptions {
  const answer = handler(kind, (asked) => {
    if (asked.target === "/own") asked.setTimeouts(timeouts);
    return asked.text();
  });
  return { ...answer, onError: () => {} };
}

/** How a head may come: whole, or in two pieces. */
const ARRIVALS = [["whole", 0], ["in two pieces", 10]] as const;

/** Sends the request's head so, and the first byte of its body of two. */
function sendSlowly(client: MemoryTransport, target: string, cut: number): void {
  const request = postHead(2, target) + "x";
  client.send(request.slice(0, cut));
  client.send(request.slice(cut));
}

for (const kind of KINDS) {
  const own = (timeouts: Timeouts): ConnectionOptions => setting(kind, timeouts);

  limit(`setTimeouts.idleTimeout is told, and holds behind this request alone (${kind})`, async () => {
    for (const [idleTimeout, hint] of [[5_000, "timeout=5"], [20_000, "timeout=20"]] as const) {
      const idle = connect({ ...own({ idleTimeout }), idleTimeout: 10_000, idleTimeoutBuffer: 1_000 });
      const { client, connection, clock } = idle;
      client.send(get("/own"));
      await settled();
      assert.equal(last(client).hint, hint);
      clock.advance(idleTimeout + 999);
      assert.equal(connection.state, "idle");
      client.send(get("/next"));
      await settled();
      assert.equal(last(client).hint, "timeout=10", "the next has the server's time");
      clock.advance(10_999);
      assert.equal(connection.state, "idle");
      client.send(get("/own"));
      await settled();
      clock.advance(idleTimeout + 1_000 + LATE);
      await assertEnds(idle, "idle_timeout");
      const after = connect({ ...own({ idleTimeout }), idleTimeout: 10_000, idleTimeoutBuffer: 1_000 });
      after.client.send(get("/own") + get("/next"));
      await settled();
      after.clock.advance(11_000 + LATE);
      await assertEnds(after, "idle_timeout");
    }
  });

  limit(`setTimeouts.requestTimeout counts from the call (${kind})`, async () => {
    for (const [how, cut] of ARRIVALS) {
      for (const requestTimeout of [1_000, 20_000]) {
        const options = { ...own({ requestTimeout }), requestTimeout: 10_000, minBodyRate: 0 };
        const slow = connect(options);
        sendSlowly(slow.client, "/own", cut);
        slow.clock.advance(requestTimeout - 1);
        assert.deepEqual(statuses(slow.client), [], `${requestTimeout} ms, head ${how}`);
        slow.clock.advance(1 + LATE);
        assert.deepEqual(statuses(slow.client), [408], `${requestTimeout} ms, head ${how}`);
        await assertEnds(slow, "request_timeout");
      }
    }
  });

  limit(`setTimeouts.requestTimeout leaves the next request alone (${kind})`, async () => {
    for (const [how, cut] of ARRIVALS) {
      for (const requestTimeout of [0, 1_000, 20_000]) {
        const options = { ...own({ requestTimeout }), requestTimeout: 10_000, minBodyRate: 0 };
        const { client, clock } = connect(options);
        client.send(post("xx", "/own"));
        await settled();
        clock.advance(5_000);
        sendSlowly(client, "/next", cut);
        clock.advance(9_999);
        assert.deepEqual(statuses(client), [200], `after ${requestTimeout} ms, head ${how}`);
        clock.advance(1 + LATE);
        assert.deepEqual(statuses(client), [200, 408], `after ${requestTimeout} ms, head ${how}`);
      }
    }
  });

  limit(`setTimeouts.requestTimeout counts in the middle of a body (${kind})`, async () => {
    for (const [server, requestTimeout] of [[10_000, 8_000], [10_000, 2_000], [0, 2_000]]) {
      const ends = 5_000 + requestTimeout;
      let asked!: Asked;
      const options = handler(kind, (given) => (asked = given).text());
      const slow = connect({ ...options, onError: () => {}, requestTimeout: server, minBodyRate: 0 });
      slow.client.send(postHead(2) + "x");
      slow.clock.advance(5_000);
      asked.setTimeouts({ requestTimeout });
      slow.clock.advance(ends - 5_001);
      assert.deepEqual(statuses(slow.client), []);
      slow.clock.advance(1 + LATE);
      assert.deepEqual(statuses(slow.client), [408]);
      await assertEnds(slow, "request_timeout");
    }
  });

  for (
    const [name, times] of [
      ["requestTimeout", { requestTimeout: 1_000, minBodyRate: 0 }],
      ["minBodyRate", { minBodyRate: RATE }],
    ] as const
  ) {
    limit(`setTimeouts.${name} runs on where a call does not name it (${kind})`, () => {
      let asked!: Asked;
      const options = handler(kind, (given) => (asked = given).text());
      const { client, clock } = connect({ ...options, onError: () => {}, ...times });
      client.send(postHead(2) + "x");
      for (let i = 0; i < 9; i++) {
        clock.advance(100);
        asked.setTimeouts({ idleTimeout: 5_000 });
      }
      clock.advance(100 + LATE);
      assert.deepEqual(statuses(client), [408]);
    });
  }

  limit(`setTimeouts.minBodyRate holds for this body alone (${kind})`, async () => {
    const from = (bytesPerSecond: number) => ({ bytesPerSecond, grace: 4_000 });
    // A body comes with 500 bytes a second.
    const trickle = async (
      { client, clock }: { client: MemoryTransport; clock: FakeClock },
      target: string,
    ) => {
      client.send(postHead(5_000, target));
      for (let i = 0; i < 10 && !client.ended; i++) {
        clock.advance(1_000);
        client.send("x".repeat(500));
      }
      await settled();
    };
    for (
      const [server, minBodyRate, outcome] of [
        [from(1_000), 300, [200, 408]],
        [from(1_000), 0, [200, 408]],
        [0, from(1_000), [408]],
        [from(300), 1_000, [408]],
        [{ bytesPerSecond: 300, grace: 4_000 }, { grace: 500 }, [408]],
        [{ bytesPerSecond: 300, grace: 500 }, { grace: 4_000 }, [200, 408]],
        [from(300), { bytesPerSecond: 1_000 }, [408]],
      ] as const
    ) {
      const slow = connect({ ...own({ minBodyRate }), minBodyRate: server });
      await trickle(slow, "/own");
      if (!slow.client.ended) await trickle(slow, "/next");
      assert.deepEqual(statuses(slow.client), outcome, JSON.stringify({ server, minBodyRate }));
      await assertEnds(slow, "slow_body");
    }
    const next = connect({ ...own({ minBodyRate: from(1_000) }), minBodyRate: from(300) });
    next.client.send(post("fast", "/own"));
    await settled();
    await trickle(next, "/next");
    assert.deepEqual(statuses(next.client), [200, 200]);
  });

  limit(`setTimeouts.minBodyRate counts in the middle of a body (${kind})`, async () => {
    for (
      const [server, minBodyRate, tooSlow] of [
        [RATE, 0, false],
        [RATE, 300, false],
        [0, RATE, true],
        [{ ...RATE, bytesPerSecond: 300 }, 1_000, true],
      ] as const
    ) {
      let asked!: Asked;
      const options = handler(kind, (given) => (asked = given).text());
      const { client, clock } = connect({ ...options, onError: () => {}, minBodyRate: server });
      client.send(postHead(10_000));
      clock.advance(500);
      client.send("x".repeat(500));
      asked.setTimeouts({ minBodyRate });
      for (let i = 0; i < 5 && !client.ended; i++) {
        clock.advance(100 + LATE);
        client.send("x".repeat(200)); // about 600 a second
      }
      await settled();
      assert.deepEqual(statuses(client), tooSlow ? [408] : [], JSON.stringify({ server, minBodyRate }));
    }
  });

  limit(`setTimeouts.idleTimeout stays where a later call does not name it (${kind})`, async () => {
    const options = handler(kind, (asked) => {
      asked.setTimeouts({ idleTimeout: 5_000 });
      asked.setTimeouts({ requestTimeout: 1_000 });
      asked.setTimeouts({});
      return asked.text();
    });
    const { client, clock } = connect({ ...options, onError: () => {}, minBodyRate: 0 });
    client.send(post("whole"));
    await settled();
    assert.equal(last(client).hint, "timeout=5");
    client.send(post("slowly").slice(0, -1));
    clock.advance(1_000 + LATE);
    assert.deepEqual(statuses(client), [200, 408]);
  });

  limit(`setTimeouts.writeTimeout holds for this response alone (${kind})`, async () => {
    for (const [server, writeTimeout] of [[10_000, 2_000], [10_000, 40_000], [0, 2_000]]) {
      const stuck = connect({ ...own({ writeTimeout }), writeTimeout: server });
      stuck.client.takesWrites = false;
      stuck.client.send(post("large", "/own"));
      await settled();
      stuck.clock.advance(writeTimeout - 1);
      assert.equal(stuck.client.closed, false);
      stuck.clock.advance(1 + cutOffBy(writeTimeout) - writeTimeout);
      assert.equal(stuck.client.closed, true, `${writeTimeout} in place of ${server}`);
      assert.equal(await stuck.connection.closed, "write_timeout");
    }
    for (const writeTimeout of [0, 2_000, 40_000]) {
      const { client, clock } = connect({ ...own({ writeTimeout }), writeTimeout: 10_000 });
      client.send(post("small", "/own"));
      await settled();
      client.takesWrites = false;
      client.send(post("large", "/next"));
      await settled();
      clock.advance(9_999);
      assert.equal(client.closed, false);
      clock.advance(1 + cutOffBy(10_000) - 10_000);
      assert.equal(client.closed, true, `after ${writeTimeout} the server's time`);
    }
  });

  limit(`setTimeouts.requestTimeout: 0 switches it off, as with each of them (${kind})`, async () => {
    const none = { idleTimeout: 0, requestTimeout: 0, minBodyRate: 0, writeTimeout: 0 };
    const times = {
      idleTimeout: 10_000,
      requestTimeout: 10_000,
      minBodyRate: 1_000,
      writeTimeout: 10_000,
      headerTimeout: 0,
    };
    for (const [how, cut] of ARRIVALS) {
      const { client, clock, connection } = connect({ ...own(none), ...times });
      sendSlowly(client, "/own", cut);
      clock.advance(LONG);
      client.takesWrites = false;
      client.send("x");
      await settled();
      clock.advance(LONG);
      client.drain();
      assert.deepEqual(statuses(client), [200], `head ${how}`);
      assert.equal(last(client).hint, undefined);
      clock.advance(LONG);
      assert.equal(connection.state, "idle");
    }
  });

  test(`setTimeouts() names what is wrong, and changes nothing then (${kind})`, async () => {
    const errors: Error[] = [];
    const wrong: [timeouts: unknown, kind: string, name: string][] = [
      [{ idleTimout: 1 }, "TypeError", "idleTimout"],
      [{ headerTimeout: 1 }, "TypeError", "headerTimeout"],
      [{ idleTimeout: 20_000, requestTimeout: "1" }, "TypeError", "requestTimeout"],
      [{ idleTimeout: 20_000, writeTimeout: null }, "TypeError", "writeTimeout"],
      [{ idleTimeout: 20_000, writeTimeout: -1 }, "RangeError", "writeTimeout"],
      [{ idleTimeout: 1.5 }, "RangeError", "idleTimeout"],
      [{ requestTimeout: 2 ** 31 }, "RangeError", "requestTimeout"],
      [{ minBodyRate: NaN }, "RangeError", "minBodyRate"],
      [{ minBodyRate: "fast" }, "TypeError", "minBodyRate"],
      [{ minBodyRate: null }, "TypeError", "minBodyRate"],
      [{ minBodyRate: { rate: 1 } }, "TypeError", "minBodyRate.rate"],
      [{ minBodyRate: { grace: 0 } }, "RangeError", "minBodyRate.grace"],
      [{ minBodyRate: { bytesPerSecond: -1 } }, "RangeError", "minBodyRate.bytesPerSecond"],
    ];
    const { client } = connect({
      idleTimeout: 10_000,
      ...handler(kind, (asked) => {
        for (const [timeouts] of wrong) {
          try {
            asked.setTimeouts(timeouts as Timeouts);
          } catch (error) {
            errors.push(error as Error);
          }
        }
        return asked.text();
      }),
    });
    client.send(get());
    await settled();
    assert.equal(last(client).hint, "timeout=10");
    assert.deepEqual(errors.map(({ name }) => name), wrong.map(([, name]) => name));
    errors.forEach(({ message }, i) => assert.ok(message.includes(`"${wrong[i][2]}"`), message));
  });
}

limit("setTimeouts.requestTimeout does not pass while nobody reads", async () => {
  let x!: Exchange;
  const slow = connect({ exchange: (given) => void (x = given), minBodyRate: 0 });
  slow.client.send(post("slowly").slice(0, -3));
  x.setTimeouts({ requestTimeout: 1_000 });
  slow.clock.advance(100_000);
  assert.equal(slow.connection.state, "active");
  const told = x.text().catch((error) => error);
  slow.clock.advance(999);
  assert.equal(slow.connection.state, "active");
  slow.clock.advance(1 + 3 * LATE);
  assertProtocolError(await told, "request_timeout", 408);
  await assertEnds(slow, "request_timeout");
});

limit("setTimeouts.writeTimeout runs on where a call does not name it", async () => {
  let x!: Exchange;
  const { client, connection, clock } = connect({
    exchange: (given) => void (x = given),
    writeTimeout: 10_000,
  });
  client.takesWrites = false;
  client.send(get());
  x.start(200);
  x.write("x".repeat(100_000));
  let passed = 0;
  for (; !client.closed && passed < 30_000; passed += 1_000) {
    x.setTimeouts({ idleTimeout: 5_000 });
    clock.advance(1_000);
  }
  assert.ok(passed >= 10_000 && passed <= cutOffBy(10_000) + 1_000, `after ${passed} ms`);
  assert.equal(await connection.closed, "write_timeout");
});

limit("setTimeouts.writeTimeout counts for a client that is behind", async () => {
  for (const writeTimeout of [6_000, 20_000]) {
    let x!: Exchange;
    const { client, connection, clock } = connect({
      exchange: (given) => void (x = given),
      writeTimeout: 10_000,
    });
    client.takesWrites = false;
    client.send(get());
    x.start(200);
    x.write("x".repeat(100_000));
    clock.advance(5_000);
    x.setTimeouts({ writeTimeout });
    clock.advance(writeTimeout - 1);
    assert.equal(client.closed, false, `${writeTimeout} ms are not over`);
    clock.advance(1 + cutOffBy(writeTimeout) - writeTimeout);
    assert.equal(client.closed, true, `${writeTimeout} ms are over`);
    assert.equal(await connection.closed, "write_timeout");
  }
});

limit("setTimeouts.idleTimeout comes too late behind the response's head", async () => {
  const idle = connect({
    idleTimeout: 10_000,
    idleTimeoutBuffer: 0,
    exchange(x) {
      x.start(200);
      x.setTimeouts({ idleTimeout: 5_000 });
      x.end();
    },
  });
  idle.client.send(get());
  assert.equal(last(idle.client).hint, "timeout=10");
  idle.clock.advance(9_999);
  assert.equal(idle.connection.state, "idle", "it has what it was told");
  idle.clock.advance(1 + LATE);
  await assertEnds(idle, "idle_timeout");
});

test("setTimeouts() wants an object, and says so of itself", () => {
  for (const nothing of [null, undefined, 5]) {
    let message = "";
    const { client } = connect({
      exchange(x) {
        assert.throws(() => x.setTimeouts(nothing as unknown as Timeouts), (error: Error) => {
          message = error.message;
          return error instanceof TypeError;
        });
        ok(x);
      },
    });
    client.send(get());
    assert.deepEqual(statuses(client), [200]);
    assert.doesNotMatch(message, /fetch/, "a handler has no use for a word about the server's options");
  }
});

test("setTimeouts() after the end is an ExchangeError", async () => {
  const late: (() => void)[] = [];
  const { client } = connect({
    exchange(x) {
      late.push(() => x.setTimeouts({ idleTimeout: 1_000 }));
      ok(x);
    },
  });
  client.send(get());
  assert.throws(late[0], ExchangeError);
  let info!: FetchInfo;
  const fetched = connect({
    fetch(_request, given) {
      info = given;
      return new Response();
    },
  });
  fetched.client.send(get());
  await settled();
  assert.throws(() => info.setTimeouts({ idleTimeout: 1_000 }), ExchangeError);
  // The next request has the exchange now: its times are not to be touched.
  let first: FetchInfo | undefined;
  const next = connect({
    fetch(_request, given) {
      if (first !== undefined) return new Promise<Response>(() => {});
      first = given;
      return new FastResponse();
    },
  });
  next.client.send(get() + get());
  assert.equal(next.connection.requests, 2);
  assert.throws(() => first!.setTimeouts({ idleTimeout: 1_000 }), ExchangeError);
});

test("setTimeouts() to a client that has gone is an ExchangeError, or does nothing", async () => {
  for (const kind of KINDS) {
    let asked!: Asked;
    const { client } = connect({ ...handler(kind, (given) => (asked = given).text()), onError: () => {} });
    client.send(postHead(2));
    client.reset();
    await settled();
    try {
      asked.setTimeouts({ requestTimeout: 1_000 });
    } catch (error) {
      assert.ok(error instanceof ExchangeError, `${error}`);
    }
  }
});

limits.testThatAllArePinned("on the fake clock");
