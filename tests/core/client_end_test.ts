/**
 * A client that goes is noticed in each state of its connection: whoever waits for it is told, and no connection
 * outlives its client for ever.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import type { CloseReason, ConnectionState } from "../../src/api/transport.ts";
import { Deferred } from "../../src/core/deferred.ts";
import { type ConnectionActivity, TIMEOUT_OPTIONS } from "./timeout_options.ts";
import type { Connection } from "../../src/api/transport.ts";
import { ConnectionError } from "../../src/api/errors.ts";
import type { Exchange } from "../../src/api/exchange.ts";
import type { ServeOptions } from "../../src/api/options.ts";
import { HttpServer } from "../../src/server/http_server.ts";
import { serveSettings } from "../../src/options/settings.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { connect, get, parseResponses, settled } from "../support/memory.ts";

const KIB = 1024;
/** An upload whose body does not come whole. */
const UPLOAD = "POST /upload HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1000000\r\n\r\n";

/** A transport whose handshake is under way, and which knows when it is asked for a reset. */
class Client extends MemoryTransport {
  readonly handshaking: boolean;
  readonly isSecure: boolean;
  probes = 0;
  /** Whether the client has reset it, which is told by a probe alone while it is paused. */
  isReset = false;

  constructor(handshaking = false) {
    super();
    this.handshaking = this.isSecure = handshaking;
  }

  override write(bytes: Uint8Array, start: number, end: number): boolean {
    return super.write(bytes, start, end) && !this.handshaking;
  }

  override end(): boolean {
    return super.end() && !this.handshaking;
  }

  probe(): void {
    this.probes++;
    if (this.isReset) this.reset(new Error("ECONNRESET"));
  }
}

interface Situation {
  readonly client: Client;
  readonly connection: Connection;
  readonly clock: FakeClock;
  readonly server: HttpServer;
  readonly signals: AbortSignal[];
}

/** A handler for each target. */
function answer(x: Exchange, signals: AbortSignal[]): void | Promise<void> {
  switch (x.target) {
    case "/never":
      signals.push(x.signal);
      return new Promise(() => {});
    case "/upload":
      signals.push(x.signal);
      return x.text().then((text) => x.respond(200, {}, text), () => {});
    case "/stream":
      signals.push(x.signal);
      x.start(200);
      return;
    case "/tunnel": {
      const { readable, writable } = x.upgrade();
      void readable.cancel();
      return writable.close();
    }
    default:
      return x.respond(200, {}, x.target);
  }
}

/** A connection of a server with these options, on a clock that stands still. */
function situation(options: Partial<ServeOptions> = {}, client: Client = new Client()): Situation {
  const signals: AbortSignal[] = [];
  const clock = new FakeClock();
  const all: ServeOptions = { exchange: (x) => answer(x, signals), onError: () => {}, ...options };
  const server = new HttpServer(all, serveSettings(all), clock);
  return { client, connection: server.accept(client).facade, clock, server, signals };
}

/** How a connection gets to do each thing, and why it ends then. */
const SITUATIONS: Readonly<
  Record<ConnectionActivity, () => readonly [Situation, ConnectionState, CloseReason]>
> = {
  "handshaking"() {
    const s = situation({}, new Client(true));
    assert.equal(s.server.stats().handshaking, 1);
    return [s, "new", "header_timeout"];
  },
  "reading the PROXY header"() {
    const s = situation({ proxyProtocol: { allow: ["unknown"] } });
    s.client.send("PROXY TC");
    return [s, "new", "header_timeout"];
  },
  "waiting for the first request": () => [situation(), "new", "header_timeout"],
  "reading a head"() {
    const s = situation();
    s.client.send("GET / HT");
    return [s, "active", "header_timeout"];
  },
  "idle"() {
    const s = situation();
    s.client.send(get());
    return [s, "idle", "idle_timeout"];
  },
  "reading a body"() {
    const s = situation();
    s.client.send(UPLOAD + "the first bytes");
    return [s, "active", "slow_body"];
  },
  "answering a half-closed client"() {
    const s = situation();
    s.client.send(get("/never"));
    s.client.sendEnd();
    return [s, "active", "client_gone"];
  },
  "answering a half-closed client whose body is not read"() {
    const s = situation();
    s.client.send("POST /never HTTP/1.1\r\nHost: a.example\r\nContent-Length: 10\r\n\r\nabc");
    s.client.sendEnd();
    return [s, "active", "client_gone"];
  },
  "streaming to a half-closed client"() {
    const s = situation({ requestTimeout: 0 });
    s.client.send(get("/stream"));
    s.client.sendEnd();
    return [s, "active", "client_gone"];
  },
  "answering a client that is not read from"() {
    const s = situation();
    s.client.send(get("/never") + get("/next").repeat(2_000));
    assert.equal(s.client.paused, true);
    return [s, "active", "client_gone"];
  },
  "sending"() {
    const s = situation();
    s.client.takesWrites = false;
    s.client.send(get());
    return [s, "active", "write_timeout"];
  },
  "draining an unread body"() {
    const s = situation();
    s.client.send("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100\r\n\r\n");
    return [s, "active", "unread_body"];
  },
  "lingering"() {
    const s = situation();
    s.client.send(get("/", "Connection: close"));
    return [s, "draining", "close_requested"];
  },
  "ending a tunnel"() {
    const s = situation();
    s.client.send(get("/tunnel", "Connection: Upgrade", "Upgrade: echo"));
    return [s, "upgraded", "upgraded"];
  },
};

for (const [doing, options] of Object.entries(TIMEOUT_OPTIONS)) {
  test(`a connection whose client is gone ends by ${options.join(" or ") || "itself"} while ${doing}`, async () => {
    const [{ connection, clock, client, server }, state, reason] = SITUATIONS
      [doing as ConnectionActivity]();
    await settled();
    assert.equal(connection.state, state);
    // By far the longest of all limits, in steps in which deadlines can lead to others.
    for (let i = 0; i < 400; i++) clock.advance(1_000);
    assert.equal(connection.state, "closed");
    assert.equal(await connection.closed, reason);
    assert.equal(client.closed, true);
    assert.equal(server.stats().open, 0);
    assert.equal(clock.timers, 0, "no timer is left");
  });

  test(`a client that resets ends its connection at once while ${doing}`, async () => {
    const [{ connection, client, server, clock }] = SITUATIONS[doing as ConnectionActivity]();
    await settled();
    client.reset(new Error("ECONNRESET"));
    assert.equal(connection.state, "closed");
    assert.equal(server.stats().open, 0);
    assert.equal(clock.timers, 0, "no timer is left");
  });
}

test("each option in the table ends the connection when it alone does", () => {
  const never = { headerTimeout: 0, requestTimeout: 0, minBodyRate: 0, idleTimeout: 0, writeTimeout: 0 };
  const { client, connection, clock } = situation({ ...never, requestTimeout: 5_000 });
  client.send(UPLOAD);
  clock.advance(6_000);
  assert.equal(connection.state, "draining", "requestTimeout ends the reading of a body");
});

/** What more may have come behind a request, when its client goes. */
const BEHIND: Readonly<Record<string, string>> = {
  "nothing": "",
  "a byte": "G",
  "an empty line": "\r\n",
  "a pipelined request": get("/next"),
  "70 KiB of pipelined requests": get("/next").repeat(Math.ceil(70 * KIB / get("/next").length)),
};

for (const [what, bytes] of Object.entries(BEHIND)) {
  test(`signal aborts when the client ends behind ${what}`, () => {
    const { client, signals, connection } = situation();
    client.send(get("/never") + bytes);
    client.sendEnd();
    assert.equal(signals[0].aborted, true);
    assert.equal(connection.state, "active", "its answer is awaited");
  });

  test(`signal aborts when the client resets behind ${what}`, async () => {
    const { client, signals, connection } = situation();
    client.send(get("/never") + bytes);
    client.reset();
    assert.equal(signals[0].aborted, true);
    assert.equal(await connection.closed, "client_gone");
  });

  test(`answers are still sent to a client that has half-closed behind ${what}`, async () => {
    const answers: (() => void)[] = [];
    const { client, connection } = connect({
      exchange: (x) =>
        void (x.target === "/first" ? answers.push(() => x.respond(200)) : x.respond(200, {}, x.target)),
    });
    client.send(get("/first") + bytes);
    client.sendEnd();
    answers[0]();
    await settled();
    const { length } = parseResponses(client.text());
    assert.equal(length, 1 + bytes.split("GET /next").length - 1);
    assert.equal(await connection.closed, bytes === "G" ? "client_gone" : "client_closed");
  });
}

test("signal aborts in a request that begins when its client has half-closed already", async () => {
  const signals: AbortSignal[] = [];
  const answers: (() => void)[] = [];
  const { client } = connect({
    exchange(x) {
      signals.push(x.signal);
      answers.push(() => x.respond(200));
    },
  });
  client.send(get("/1") + get("/2"));
  client.sendEnd();
  answers[0]();
  await settled();
  assert.deepEqual(signals.map(({ aborted }) => aborted), [true, true]);
});

test("a reset is found out by a probe while the client is not read from", async () => {
  const { client, clock, connection, signals } = situation();
  client.send(get("/never") + BEHIND["70 KiB of pipelined requests"]);
  assert.equal(client.paused, true);
  client.isReset = true;
  clock.advance(1_500);
  await settled();
  assert.equal(client.probes, 1);
  assert.equal(signals[0].aborted, true);
  assert.equal(connection.state, "closed");
  assert.equal(clock.timers, 0);
});

test("a reset behind an end is found out by a probe", async () => {
  const { client, clock, connection } = situation();
  client.send(get("/never"));
  client.sendEnd();
  client.isReset = true;
  clock.advance(3_000);
  await settled();
  assert.equal(connection.state, "closed");
});

test("signal is aborted where it is asked for after the client has gone", async () => {
  for (const kind of ["exchange", "fetch"] as const) {
    let signal!: AbortSignal;
    const { promise: asked, resolve: ask } = new Deferred<void>();
    const { client } = connect(
      kind === "exchange"
        ? {
          async exchange(x) {
            await asked;
            signal = x.signal;
          },
        }
        : {
          async fetch(request) {
            await asked;
            signal = request.signal;
            return new Response();
          },
        },
    );
    client.send(get());
    client.sendEnd();
    ask();
    await settled();
    assert.equal(signal.aborted, true);
    assert.ok(signal.reason.cause instanceof ConnectionError);
  }
});

test("a client that is read from, and that sends on, is not probed", () => {
  const { client, clock } = situation();
  client.send(get("/never") + get("/next"));
  clock.advance(100_000);
  assert.equal(client.probes, 0);
});

test("a half-closed client keeps its answer as long as it comes on", async () => {
  const written: Exchange[] = [];
  const { client, connection, clock } = connect({
    requestTimeout: 10_000,
    exchange(x) {
      x.start(200);
      written.push(x);
    },
  });
  client.send(get());
  client.sendEnd();
  for (let i = 0; i < 10; i++) {
    clock.advance(900);
    written[0].write("more");
    await settled();
  }
  assert.equal(connection.state, "active");
  clock.advance(2_500);
  assert.equal(await connection.closed, "client_gone");
});

test("a half-closed client may take a large body as slowly as writeTimeout allows", async () => {
  let x!: Exchange;
  const { client, connection, clock } = connect({
    writeTimeout: 60_000,
    exchange(it) {
      x = it;
      x.start(200, { "content-length": "300000" });
    },
  });
  client.send(get());
  client.sendEnd();
  for (let i = 0; i < 3; i++) {
    client.takesWrites = false;
    x.write(new Uint8Array(64 * 1024)); // goes to the transport as it is
    await settled();
    clock.advance(30_000);
    assert.equal(connection.state, "active");
    client.drain();
    await settled();
  }
  client.takesWrites = false;
  x.write(new Uint8Array(64 * 1024));
  await settled();
  clock.advance(80_000);
  assert.equal(await connection.closed, "write_timeout");
});

test("setTimeouts({ requestTimeout: 0 }) lets a handler take its time for a half-closed client", () => {
  const { client, connection, clock } = connect({
    exchange: (x) => x.setTimeouts({ requestTimeout: 0 }),
  });
  client.send(get());
  client.sendEnd();
  clock.advance(10 ** 7);
  assert.equal(connection.state, "active");
  connection.close();
});

test("a half-closed client whose handler never answers makes room at the cap", () => {
  const { client, connection, server } = situation({ maxConnections: 1 });
  client.send(get("/never"));
  client.sendEnd();
  const newcomer = server.accept(new MemoryTransport());
  assert.equal(newcomer.state, "new");
  assert.equal(connection.state, "closed");
});
