/**
 * Every limit over TCP, by `serve()` of the runtime that runs the test and on real time: short limits, which
 * must have passed when they strike, and wide bounds on how much later that is.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "undici/index.js";
import { serve, type Server } from "../../mod.ts";
import { runtimes } from "../../scripts/tools.mjs";
import type { CloseReason, Connection, NetAddr } from "../../src/conn.ts";
import { Deferred } from "../../src/connection/deferred.ts";
import { ConnectionError, ProtocolError } from "../../src/errors.ts";
import type { Exchange } from "../../src/exchange.ts";
import type { ConnectionOptions, ServeOptions, Timeouts } from "../../src/options.ts";
import { causeOf } from "../support/abort_cause.ts";
import { concat, patternBytes } from "../support/bytes.ts";
import { connectTcp } from "../support/byte_streams.ts";
import { inTime } from "../support/deadline.ts";
import { get, post } from "../support/memory.ts";
import { needs, runWell } from "../support/tools.ts";
import { WireClient, type WireResponse } from "../support/wire_client.ts";
import { LimitTests } from "./rows.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
/** How much later than its time a limit may strike on a machine that is busy, in milliseconds. */
const SLACK = 5_000;

const limits = new LimitTests();

/** A test that pins the limits with which its name begins. */
function limit(name: string, body: () => Promise<void>): void {
  limits.test(name, () => inTime(body(), name));
}

const waiting: (() => void)[] = [];

/** As `limit`, for tests that mostly wait: they do so together, from when the first of them is run. */
function waits(name: string, body: () => Promise<void>): void {
  const over = new Deferred<void>();
  waiting.push(() => void inTime(body(), name).then(over.resolve, over.reject));
  limits.test(name, () => {
    for (const begin of waiting.splice(0)) begin();
    return over.promise;
  });
}

/** More than the system buffers on the way. */
const UNREAD = new Uint8Array(32 * MIB);

const ok = (x: Exchange): void => x.respond(200, {}, x.target);

/** A client, and the server's side of its connection. */
class Visitor {
  readonly client: WireClient;
  readonly connection: Connection;
  /** When the server accepted it, by `performance.now()`. */
  readonly since: number;

  constructor(client: WireClient, connection: Connection, since: number) {
    this.client = client;
    this.connection = connection;
    this.since = since;
  }

  async ask(request: string | Uint8Array = get()): Promise<WireResponse> {
    await this.client.send(request);
    return await this.client.response();
  }

  /** Fails unless the server half-closes, and ends for this reason when the client ends too. */
  async assertEnds(reason: CloseReason): Promise<void> {
    await this.client.assertEnd();
    this.client.end();
    assert.equal(await this.connection.closed, reason);
  }

  /** Sends a piece every so often, until the connection has no use for it any more. */
  async trickle(piece: string | Uint8Array, pause: number, times: number): Promise<void> {
    for (let i = 0; i < times && this.connection.state === "active"; i++) {
      await this.client.send(piece).catch(() => {}); // the server may have cut it off just now
      await delay(pause);
    }
  }
}

/** A server and those who come to it, all ended with the test. */
class Site implements AsyncDisposable {
  readonly server: Server;
  readonly port: number;
  readonly #arrivals: Arrivals;
  readonly #clients: WireClient[] = [];

  constructor(server: Server, arrivals: Arrivals) {
    this.server = server;
    this.port = (server.addr as NetAddr).port;
    this.#arrivals = arrivals;
  }

  /** Comes to the server. Not two at a time: the sides would not belong together. */
  async visit(): Promise<Visitor> {
    const client = new WireClient(await connectTcp(this.port));
    const index = this.#clients.push(client) - 1;
    const { connection, since } = await this.#arrivals.at(index);
    return new Visitor(client, connection, since);
  }

  async visits(count: number): Promise<Visitor[]> {
    const visitors: Visitor[] = [];
    while (visitors.length < count) visitors.push(await this.visit());
    return visitors;
  }

  /** A visitor that has asked once. */
  async guest(): Promise<Visitor & { readonly greeting: WireResponse }> {
    const visitor = await this.visit();
    return Object.assign(visitor, { greeting: await visitor.ask() });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.reset();
    await inTime(this.server.close(), "the end of the server");
    sites.delete(this);
  }
}

/** The connections of a server, in the order in which they came. */
class Arrivals {
  readonly #all: { readonly connection: Connection; readonly since: number }[] = [];
  #tell: () => void = () => {};

  add(connection: Connection): void {
    this.#all.push({ connection, since: performance.now() });
    this.#tell();
  }

  async at(index: number): Promise<{ readonly connection: Connection; readonly since: number }> {
    while (this.#all.length <= index) await new Promise<void>((resolve) => this.#tell = resolve);
    return this.#all[index];
  }
}

/** Those that have not ended. */
const sites = new Set<Site>();

async function open(options: ServeOptions): Promise<Site> {
  const arrivals = new Arrivals();
  const server = await serve({
    port: 0,
    hostname: "127.0.0.1",
    onError: () => {},
    onStateChange: (connection, state) => state === "new" && arrivals.add(connection),
    ...options,
  });
  const site = new Site(server, arrivals);
  sites.add(site);
  return site;
}

/** Waits until something is so of which nobody tells. */
async function until(isSo: () => boolean): Promise<void> {
  for (const start = performance.now(); !isSo();) {
    assert.ok(performance.now() - start < 2 * SLACK, `still not: ${isSo}`);
    await delay(5);
  }
}

/** Does all of these at the same time. */
async function together(...doings: (() => Promise<unknown>)[]): Promise<void> {
  await Promise.all(doings.map((doing) => doing()));
}

/** Does it with both kinds of handler at the same time. */
async function withBothKinds(doing: (kind: Kind) => Promise<void>): Promise<void> {
  await Promise.all(KINDS.map(doing));
}

/** Fails unless it takes at least `least` ms, and not very much longer. */
async function assertTakes<T>(least: number, what: string, doing: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await doing();
  const took = Math.round(performance.now() - start);
  assert.ok(took >= least && took < least + SLACK, `${what} took ${took} ms, not ${least}`);
  return result;
}

/** Fails unless `response` refuses with this status, and the connection with it. */
function assertRefused(response: WireResponse, status: number): void {
  assert.deepEqual([response.status, response.headers.get("connection")], [status, "close"]);
}

function assertProtocolError(error: unknown, code: string): void {
  assert.ok(error instanceof ProtocolError && error.code === code, `${code}, not ${error}`);
}

/** The head of a request whose body has `length` bytes. */
function postHead(length: number, target = "/"): string {
  return post("", target).replace("Content-Length: 0", `Content-Length: ${length}`);
}

const CHUNKED = post("").replace("Content-Length: 0", "Transfer-Encoding: chunked");

/** A chunk with this content. */
function chunk(content: string | Uint8Array): Uint8Array {
  return concat([`${content.length.toString(16)}\r\n`, content, "\r\n"]);
}

/** A GET, cut in two. */
const HEAD = [get().slice(0, 10), get().slice(10)] as const;

const KINDS = ["exchange", "fetch"] as const;
type Kind = typeof KINDS[number];

/** What handlers of either kind see. */
interface Asked {
  readonly target: string;
  text(): Promise<string>;
  setTimeouts(timeouts: Timeouts): void;
}

/** A handler of this kind that answers with what `answer` says. */
function handler(kind: Kind, answer: (asked: Asked) => Promise<Uint8Array<ArrayBuffer>>): ConnectionOptions {
  if (kind === "exchange") return { exchange: async (x) => x.respond(200, {}, await answer(x)) };
  return {
    async fetch(request, info) {
      const body = await answer({
        target: new URL(request.url).pathname,
        text: () => request.text(),
        setTimeouts: (timeouts) => info.setTimeouts(timeouts),
      });
      return new Response(body, { headers: { "content-length": String(body.length) } });
    },
  };
}

/** A handler of this kind that answers with the length of the body, and keeps what its reader is told. */
function counting(kind: Kind): { options: ConnectionOptions; told: unknown[] } {
  const told: unknown[] = [];
  const options = handler(kind, async (asked) => {
    try {
      return concat([String((await asked.text()).length)]);
    } catch (error) {
      told.push(error);
      throw error;
    }
  });
  return { options, told };
}

// Persistence.

limit("keepAlive: false says close and closes, from when it is set on", async () => {
  await using site = await open({ exchange: ok, keepAlive: false });
  const closing = await site.guest();
  assertRefused(closing.greeting, 200);
  await closing.assertEnds("keep_alive_off");
  site.server.keepAlive = true;
  const kept = await site.guest();
  assert.equal((await kept.ask()).headers.get("connection"), "keep-alive");
  site.server.keepAlive = false;
  assertRefused(await kept.ask(get() + get()), 200);
  await kept.assertEnds("keep_alive_off");
});

limit("maxRequests, keepAliveHint: the last response closes, told or not", async () => {
  for (
    const [keepAliveHint, hints] of [
      [true, ["timeout=60, max=2", "timeout=60, max=1", undefined]],
      [false, [undefined, undefined, undefined]],
    ] as const
  ) {
    await using site = await open({ exchange: ok, maxRequests: 3, keepAliveHint });
    const visitor = await site.visit();
    await visitor.client.send(get().repeat(4));
    const responses = await visitor.client.responses(3);
    assert.deepEqual(responses.map(({ headers }) => headers.get("keep-alive")), hints);
    assertRefused(responses[2], 200);
    await visitor.assertEnds("max_requests");
  }
});

waits("maxAge, jitter: connections end with a response, not all at once", async () => {
  await using even = await open({ exchange: ok, maxAge: 600, jitter: 0 });
  await using spread = await open({ exchange: ok, maxAge: 600, jitter: 0.5 });
  /** For how long it asked before it was told to go. */
  const age = async (visitor: Visitor): Promise<number> => {
    while ((await visitor.ask()).headers.get("connection") !== "close") await delay(10);
    const age = performance.now() - visitor.since;
    await visitor.assertEnds("max_age");
    return age;
  };
  await together(
    async () => {
      const took = await age(await even.visit());
      assert.ok(took >= 600 && took < 600 + SLACK, `${took} ms old`);
    },
    async () => {
      const ages = (await Promise.all((await spread.visits(40)).map(age))).sort((a, b) => a - b);
      assert.ok(ages[0] >= 300 && ages[39] < 900 + SLACK, `${ages} ms old`);
      assert.ok(ages[0] < 600 && ages[39] - ages[0] > 250, `${ages} ms old, all of them`);
    },
  );
});

// Time.

waits("idleTimeout, idleTimeoutBuffer: an idle connection ends, later than told", async () => {
  await using buffered = await open({ exchange: ok, idleTimeout: 1_000, idleTimeoutBuffer: 500 });
  await using exact = await open({
    exchange: ok,
    idleTimeout: 1_000,
    idleTimeoutBuffer: 0,
    keepAliveHint: false,
  });
  await using lenient = await open({ exchange: ok, idleTimeout: 100, idleTimeoutBuffer: 60_000 });
  await using tireless = await open({ exchange: ok, idleTimeout: 0, idleTimeoutBuffer: 100 });
  const [late, never] = [await lenient.guest(), await tireless.guest()];
  assert.equal(never.greeting.headers.get("keep-alive"), undefined);
  await together(
    () =>
      assertTakes(1_500, "idling", async () => {
        const visitor = await buffered.guest();
        assert.equal(visitor.greeting.headers.get("keep-alive"), "timeout=1");
        await visitor.assertEnds("idle_timeout");
      }),
    () =>
      assertTakes(1_000, "idling", async () => {
        const visitor = await exact.guest();
        assert.equal(visitor.greeting.headers.get("keep-alive"), undefined);
        await visitor.assertEnds("idle_timeout");
      }),
  );
  for (const visitor of [late, never]) assert.equal((await visitor.ask()).status, 200);
});

waits("headerTimeout ends a head that does not come, with 408 if it began", async () => {
  await using site = await open({ exchange: ok, headerTimeout: 1_000 });
  await using patient = await open({ exchange: ok, headerTimeout: 0 });
  const [silent, slow] = await patient.visits(2);
  await slow.client.send(HEAD[0]);
  await assertTakes(1_000, "silence, a first head and a later one", async () => {
    const later = await site.guest();
    const [nothing, first] = await site.visits(2);
    await together(
      () => nothing.assertEnds("header_timeout"),
      async () => {
        assertRefused(await first.ask(HEAD[0]), 408);
        await first.assertEnds("header_timeout");
      },
      async () => {
        await later.client.send(get("/", "X: ").slice(0, -4));
        await until(() => later.connection.state === "active");
        const trickling = later.trickle("x", 50, 100);
        assertRefused(await later.client.response(), 408);
        await trickling;
        await later.assertEnds("header_timeout");
      },
    );
  });
  assert.equal((await silent.ask()).status, 200);
  assert.equal((await slow.ask(HEAD[1])).status, 200);
});

waits("requestTimeout ends a body that does not come to its end, with 408", async () => {
  await withBothKinds(async (kind) => {
    const { options, told } = counting(kind);
    await using site = await open({ ...options, requestTimeout: 1_000, minBodyRate: 0 });
    await using patient = await open({ ...options, requestTimeout: 0, minBodyRate: 0 });
    const waiting = await patient.visit();
    await waiting.client.send(postHead(2) + "h");
    const visitor = await site.visit();
    await assertTakes(1_000, "a body", async () => {
      await visitor.client.send(postHead(1_000) + "x");
      await until(() => visitor.connection.state === "active");
      const trickling = visitor.trickle("x", 50, 100);
      assertRefused(await visitor.client.response(), 408);
      await trickling;
    });
    await visitor.assertEnds("request_timeout");
    assertProtocolError(told[0], "request_timeout");
    assert.equal((await waiting.ask("i")).text, "2");
  });
});

waits("minBodyRate.bytesPerSecond, minBodyRate.grace: a slow body gets 408", async () => {
  await withBothKinds(async (kind) => {
    const { options, told } = counting(kind);
    const grace = 800;
    await using site = await open({ ...options, minBodyRate: { bytesPerSecond: 2_000, grace } });
    await using patient = await open({ ...options, minBodyRate: 0 });
    const waiting = await patient.visit();
    await waiting.client.send(postHead(2) + "h");
    const [slow, fast] = await site.visits(2);
    await together(
      async () => {
        await assertTakes(grace, "a slow body", async () => {
          await slow.client.send(postHead(5_000) + "x");
          await until(() => slow.connection.state === "active");
          const trickling = slow.trickle("x".repeat(50), 50, 100);
          assertRefused(await slow.client.response(), 408);
          await trickling;
        });
        await slow.assertEnds("slow_body");
        assertProtocolError(told[0], "body_too_slow");
      },
      async () => {
        // Far faster than the rate, so that a busy machine does not make it too slow.
        await fast.client.send(postHead(20 * 20_000));
        await until(() => fast.connection.state === "active");
        await fast.trickle("x".repeat(20_000), 60, 20);
        assert.equal((await fast.client.response()).text, "400000");
      },
    );
    assert.equal(told.length, 1);
    assert.equal((await waiting.ask("i")).text, "2");
  });
});

waits("writeTimeout cuts off a client that reads nothing, not one that is slow", async () => {
  const large = new Uint8Array(64 * MIB); // more than the system buffers on the way
  const writeTimeout = 1_500;
  await withBothKinds(async (kind) => {
    const options = handler(kind, async ({ target }) => target === "/large" ? large : concat([target]));
    await using site = await open({ ...options, writeTimeout });
    await using patient = await open({ ...options, writeTimeout: 0 });
    const waiting = await patient.visit();
    await waiting.client.send(get("/large"));
    const [stuck, slow] = await site.visits(2);
    await together(
      async () => {
        await assertTakes(writeTimeout, "reading nothing", async () => {
          await stuck.client.send(get("/large"));
          assert.equal(await stuck.connection.closed, "write_timeout");
        });
        let received = 0;
        const reading = (async () => {
          for (;;) received += (await stuck.client.readBytes(64 * KIB)).length;
        })();
        await assert.rejects(reading);
        assert.ok(received < large.length, "the response was cut off");
      },
      async () => {
        // The whole takes longer than the time, and what the system notices of it much less.
        const start = performance.now();
        await slow.client.send(get("/large"));
        await slow.client.readUntil("\r\n\r\n");
        for (let left = large.length; left > 0; left -= 2 * MIB) {
          await slow.client.readBytes(2 * MIB);
          await delay(80);
        }
        assert.ok(performance.now() - start > 1.5 * writeTimeout);
        assert.equal((await slow.ask(get("/next"))).text, "/next", "the connection goes on");
      },
    );
    assert.equal((await waiting.client.response()).body.length, large.length);
  });
});

waits("drainBody.timeout ends the wait for an unread body", async () => {
  await using site = await open({ exchange: ok, drainBody: { timeout: 1_000 } });
  await using patient = await open({ exchange: ok, drainBody: { timeout: 0 } });
  const waiting = await patient.visit();
  assert.equal((await waiting.ask(postHead(2, "/a") + "x")).text, "/a");
  const [late, early] = await site.visits(2);
  assert.equal((await early.ask(postHead(2, "/a") + "x")).text, "/a");
  assert.equal((await early.ask("x" + get("/b"))).text, "/b");
  await assertTakes(1_000, "the rest of a body", async () => {
    assert.equal((await late.ask(postHead(2, "/a") + "x")).text, "/a");
    await late.assertEnds("unread_body");
  });
  assert.equal((await waiting.ask("x" + get("/b"))).text, "/b");
});

waits("lingerTimeout is how long a closing connection discards", async () => {
  await using site = await open({ exchange: ok, lingerTimeout: 1_000 });
  await using hasty = await open({ exchange: ok, lingerTimeout: 0 });
  const goodbye = get("/", "Connection: close");
  const ended: string[] = [];
  const closing = async ({ connection }: Visitor, name: string): Promise<void> => {
    assert.equal(await connection.closed, "close_requested");
    ended.push(name);
  };
  await together(
    () =>
      assertTakes(1_000, "lingering for a client that is silent", async () => {
        const silent = await site.visit();
        assertRefused(await silent.ask(goodbye), 200);
        await silent.client.assertEnd();
        await closing(silent, "lingered");
        // And for one that goes on as if nothing had been said.
        const talking = await site.visit();
        const closed = closing(talking, "lingered");
        await talking.client.send(goodbye);
        const talk = (async () => {
          while (talking.connection.state !== "closed") {
            await talking.client.send(patternBytes(10 * KIB)).catch(() => {});
            await delay(20);
          }
        })();
        assertRefused(await talking.client.response(), 200);
        await talking.client.assertEnd();
        await closed;
        await talk;
      }),
    async () => {
      const visitor = await hasty.visit();
      await visitor.client.send(goodbye);
      await closing(visitor, "at once");
    },
  );
  assert.deepEqual(ended, ["at once", "lingered", "lingered"]);
});

// Connections.

/** A request in two parts, between which its handler waits, so that the connection is not idle. */
const IN_TWO = ["POST /upload HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1\r\n\r\n", "a"] as const;
const echo = (x: Exchange): void | Promise<void> =>
  x.hasBody ? x.text().then((text) => x.respond(200, {}, text)) : ok(x);

limit("maxConnections closes the longest idle for a newcomer, or answers 503", async () => {
  await using site = await open({ exchange: echo, maxConnections: 4 });
  const [a, b, c] = [await site.guest(), await site.guest(), await site.guest()];
  await a.ask(); // b is the longest idle now
  const d = await site.visit();
  assert.equal(site.server.stats().evicted, 0);
  const e = await site.visit();
  assert.equal(await b.connection.closed, "evicted");
  await b.client.assertOver();
  assert.deepEqual([a, c, d, e].map(({ connection }) => connection.state), ["idle", "idle", "new", "new"]);
  const f = await site.visit();
  assert.equal(await c.connection.closed, "evicted");
  // None is idle where all are in the middle of a request.
  const asking = [a, d, e, f];
  for (const { client } of asking) await client.send(IN_TWO[0]);
  await until(() => asking.every(({ connection }) => connection.state === "active"));
  const g = await site.visit();
  assertRefused(await g.client.response(), 503);
  await g.assertEnds("rejected");
  const { accepted, rejected, evicted, closed } = site.server.stats();
  assert.deepEqual({ accepted, rejected, evicted, closed }, {
    accepted: 6,
    rejected: 1,
    evicted: 2,
    closed: { evicted: 2, rejected: 1 },
  });
  d.client.end();
  assert.equal(await d.connection.closed, "client_gone");
  const h = await site.visit();
  assert.equal((await h.ask()).status, 200);
  for (const visitor of [a, e, f]) assert.equal((await visitor.ask(IN_TWO[1])).status, 200);
});

limit("maxConnections: silent connections lock nobody out", async () => {
  await using site = await open({ exchange: ok, maxConnections: 10 });
  const silent = await site.visits(30);
  const newcomer = await site.guest();
  assert.equal(newcomer.greeting.status, 200);
  assert.equal(await silent[0].connection.closed, "evicted");
  assert.equal(site.server.stats().open, 10);
});

limit("maxConnections: connections that bring a part of a head lock nobody out", async () => {
  await using site = await open({ exchange: ok, maxConnections: 10 });
  const slow = await site.visits(10);
  for (const { client } of slow) await client.send("G");
  await until(() => slow.every(({ connection }) => connection.state === "active"));
  const newcomer = await site.guest();
  assert.equal(newcomer.greeting.status, 200);
  assert.equal(await slow[0].connection.closed, "evicted");
});

limit("maxConnections turns away hundreds at once", async () => {
  for (const lingerTimeout of [5_000, 0]) {
    await using site = await open({ exchange: echo, maxConnections: 2, lingerTimeout });
    const kept = await site.guest();
    await kept.client.send(IN_TWO[0]);
    const other = await site.visit();
    await other.client.send(IN_TWO[0]);
    await until(() => [kept, other].every(({ connection }) => connection.state === "active"));
    const turnedAway = await site.visits(300);
    const statuses = await Promise.all(
      turnedAway.map(({ client }) => client.response().then(({ status }) => status, () => "closed")),
    );
    // Only so many are told; to tell them all, they would all have to stay.
    assert.ok(statuses.filter((status) => status === 503).length >= 256);
    assert.ok(statuses.every((status) => status === 503 || status === "closed"));
    assert.equal(site.server.stats().rejected, 300);
    for (const { client } of turnedAway) client.end();
    for (const { connection } of turnedAway) assert.equal(await connection.closed, "rejected");
    assert.equal((await kept.ask(IN_TWO[1])).status, 200);
  }
});

limit("maxConnectionsPerIp answers 503 to one too many", async () => {
  await using site = await open({ exchange: ok, maxConnectionsPerIp: 2 });
  const [one, two] = [await site.guest(), await site.guest()];
  const three = await site.visit();
  assertRefused(await three.client.response(), 503);
  await three.assertEnds("rejected");
  one.client.end();
  assert.equal(await one.connection.closed, "client_closed");
  const four = await site.visit();
  for (const visitor of [two, four]) assert.equal((await visitor.ask()).status, 200);
  const { accepted, rejected, evicted } = site.server.stats();
  assert.deepEqual({ accepted, rejected, evicted }, { accepted: 3, rejected: 1, evicted: 0 });
});

/** Runs curl silently; it reads no settings of this user's. Answers the body and, behind it, the status. */
async function curl(...args: string[]): Promise<string> {
  const quiet = ["--disable", "--silent", "--show-error", "--noproxy", "*", "--write-out", "%{http_code}"];
  return String((await runWell("curl", [...quiet, ...args])).stdout);
}

test("maxConnectionsPerIp counts each address for itself", needs("curl"), async () => {
  await using site = await open({ exchange: (x) => x.respond(200), maxConnectionsPerIp: 1 });
  await site.visit();
  const url = `http://127.0.0.1:${site.port}/`;
  assert.match(await curl(url), /503$/);
  // Linux has all of 127.0.0.0/8 for this machine.
  if (process.platform === "linux") assert.equal(await curl("--interface", "127.0.0.2", url), "200");
});

waits("pressure shortens idle times, then lets nobody new stay", async () => {
  const options = { exchange: ok, maxConnections: 20, idleTimeout: 8_000, idleTimeoutBuffer: 0 };
  await using site = await open(options);
  const guests: (Visitor & { readonly greeting: WireResponse })[] = [];
  for (let i = 0; i < 17; i++) guests.push(await site.guest());
  assert.deepEqual(
    guests.map(({ greeting }) => greeting.headers.get("keep-alive")),
    guests.map((_, i) => i < 14 ? "timeout=8" : "timeout=2"),
  );
  const refused = await site.guest();
  assertRefused(refused.greeting, 200);
  assert.equal((await guests[1].ask()).headers.get("keep-alive"), "timeout=2", "who was there is kept");
  await refused.assertEnds("pressure");
  const hurried = [guests[1], ...guests.slice(14)];
  await assertTakes(2_000, "idling", async () => {
    await Promise.all(hurried.map((visitor) => visitor.ask()));
    await Promise.all(hurried.map((visitor) => visitor.assertEnds("idle_timeout")));
  });
  const stayed = guests.filter((visitor) => !hurried.includes(visitor));
  assert.ok(stayed.every(({ connection }) => connection.state === "idle"), "they were promised more");
  assert.equal((await stayed[0].ask()).headers.get("keep-alive"), "timeout=8", "there is room again");
});

limit("backlog is how many may wait, where the runtime takes it", async () => {
  // Comes 30 times while the server is busy, and tells how many were let wait.
  const COME = `
    const { connect } = require("node:net");
    let waiting = 0;
    for (let i = 0; i < 30; i++) connect(process.argv[1], "127.0.0.1", () => waiting++).on("error", () => {});
    setTimeout(() => process.exit(waiting), 300);
  `;
  const waitingAt = async (options: Partial<ServeOptions>): Promise<number | null> => {
    await using site = await open({ exchange: ok, ...options });
    return spawnSync(runtimes.node, ["-e", COME, String(site.port)]).status;
  };
  assert.equal(await waitingAt({}), 30);
  const few = (await waitingAt({ backlog: 3 }))!;
  // Systems let wait one or a few more than they are told.
  if ("Bun" in globalThis) assert.equal(few, 30);
  else assert.ok(few >= 3 && few < 10, `${few} connections wait`);
});

// Sizes.

limit("maxHeaderBytes, maxHeaders, maxTargetBytes: more gets 431 or 414", async () => {
  const target = "/".padEnd(100, "x");
  const padded = (length: number): string => {
    const head = get("/", "X: ");
    return get("/", "X: ".padEnd(3 + length - head.length, "x"));
  };
  const lines = (count: number): string =>
    get("/", ...Array.from({ length: count - 1 }, (_, i) => `X-${i}: 1`));
  for (
    const [options, off, within, beyond, status] of [
      [{ maxTargetBytes: 100 }, { maxTargetBytes: 0 }, get(target), get(target + "x"), 414],
      [{ maxHeaderBytes: 1_000 }, { maxHeaderBytes: 0 }, padded(1_000), padded(1_001), 431],
      [{ maxHeaders: 20 }, { maxHeaders: 0 }, lines(20), lines(21), 431],
    ] as const
  ) {
    await using site = await open({ exchange: ok, ...options });
    const visitor = await site.visit();
    assert.equal((await visitor.ask(within)).status, 200);
    assertRefused(await visitor.ask(beyond), status);
    await visitor.assertEnds("protocol_error");
    await using unlimited = await open({ exchange: ok, ...off });
    assert.equal((await (await unlimited.visit()).ask(beyond)).status, 200);
  }
});

limit("maxBodyBytes answers 413, before a body or in the middle of it", async () => {
  for (const kind of KINDS) {
    const { options, told } = counting(kind);
    await using site = await open({ ...options, maxBodyBytes: 100_000 });
    const length = await site.visit();
    const within = new Uint8Array(100_000).fill(0x61);
    assert.equal((await length.ask(concat([postHead(within.length), within]))).text, "100000");
    assertRefused(await length.ask(postHead(within.length + 1)), 413);
    await length.assertEnds("protocol_error");
    const chunks = await site.visit();
    const half = chunk(within.subarray(50_000));
    assert.equal((await chunks.ask(concat([CHUNKED, half, half, "0\r\n\r\n"]))).text, "100000");
    assert.deepEqual(told, []);
    assertRefused(await chunks.ask(concat([CHUNKED, half, half, chunk("x")])), 413);
    await chunks.assertEnds("protocol_error");
    assertProtocolError(told[0], "body_too_large");
    await using boundless = await open({ ...options, maxBodyBytes: 0 });
    assert.equal(
      (await (await boundless.visit()).ask(concat([postHead(100_001), within, "x"]))).text,
      "100001",
    );
  }
});

limit("drainBody.bytes is how much of an unread body is skipped", async () => {
  await using site = await open({ exchange: ok, drainBody: { bytes: 100_000 } });
  const body = patternBytes(100_001);
  const visitor = await site.visit();
  const within = body.subarray(1);
  for (const request of [[postHead(within.length, "/a"), within], [CHUNKED, chunk(within), "0\r\n\r\n"]]) {
    assert.equal((await visitor.ask(concat([...request, get("/b")]))).status, 200);
    assert.equal((await visitor.client.response()).text, "/b");
  }
  assertRefused(await visitor.ask(concat([postHead(body.length), body, get("/b")])), 200);
  await visitor.assertEnds("unread_body");
  const chunks = await site.visit();
  assert.equal((await chunks.ask(concat([CHUNKED, chunk(body), "0\r\n\r\n", get("/b")]))).status, 200);
  await chunks.assertEnds("unread_body");
});

limit("highWaterMark is how much of an upload waits for the handler", async () => {
  const upload = new Uint8Array(32 * MIB);
  const readAt = async (highWaterMark: number): Promise<number> => {
    const gate = new Deferred<void>();
    await using site = await open({
      highWaterMark,
      async exchange(x) {
        if (!x.hasBody) return ok(x);
        await gate.promise;
        x.respond(200, {}, String((await x.bytes()).length));
      },
    });
    const [uploading, other] = await site.visits(2);
    await uploading.client.send(postHead(upload.length));
    const sent = uploading.client.send(upload);
    await until(() => site.server.stats().bytesRead >= highWaterMark);
    // Long enough for it to read on, if it would.
    for (let i = 0; i < 200; i++) await other.ask();
    const { bytesRead } = site.server.stats();
    gate.resolve();
    assert.equal((await uploading.client.response()).text, String(upload.length));
    await sent;
    return bytesRead;
  };
  const [little, much] = [await readAt(10 * KIB), await readAt(8 * MIB)];
  assert.ok(little < 2 * MIB && much < 16 * MIB, `read ${little} and ${much} bytes`);
});

limit("highWaterMark is how much of a response waits for the client", async () => {
  const piece = new Uint8Array(8 * KIB);
  const welcomeAt = async (highWaterMark: number): Promise<number> => {
    let welcome = 0;
    await using site = await open({
      highWaterMark,
      exchange(x) {
        x.start(200);
        while (welcome < 128 * MIB && x.write(piece)) welcome += piece.length;
      },
    });
    const { client } = await site.visit();
    await client.send(get());
    await until(() => welcome > 0);
    return welcome;
  };
  // What the system buffers comes on top, where the runtime hands over all that it takes.
  const [little, much] = [await welcomeAt(10 * KIB), await welcomeAt(64 * MIB)];
  assert.ok(little < 48 * MIB && much >= 63 * MIB, `${little} and ${much} bytes were welcome`);
});

// For one request.

/** A server whose handler sets these times for a target that begins with "/own", and sends much for "/large". */
function openWith(own: Timeouts, kind: Kind, options: Partial<ServeOptions> = {}): Promise<Site> {
  const answer = handler(kind, async (asked) => {
    if (asked.target.startsWith("/own")) asked.setTimeouts(own);
    const { length } = await asked.text();
    return asked.target.endsWith("/large") ? UNREAD : concat([String(length)]);
  });
  return open({ idleTimeoutBuffer: 0, minBodyRate: 0, ...answer, ...options });
}

waits("setTimeouts.idleTimeout holds behind its own request", () =>
  withBothKinds(async (kind) => {
    await using patient = await openWith({ idleTimeout: 1_000 }, kind);
    await using hasty = await openWith({ idleTimeout: 0 }, kind, { idleTimeout: 1_000 });
    const [shorter, notShorter] = await patient.visits(2);
    const [longer, notLonger] = await hasty.visits(2);
    const idles = async (visitor: Visitor, target: string, hint: string | undefined): Promise<void> => {
      assert.equal((await visitor.ask(get(target))).headers.get("keep-alive"), hint);
    };
    await idles(notShorter, "/own", "timeout=1");
    await idles(notShorter, "/next", "timeout=60");
    await idles(notLonger, "/own", undefined);
    await idles(longer, "/own", undefined);
    await together(...([[shorter, "/own"], [notLonger, "/next"]] as const).map(([visitor, target]) => () =>
      assertTakes(1_000, "idling", async () => {
        await idles(visitor, target, "timeout=1");
        await visitor.assertEnds("idle_timeout");
      })
    ));
    for (const visitor of [longer, notShorter]) {
      assert.equal((await visitor.ask()).status, 200);
    }
  }));

for (
  const [name, short, reason] of [
    ["requestTimeout", { requestTimeout: 1_000 }, "request_timeout"],
    ["minBodyRate", { minBodyRate: { bytesPerSecond: 1_000, grace: 1_000 } }, "slow_body"],
  ] as const
) {
  waits(`setTimeouts.${name} holds for its own body`, () =>
    withBothKinds(async (kind) => {
      await using patient = await openWith(short, kind);
      await using hasty = await openWith({ [name]: 0 }, kind, short);
      const [shorter, notShorter] = await patient.visits(2);
      const [longer, notLonger] = await hasty.visits(2);
      for (const visitor of [notShorter, notLonger]) await visitor.ask(post("xx", "/own"));
      await notShorter.client.send(postHead(2, "/next") + "x");
      await longer.client.send(postHead(2, "/own") + "x");
      await together(...([[shorter, "/own"], [notLonger, "/next"]] as const).map(([visitor, target]) => () =>
        assertTakes(1_000, "a body", async () => {
          assertRefused(await visitor.ask(postHead(2, target) + "x"), 408);
          await visitor.assertEnds(reason);
        })
      ));
      for (const visitor of [longer, notShorter]) {
        assert.equal((await visitor.ask("x")).text, "2");
      }
    }));
}

waits("setTimeouts.writeTimeout holds for its own response", () =>
  withBothKinds(async (kind) => {
    await using patient = await openWith({ writeTimeout: 1_000 }, kind);
    await using hasty = await openWith({ writeTimeout: 0 }, kind, { writeTimeout: 1_000 });
    const [shorter, notShorter] = await patient.visits(2);
    const [longer, notLonger] = await hasty.visits(2);
    for (const visitor of [notShorter, notLonger]) await visitor.ask(get("/own"));
    await notShorter.client.send(get("/large"));
    await longer.client.send(get("/own/large"));
    await together(
      ...([[shorter, "/own/large"], [notLonger, "/large"]] as const).map(([visitor, target]) => () =>
        assertTakes(1_000, "reading nothing", async () => {
          await visitor.client.send(get(target));
          assert.equal(await visitor.connection.closed, "write_timeout");
        })
      ),
    );
    for (const { client } of [longer, notShorter]) {
      assert.equal((await client.response()).body.length, UNREAD.length);
    }
  }));

// Clients that come too late, too early, or go.

/** Far more than any buffer on the way, and than is drained. */
const UPLOAD = 50 * MIB;
const PIECE = new Uint8Array(MIB).fill(0x61);

/** Sites that answer an upload early, by their answer. */
const EARLY: readonly (readonly [answer: string, options: ConnectionOptions, reason: CloseReason])[] = [
  ["413", { maxBodyBytes: MIB, exchange: (x) => x.bytes().then(() => {}) }, "protocol_error"],
  [
    "413",
    { maxBodyBytes: MIB, fetch: async (request) => new Response(await request.text()) },
    "protocol_error",
  ],
  ["401", { exchange: (x) => x.respond(401, {}, "who are you?") }, "unread_body"],
  ["401", { fetch: () => new Response("who are you?", { status: 401 }) }, "unread_body"],
];

/** Fails unless `text` is what such a site says with this status. */
function assertEarlyAnswer(status: number | string, text: string, answer: string): void {
  assert.equal(String(status), answer);
  assert.match(text, answer === "401" ? /^who are you\?$/ : /^413 Content Too Large: .*\d+ bytes\n$/);
}

limit("lingerTimeout lets a client that sends all before it reads get its answer", async () => {
  for (const [answer, options, reason] of EARLY) {
    await using site = await open(options);
    for (const head of [postHead(UPLOAD), CHUNKED]) {
      const visitor = await site.visit();
      await visitor.client.send(head);
      for (let sent = 0; sent < UPLOAD; sent += PIECE.length) {
        await visitor.client.send(head === CHUNKED ? chunk(PIECE) : PIECE);
      }
      if (head === CHUNKED) await visitor.client.send("0\r\n\r\n");
      const response = await visitor.client.response();
      assertEarlyAnswer(response.status, response.text, answer);
      await visitor.assertEnds(reason);
    }
  }
});

test("curl reads an early answer to its upload", needs("curl"), async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "mooring-upload-"));
  try {
    const file = path.join(folder, "upload.bin");
    await writeFile(file, new Uint8Array(UPLOAD));
    for (const [answer, options] of EARLY) {
      await using site = await open(options);
      for (const framing of [[], ["--header", "Transfer-Encoding: chunked"]]) {
        const upload = ["--header", "Expect:", ...framing, "--data-binary", `@${file}`];
        const printed = await curl(...upload, `http://127.0.0.1:${site.port}/`);
        assertEarlyAnswer(printed.slice(-3), printed.slice(0, -3), answer);
      }
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** An upload in pieces, of a length that nobody is told. */
function uploadStream(): ReadableStream<Uint8Array> {
  let left = UPLOAD;
  return new ReadableStream({
    pull(controller) {
      if (left === 0) return controller.close();
      controller.enqueue(PIECE.slice());
      left -= PIECE.length;
    },
  });
}

test("undici and fetch read an early answer to their upload", async () => {
  for (const [answer, options] of EARLY) {
    await using site = await open(options);
    const url = `http://127.0.0.1:${site.port}`;
    for (const body of [() => new Uint8Array(UPLOAD), uploadStream]) {
      const client = new Client(url);
      try {
        const response = await inTime(
          client.request({ path: "/", method: "POST", body: body() as Uint8Array }),
          "undici's answer",
        );
        assertEarlyAnswer(response.statusCode, await response.body.text(), answer);
      } finally {
        await client.destroy();
      }
      const init = { method: "POST", body: body(), duplex: "half" } as RequestInit;
      const response = await inTime(fetch(url, init), "the answer of fetch()");
      assertEarlyAnswer(response.status, await response.text(), answer);
    }
  }
});

test("a client that has half-closed gets its answer, slowly as it reads", async () => {
  const large = patternBytes(8 * MIB);
  for (const kind of KINDS) {
    const options = handler(kind, async (asked) => {
      await asked.text();
      return large;
    });
    await using site = await open({ ...options, lingerTimeout: 100 });
    const visitor = await site.visit();
    await visitor.client.send(post("that is all"));
    visitor.client.end();
    await visitor.client.readUntil("\r\n\r\n");
    let received = 0;
    for (; received < large.length; received += MIB) {
      await visitor.client.readBytes(MIB);
      await delay(50);
    }
    await inTime(visitor.client.assertEnd(), "the end");
    assert.equal(received, large.length);
    assert.equal(await visitor.connection.closed, "client_closed");
  }
});

/** Every way to read a request's body. */
const READERS: Record<string, (x: Exchange) => Promise<unknown>> = {
  "bytes()": (x) => x.bytes(),
  "text()": (x) => x.text(),
  "json()": (x) => x.json(),
  "stream()": (x) => readAll(x.stream()),
};
const FETCH_READERS: Record<string, (request: Request) => Promise<unknown>> = {
  "bytes()": (request) => request.bytes(),
  "arrayBuffer()": (request) => request.arrayBuffer(),
  "text()": (request) => request.text(),
  "json()": (request) => request.json(),
  "blob()": (request) => request.blob(),
  "formData()": (request) => request.formData(),
  body: (request) => readAll(request.body!),
  "clone()": (request) => request.clone().text(),
  "new Request()": (request) => new Request(request).text(),
  "new Response()": (request) => new Response(request.body).text(),
};

async function readAll(stream: ReadableStream<Uint8Array>): Promise<void> {
  const reader = stream.getReader();
  while (!(await reader.read()).done);
}

/** What a reader and a signal were told. */
interface Told {
  reader?: unknown;
  signal?: unknown;
}

async function keepWhatIsTold(told: Told, signal: AbortSignal, read: () => Promise<unknown>): Promise<void> {
  signal.addEventListener("abort", () => told.signal = signal.reason);
  await read().catch((error) => told.reader = error);
}

/** Lets clients vanish whose bodies are read in each of these ways, and answers what was told of it. */
async function vanish(
  names: readonly string[],
  options: (told: Told[]) => ConnectionOptions,
): Promise<Told[]> {
  const told: Told[] = names.map(() => ({}));
  await using site = await open(options(told));
  const visitors = await site.visits(names.length);
  for (const [i, { client }] of visitors.entries()) {
    const type = "Content-Type: multipart/form-data; boundary=x";
    await client.send(post("--x", `/${i}`, type).replace("Content-Length: 3", "Content-Length: 4"));
  }
  await until(() => site.server.stats().active === names.length);
  for (const [i, { client, connection }] of visitors.entries()) {
    client.reset();
    assert.equal(await inTime(connection.closed, `${names[i]}: the end`), "client_gone");
    await inTime(until(() => "reader" in told[i] && "signal" in told[i]), `${names[i]}: what is told`);
  }
  return told;
}

function assertTold(names: readonly string[], told: readonly Told[]): void {
  for (const [i, name] of names.entries()) {
    for (const error of [told[i].reader, told[i].signal].map(causeOf)) {
      assert.ok(error instanceof ConnectionError, `${name}: a ConnectionError, not ${error}`);
      assert.equal(error.code, "peer_gone", name);
    }
  }
}

test("a client that vanishes aborts the signal and rejects every reader of its body (exchange)", async () => {
  const names = Object.keys(READERS);
  const told = await vanish(names, (told) => ({
    exchange(x) {
      const index = Number(x.target.slice(1));
      return keepWhatIsTold(told[index], x.signal, () => READERS[names[index]](x));
    },
  }));
  assertTold(names, told);
});

test("a client that vanishes aborts the signal and rejects every reader of its body (fetch)", async () => {
  const names = Object.keys(FETCH_READERS);
  const told = await vanish(names, (told) => ({
    async fetch(request) {
      const index = Number(new URL(request.url).pathname.slice(1));
      await keepWhatIsTold(told[index], request.signal, () => FETCH_READERS[names[index]](request));
      return new Response();
    },
  }));
  assertTold(names, told);
});

// What lies in the sockets while the program is busy.

/**
 * A program: opens connections of several kinds, and sends the first part of each. As soon as there is a file
 * \`go\` it sends the second parts, or reads what it has left unread so far, and makes a file \`done\` once it
 * has. Prints the outcomes of each kind, counted: the status that followed, or how else it ended.
 */
const LATE_CLIENT = `
  const { existsSync, writeFileSync } = require("node:fs");
  const { connect } = require("node:net");
  const { port, go, done, kinds } = JSON.parse(process.argv[1]);
  const outcomes = {};
  const lates = [];
  let open = 0;
  const ended = (kind, outcome) => {
    outcomes[kind] ??= {};
    outcomes[kind][outcome] = (outcomes[kind][outcome] ?? 0) + 1;
    if (--open === 0) console.log(JSON.stringify(outcomes));
  };
  for (const [kind, { count, first, second, unread }] of Object.entries(kinds)) {
    for (let i = 0; i < count; i++, open++) {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true }, () => socket.write(first));
      let received = 0;
      let text = "";
      let late = false;
      socket.on("data", (data) => {
        received += data.length;
        if (late && unread === undefined) text += data.toString("latin1");
        if (received >= unread) socket.destroy();
      });
      socket.on("error", () => {});
      socket.on("close", () => {
        if (unread !== undefined) ended(kind, received >= unread ? "complete" : "cut off");
        else ended(kind, text.slice(0, 12) || "closed");
      });
      if (unread !== undefined) socket.pause();
      lates.push((tell) => {
        late = true;
        if (unread === undefined) return socket.end(second, tell);
        socket.resume();
        socket.once("data", tell);
      });
    }
  }
  const waiting = setInterval(() => {
    if (!existsSync(go)) return;
    clearInterval(waiting);
    let left = lates.length;
    for (const late of lates) late(() => --left === 0 && writeFileSync(done, ""));
  }, 10);
`;

/** More connections than a runtime may look at in one turn. */
const MANY = 200;
for (const where of ["a timer", "a handler"]) {
  const title = `what came while the program was busy in ${where} is heard before anything expires`;
  test(title, async () => {
    const time = 1_500;
    const folder = await mkdtemp(path.join(tmpdir(), "mooring-late-"));
    const [go, done] = [path.join(folder, "go"), path.join(folder, "done")];
    /** Lets the other program go on, and the time of everything run out. */
    const beBusy = (): void => {
      writeFileSync(go, "");
      const start = performance.now();
      const lasts = (): number => performance.now() - start;
      while (lasts() < time + 400 || (!existsSync(done) && lasts() < time + SLACK));
    };
    await using site = await open({
      idleTimeout: time,
      idleTimeoutBuffer: 0,
      headerTimeout: time,
      requestTimeout: time,
      minBodyRate: { bytesPerSecond: 100, grace: time },
      writeTimeout: time,
      async exchange(x) {
        if (x.target === "/busy") beBusy();
        if (x.hasBody) await x.bytes();
        x.respond(200, {}, x.target === "/large" ? UNREAD : "");
      },
    });
    const body = new TextDecoder().decode(patternBytes(1_000).map((byte) => 0x61 + byte % 26));
    const kinds = {
      idle: { count: MANY, first: get(), second: get() },
      "first head": { count: 10, first: HEAD[0], second: HEAD[1] },
      "later head": { count: 10, first: get() + HEAD[0], second: HEAD[1] },
      body: { count: 10, first: post(body).slice(0, -900), second: body.slice(-900) },
      response: { count: 1, first: get("/large"), unread: UNREAD.length },
    };
    const visitor = await site.visit();
    const client = spawn(runtimes.node, [
      "-e",
      LATE_CLIENT,
      JSON.stringify({ port: site.port, go, done, kinds }),
    ]);
    try {
      let printed = "";
      client.stdout.on("data", (data) => printed += data);
      const exited = new Promise((resolve) => client.on("close", resolve));
      await until(() => {
        const { active, idle } = site.server.stats();
        return active === 31 && idle === MANY;
      });
      if (where === "a timer") setTimeout(beBusy, 0);
      else assert.equal((await visitor.ask(get("/busy"))).status, 200);
      await inTime(exited, "the other program's end");
      assert.ok(existsSync(done), "the other program was in time");
      assert.deepEqual(JSON.parse(printed), {
        idle: { "HTTP/1.1 200": MANY },
        "first head": { "HTTP/1.1 200": 10 },
        "later head": { "HTTP/1.1 200": 10 },
        body: { "HTTP/1.1 200": 10 },
        response: { complete: 1 },
      });
    } finally {
      client.kill("SIGKILL");
      await rm(folder, { recursive: true });
    }
  });
}

limits.testThatAllArePinned("on real sockets");

// Where a test waits in vain, its servers would keep this file from ending.
test("every server has ended", async () => {
  const left = [...sites];
  for (const site of left) await site[Symbol.asyncDispose]();
  assert.equal(left.length, 0);
});
