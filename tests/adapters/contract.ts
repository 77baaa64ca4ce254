/**
 * What HTTP over a connection must do whatever carries the bytes: one suite, which every transport runs on
 * every runtime that has it.
 */
import assert from "node:assert/strict";
import test from "node:test";
import type { CloseReason, Connection } from "../../src/conn.ts";
import { Deferred } from "../../src/connection/deferred.ts";
import { ConnectionError } from "../../src/errors.ts";
import type { Upgraded } from "../../src/exchange.ts";
import type { ConnectionOptions } from "../../src/options.ts";
import { causeOf } from "../support/abort_cause.ts";
import { assertSameBytes, concat, patternBytes } from "../support/bytes.ts";
import { inTime } from "../support/deadline.ts";
import { get, post } from "../support/memory.ts";
import type { Opened, OpenServer } from "../support/opened_servers.ts";
import { WireClient } from "../support/wire_client.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
/** Many pieces of any buffer on the way. */
const UPLOAD = MIB;
const DOWNLOAD = 8 * MIB;
/** Far more than any system buffers on the way, so that what is not held back shows. */
const TOO_MUCH = 96 * MIB;
/** Bytes in one write of a streamed response. */
const PIECE = 64 * KIB;

/** The two kinds of handler, which mostly must do the same. */
const KINDS = ["exchange", "fetch"] as const;
type Kind = typeof KINDS[number];

/** What a handler of either kind sees of a request. */
interface Asked {
  readonly target: string;
  readonly signal: AbortSignal;
  readonly connection: Connection;
  bytes(): Promise<Uint8Array>;
  stream(): ReadableStream<Uint8Array>;
}
type Reply = string | Uint8Array<ArrayBuffer>;

/** A handler of this kind that answers 200 with what `answer` says, at once where that is there at once. */
function handler(kind: Kind, answer: (asked: Asked) => Reply | Promise<Reply>): ConnectionOptions {
  if (kind === "exchange") {
    return {
      exchange(x) {
        const respond = (body: Reply): void => x.respond(200, undefined, body);
        const reply = answer({
          target: x.target,
          connection: x.connection,
          // Not before it is asked for: a signal that nobody looks at costs the engine nothing.
          get signal() {
            return x.signal;
          },
          bytes: () => x.bytes(),
          stream: () => x.stream(),
        });
        return reply instanceof Promise ? reply.then(respond) : respond(reply);
      },
    };
  }
  return {
    fetch(request, { connection }) {
      const respond = (body: Reply): Response => new Response(body);
      const reply = answer({
        target: new URL(request.url).pathname,
        connection,
        get signal() {
          return request.signal;
        },
        bytes: async () => new Uint8Array(await request.arrayBuffer()),
        stream: () => request.body!,
      });
      return reply instanceof Promise ? reply.then(respond) : respond(reply);
    },
  };
}

const UPGRADE = get("/echo", "Connection: Upgrade", "Upgrade: echo");

/** A handler of this kind that upgrades what asks for it, and answers everything else with the target. */
function tunnels(kind: Kind, use: (upgraded: Upgraded) => Promise<void>): ConnectionOptions {
  // A tunnel that breaks is the test's affair.
  const run = (upgraded: Upgraded): void => void use(upgraded).catch(() => {});
  return {
    onStateChange(connection, state) {
      if (state === "upgraded") lastTunnel = connection;
    },
    ...kind === "exchange"
      ? {
        exchange(x) {
          if (x.method !== "CONNECT" && x.header("upgrade") === null) x.respond(200, {}, x.target);
          else run(x.upgrade());
        },
      }
      : {
        async fetch(request, info) {
          if (!request.headers.has("upgrade")) return new Response(new URL(request.url).pathname);
          await null;
          const upgraded = info.upgrade();
          run(upgraded);
          return upgraded.response;
        },
      },
  };
}

/** The connection that was upgraded last; tests run one after another. */
let lastTunnel: Connection | undefined;

/** A chunked body of these chunks, the way a client sends it. */
function chunked(target: string, chunks: readonly Uint8Array[], ...trailers: string[]): Uint8Array {
  return concat([
    `POST ${target} HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n`,
    ...chunks.flatMap((chunk) => [`${chunk.length.toString(16)};name=value\r\n`, chunk, "\r\n"]),
    ["0", ...trailers, "", ""].join("\r\n"),
  ]);
}

/** `count` different numbers below `count`, in an order that is none. */
function scrambled(count: number): number[] {
  return Array.from({ length: count }, (_, i) => (i * 37 + 11) % count);
}

/** Keeps a server busy that answers with the target: long enough for it to show what it does meanwhile. */
async function exchangeMany(client: WireClient): Promise<void> {
  for (let i = 0; i < 200; i++) {
    await client.send(get(`/${i}`));
    assert.equal((await client.response()).text, `/${i}`);
  }
}

/** What a pending signal is aborted with. */
function aborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason);
    signal.addEventListener("abort", () => resolve(signal.reason), { once: true });
  });
}

function assertPeerGone(told: unknown): void {
  const error = causeOf(told);
  assert.ok(error instanceof ConnectionError, `a ConnectionError, not ${error}`);
  assert.equal(error.code, "peer_gone");
}

/** A server and its clients, all ended with the test. */
class Harness implements AsyncDisposable {
  readonly #server: Opened;
  readonly #clients: WireClient[] = [];

  constructor(server: Opened) {
    this.#server = server;
  }

  async connect(): Promise<WireClient> {
    const client = new WireClient(await this.#server.connect());
    this.#clients.push(client);
    return client;
  }

  shutdown(): Promise<unknown> {
    return this.#server.shutdown();
  }

  close(): Promise<unknown> {
    return this.#server.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.reset();
    await this.#server.close();
  }
}

/** What a transport can do. */
export interface Abilities {
  /** It can end a connection so that the client sees a failure. */
  readonly canReset?: boolean;
  /** It tells a client that is gone from one that has ended its side. */
  readonly tellsGone?: boolean;
}

/** Registers the suite for the transport `name`. */
export function contract(
  name: string,
  open: OpenServer,
  { canReset = true, tellsGone = true }: Abilities = {},
): void {
  /** A test with a server on this transport. */
  function on(
    title: string,
    body: (serve: (options: ConnectionOptions) => Promise<Harness>) => Promise<void>,
  ) {
    test(`${name} ${title}`, async () => {
      const opened: Harness[] = [];
      const serve = async (options: ConnectionOptions): Promise<Harness> => {
        const harness = new Harness(await open(options));
        opened.push(harness);
        return harness;
      };
      try {
        await inTime(body(serve), title);
      } finally {
        const ended = opened.map((harness) => harness[Symbol.asyncDispose]());
        await inTime(Promise.all(ended), "the end of the server");
      }
    });
  }

  // Requests one after another.

  for (const kind of KINDS) {
    on(`answers two requests on one connection (${kind})`, async (serve) => {
      const connections: Connection[] = [];
      const server = await serve(handler(kind, ({ target, connection }) => {
        connections.push(connection);
        return target;
      }));
      const client = await server.connect();
      await client.send(get("/first"));
      assert.equal((await client.response()).text, "/first");
      await client.send(get("/second"));
      const second = await client.response();
      assert.equal(second.text, "/second");
      assert.notEqual(second.headers.get("connection"), "close");
      assert.equal(connections[0], connections[1]);
      assert.equal(connections[1].requests, 2);
    });

    on(`answers 100 GETs in one segment in order (${kind})`, async (serve) => {
      const server = await serve(handler(kind, ({ target }) => target));
      const client = await server.connect();
      const targets = Array.from({ length: 100 }, (_, i) => `/${i}`);
      await client.send(...targets.map((target) => get(target)));
      assert.deepEqual((await client.responses(100)).map(({ text }) => text), targets);
    });

    on(`answers 100 pipelined GETs in order, whenever each handler is done (${kind})`, async (serve) => {
      const gates = Array.from({ length: 100 }, () => new Deferred<void>());
      const begun = new Deferred<void>();
      const server = await serve(handler(kind, async ({ target }) => {
        begun.resolve();
        await gates[Number(target.slice(1))].promise;
        return target;
      }));
      const client = await server.connect();
      const targets = gates.map((_, i) => `/${i}`);
      await client.send(...targets.map((target) => get(target)));
      await begun.promise;
      const answers = client.responses(100);
      for (const i of scrambled(100)) {
        gates[i].resolve();
        await null; // so that some handlers find theirs open, and others wait
      }
      assert.deepEqual((await answers).map(({ text }) => text), targets);
    });

    on(`skips 100 pipelined bodies that the handler ignores (${kind})`, async (serve) => {
      const server = await serve(
        handler(kind, ({ target }) => Number(target.slice(1)) % 3 === 0 ? Promise.resolve(target) : target),
      );
      const client = await server.connect();
      const targets = Array.from({ length: 100 }, (_, i) => `/${i}`);
      const body = get("/smuggled");
      const requests = targets.map((target, i) =>
        i % 2 === 0 ? post(body, target) : chunked(target, [concat([body])])
      );
      await client.send(...requests);
      assert.deepEqual((await client.responses(100)).map(({ text }) => text), targets);
    });

    on(`answers requests that come cut at every byte (${kind})`, async (serve) => {
      const server = await serve(handler(kind, ({ target, bytes }) => {
        return target === "/echo" ? bytes().then((body) => concat([body])) : target;
      }));
      const client = await server.connect();
      const wire = concat([
        get("/first", "Accept: */*"),
        post("ignored", "/second"),
        chunked("/echo", [patternBytes(3), patternBytes(5, 1)], "X-Trailer: yes"),
        get("/last"),
      ]);
      const check = async (): Promise<void> => {
        const [first, second, echo, last] = await client.responses(4);
        assert.deepEqual([first.text, second.text, last.text], ["/first", "/second", "/last"]);
        assertSameBytes(echo.body, concat([patternBytes(3), patternBytes(5, 1)]));
      };
      for (let cut = 1; cut < wire.length; cut++) {
        await client.send(wire.subarray(0, cut));
        await client.send(wire.subarray(cut));
        await check();
      }
      for (let at = 0; at < wire.length; at++) await client.send(wire.subarray(at, at + 1));
      await check();
    });
  }

  // Bodies.

  for (const kind of KINDS) {
    on(`echoes a body of 1 MiB (${kind})`, async (serve) => {
      const server = await serve(handler(kind, async ({ bytes }) => concat([await bytes()])));
      const client = await server.connect();
      const body = patternBytes(UPLOAD);
      const sent = client.send(
        `POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${body.length}\r\n\r\n`,
        body,
        get("/after"),
      );
      assertSameBytes((await client.response()).body, body);
      await sent;
      assert.equal((await client.response()).status, 200);
    });

    on(`echoes a chunked body with chunks of all sizes, read as a stream (${kind})`, async (serve) => {
      const server = await serve(handler(kind, async ({ stream }) => {
        const parts: Uint8Array[] = [];
        for await (const part of stream()) parts.push(part);
        return concat(parts);
      }));
      const client = await server.connect();
      const chunks = [1, 2, 15, 16, 17, 4095, 65_535, 65_536, 300_000].map((size, i) =>
        patternBytes(size, i)
      );
      const sent = client.send(chunked("/", chunks, "X-Trailer: yes"), chunked("/", chunks));
      assertSameBytes((await client.response()).body, concat(chunks));
      assertSameBytes((await client.response()).body, concat(chunks));
      await sent;
    });

    on(`holds back an upload that nobody reads (${kind})`, async (serve) => {
      const gate = new Deferred<void>();
      const begun = new Deferred<void>();
      const server = await serve({
        maxBodyBytes: TOO_MUCH,
        ...handler(kind, async ({ target, stream }) => {
          if (target !== "/upload") return target;
          begun.resolve();
          await gate.promise;
          let length = 0;
          for await (const part of stream()) length += part.length;
          return String(length);
        }),
      });
      const client = await server.connect();
      await client.send(`POST /upload HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${TOO_MUCH}\r\n\r\n`);
      await begun.promise;
      let sent = 0;
      const piece = patternBytes(MIB);
      const sending = (async () => {
        for (; sent < TOO_MUCH; sent += piece.length) await client.send(piece);
      })();
      await exchangeMany(await server.connect());
      assert.ok(sent < TOO_MUCH, "the server takes what it cannot have use for");
      gate.resolve();
      assert.equal((await client.response()).text, String(TOO_MUCH));
      await sending;
    });
  }

  on("brings a streamed response of 8 MiB to a slow reader (exchange)", async (serve) => {
    const piece = patternBytes(PIECE);
    const held = new Deferred<boolean>();
    let written = 0;
    const server = await serve({
      async exchange(x) {
        if (x.target !== "/large") return x.respond(200, undefined, x.target);
        x.start(200);
        // Not a byte is read before the handler was told to wait, however much the system buffers.
        for (let told = false; written < DOWNLOAD || !told && written < TOO_MUCH; written += PIECE) {
          if (x.write(piece)) continue;
          told = true;
          held.resolve(true);
          await x.ready();
        }
        held.resolve(false);
        x.end();
      },
    });
    const client = await server.connect();
    await client.send(get("/large"), get("/next"));
    assert.ok(await held.promise, `the handler could write ${TOO_MUCH} bytes that nobody reads`);
    const { body } = await client.response();
    assert.equal(body.length, written);
    for (let at = 0; at < body.length; at += PIECE) assertSameBytes(body.subarray(at, at + PIECE), piece);
    assert.equal((await client.response()).text, "/next");
  });

  on("brings a streamed response of 8 MiB to a slow reader (fetch)", async (serve) => {
    const piece = patternBytes(PIECE);
    const begun = new Deferred<void>();
    let pulled = 0;
    let enough = TOO_MUCH;
    const server = await serve({
      fetch(request) {
        const { pathname } = new URL(request.url);
        if (pathname !== "/large") return new Response(pathname);
        return new Response(
          new ReadableStream({
            pull(controller) {
              begun.resolve();
              controller.enqueue(piece.slice());
              pulled += PIECE;
              if (pulled >= enough) controller.close();
            },
          }),
        );
      },
    });
    const client = await server.connect();
    await client.send(get("/large"), get("/next"));
    await begun.promise;
    await exchangeMany(await server.connect());
    assert.ok(pulled < TOO_MUCH, "the server pulls what nobody reads");
    enough = DOWNLOAD;
    const { body } = await client.response();
    assert.equal(body.length, pulled);
    for (let at = 0; at < body.length; at += PIECE) assertSameBytes(body.subarray(at, at + PIECE), piece);
    assert.equal((await client.response()).text, "/next");
  });

  for (const kind of KINDS) {
    on(`brings a response of 8 MiB in one piece to a slow reader (${kind})`, async (serve) => {
      const large = patternBytes(DOWNLOAD);
      const answered = new Deferred<void>();
      const server = await serve(handler(kind, ({ target }) => {
        if (target !== "/large") return target;
        queueMicrotask(() => answered.resolve());
        return large;
      }));
      const client = await server.connect();
      await client.send(get("/large"), get("/next"));
      await answered.promise;
      assertSameBytes((await client.response()).body, large);
      assert.equal((await client.response()).text, "/next");
    });
  }

  on("sends no body to HEAD, with 204 and with 304", async (serve) => {
    const server = await serve({
      exchange(x) {
        const status = Number(x.target.slice(1));
        x.respond(
          status,
          status === 304 ? { "content-length": 5 } : undefined,
          status === 200 ? "hello" : null,
        );
      },
    });
    const client = await server.connect();
    await client.send(get("/200").replace("GET", "HEAD"), get("/204"), get("/304"), get("/200"));
    const head = await client.response(true);
    assert.equal(head.headers.get("content-length"), "5");
    const empty = await client.response();
    assert.deepEqual([empty.status, empty.headers.get("content-length")], [204, undefined]);
    const unchanged = await client.response();
    assert.deepEqual([unchanged.status, unchanged.headers.get("content-length")], [304, "5"]);
    assert.equal((await client.response()).text, "hello");
  });

  on("sends no body to HEAD, with 204 and with 304 (fetch)", async (serve) => {
    const server = await serve({
      fetch(request) {
        const status = Number(new URL(request.url).pathname.slice(1));
        return new Response(status === 200 ? "hello" : null, { status });
      },
    });
    const client = await server.connect();
    await client.send(get("/200").replace("GET", "HEAD"), get("/204"), get("/304"), get("/200"));
    assert.equal((await client.response(true)).status, 200);
    assert.equal((await client.response()).status, 204);
    assert.equal((await client.response()).status, 304);
    assert.equal((await client.response()).text, "hello");
  });

  for (const kind of KINDS) {
    on(`sends 100 once, when a body is asked for that the client holds back (${kind})`, async (serve) => {
      const asked = new Deferred<void>();
      const gate = new Deferred<void>();
      const server = await serve(handler(kind, async ({ target, stream }) => {
        if (target === "/quiet") return target;
        asked.resolve();
        await gate.promise;
        const parts: Uint8Array[] = [];
        for await (const part of stream()) parts.push(part);
        return concat(parts);
      }));
      const client = await server.connect();
      await client.send(get("/quiet"), post("", "/echo", "Expect: 100-Continue").replace("h: 0", "h: 6"));
      await asked.promise;
      assert.equal((await client.response()).text, "/quiet");
      gate.resolve();
      const interim = await client.response();
      assert.deepEqual([interim.status, interim.headers.size], [100, 0]);
      for (const part of ["ab", "cd", "ef"]) await client.send(part);
      assert.equal((await client.response()).text, "abcdef");
      // A body that comes without waiting needs no 100.
      await client.send(post("abcdef", "/echo", "Expect: 100-continue"));
      assert.equal((await client.response()).text, "abcdef");
    });
  }

  on("ends the connection where the answer to Expect is final", async (serve) => {
    const server = await serve({ exchange: (x) => x.respond(401, undefined, "no") });
    const client = await server.connect();
    await client.send(post("", "/", "Expect: 100-continue").replace("h: 0", "h: 6"));
    const response = await client.response();
    assert.deepEqual([response.status, response.headers.get("connection")], [401, "close"]);
    await client.assertEnd();
  });

  // Persistence.

  for (const kind of KINDS) {
    on(`ends after the response to "Connection: close" (${kind})`, async (serve) => {
      const targets: string[] = [];
      const closed = new Deferred<Promise<CloseReason>>();
      const server = await serve(handler(kind, ({ target, connection }) => {
        targets.push(target);
        closed.resolve(connection.closed);
        return target;
      }));
      const client = await server.connect();
      await client.send(get("/last", "Connection: Close"), get("/never"));
      const response = await client.response();
      assert.deepEqual([response.text, response.headers.get("connection")], ["/last", "close"]);
      await client.assertEnd();
      client.end();
      assert.equal(await (await closed.promise), "close_requested");
      assert.deepEqual(targets, ["/last"]);
    });
  }

  on(`ends after a response that says "Connection: close"`, async (serve) => {
    let closed: Promise<CloseReason> | undefined;
    const server = await serve({
      exchange(x) {
        closed = x.connection.closed;
        x.respond(200, { connection: "close" }, x.target);
      },
    });
    const client = await server.connect();
    await client.send(get("/last"), get("/never"));
    const response = await client.response();
    assert.deepEqual([response.text, response.headers.get("connection")], ["/last", "close"]);
    await client.assertEnd();
    client.end();
    assert.equal(await closed, "response_close");
  });

  on(`ends after a Response that says "Connection: close" (fetch)`, async (serve) => {
    const server = await serve({ fetch: () => new Response("bye", { headers: { connection: "close" } }) });
    const client = await server.connect();
    await client.send(get("/last"), get("/never"));
    const response = await client.response();
    assert.deepEqual([response.text, response.headers.get("connection")], ["bye", "close"]);
    await client.assertEnd();
  });

  for (const kind of KINDS) {
    on(`ends after a response to HTTP/1.0, unless it asks to stay (${kind})`, async (serve) => {
      const server = await serve(handler(kind, ({ target }) => target));
      const client = await server.connect();
      await client.send("GET /stay HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
      const stays = await client.response();
      assert.deepEqual([stays.text, stays.headers.get("connection")], ["/stay", "keep-alive"]);
      await client.send("GET /go HTTP/1.0\r\n\r\n");
      const goes = await client.response();
      assert.deepEqual([goes.text, goes.headers.get("connection")], ["/go", "close"]);
      await client.assertEnd();
    });
  }

  on("ends a streamed response to HTTP/1.0 by the close", async (serve) => {
    const server = await serve({
      exchange(x) {
        x.start(200);
        x.write("one ");
        x.end("two");
      },
    });
    const client = await server.connect();
    await client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const { headers, text } = await client.response();
    assert.equal(text, "one two");
    assert.equal(headers.get("connection"), "close");
    assert.equal(headers.get("transfer-encoding"), undefined);
  });

  on("ends with the last of maxRequests", async (serve) => {
    const server = await serve({ maxRequests: 2, exchange: (x) => x.respond(200, undefined, x.target) });
    const client = await server.connect();
    await client.send(get("/1"), get("/2"), get("/3"));
    const [first, second] = await client.responses(2);
    assert.equal(first.text, "/1");
    assert.notEqual(first.headers.get("connection"), "close");
    assert.deepEqual([second.text, second.headers.get("connection")], ["/2", "close"]);
    await client.assertEnd();
  });

  // What goes wrong.

  const malformed: [what: string, request: string, status: number][] = [
    ["no request", "\x16\x03\x01\x02\x00\x01\r\n\r\n", 400],
    ["a space before a colon", "GET / HTTP/1.1\r\nHost : a.example\r\n\r\n", 400],
    ["no Host", "GET / HTTP/1.1\r\n\r\n", 400],
    ["two lengths", post("body", "/", "Content-Length: 5"), 400],
    ["a malformed chunk", chunkedText("xyz\r\n"), 400],
    ["a version to come", "GET / HTTP/3.0\r\nHost: a.example\r\n\r\n", 505],
  ];
  on("answers what is malformed with an error and the end; other connections go on", async (serve) => {
    const gate = new Deferred<void>();
    const begun = new Deferred<void>();
    const server = await serve({
      async exchange(x) {
        if (x.hasBody) await x.bytes();
        if (x.target === "/slow") {
          begun.resolve();
          await gate.promise;
        }
        x.respond(200, undefined, x.target);
      },
      onError: () => {},
    });
    const reading = await server.connect();
    await reading.send(get("/reading").slice(0, 20));
    const waiting = await server.connect();
    await waiting.send(get("/slow"));
    await begun.promise;
    for (const [what, request, status] of malformed) {
      const client = await server.connect();
      await client.send(get("/good"), request, get("/never"));
      assert.equal((await client.response()).text, "/good", what);
      const response = await client.response();
      assert.deepEqual([response.status, response.headers.get("connection")], [status, "close"], what);
      await client.assertEnd();
    }
    gate.resolve();
    assert.equal((await waiting.response()).text, "/slow");
    await reading.send(get("/reading").slice(20));
    assert.equal((await reading.response()).text, "/reading");
  });

  for (const kind of KINDS) {
    on(`answers 500 for a handler that fails, and goes on (${kind})`, async (serve) => {
      const errors: unknown[] = [];
      const server = await serve({
        ...handler(kind, ({ target }) => {
          if (target === "/throws") throw new Error("thrown");
          return target === "/rejects" ? Promise.reject(new Error("rejected")) : target;
        }),
        onError: (error) => void errors.push((error as Error).message),
      });
      const client = await server.connect();
      await client.send(get("/throws"), post("body", "/rejects"), get("/works"));
      const [thrown, rejected, works] = await client.responses(3);
      assert.deepEqual([thrown.status, rejected.status, works.status], [500, 500, 200]);
      assert.deepEqual(errors, ["thrown", "rejected"]);
    });

    on(`cuts off a response whose handler fails in the middle of it (${kind})`, async (serve) => {
      const errors: string[] = [];
      const closed: Promise<CloseReason>[] = [];
      const gates = [new Deferred<void>(), new Deferred<void>()];
      const fail = async (): Promise<never> => {
        await gates[errors.length].promise;
        throw new Error("in the middle");
      };
      const failing: ConnectionOptions = kind === "exchange"
        ? {
          async exchange(x) {
            x.start(200);
            x.write("part");
            await fail();
          },
        }
        : {
          fetch: () =>
            new Response(
              new ReadableStream({
                start: (controller) => controller.enqueue(concat(["part"])),
                pull: fail,
              }),
            ),
        };
      const server = await serve({
        ...failing,
        onError: (error) => void errors.push((error as Error).message),
        onStateChange(connection, state) {
          if (state === "new") closed.push(connection.closed);
        },
      });
      const client = await server.connect();
      await client.send(get("/"), get("/never"));
      await client.readUntil("\r\n4\r\npart\r\n");
      gates[0].resolve();
      const rest = await client.readToEnd().catch(() => concat([]));
      assert.equal(rest.length, 0, "there is no last chunk");
      // Without chunks, the end of the body is the end of the connection, which must not look like a good one.
      const older = await server.connect();
      await older.send("GET / HTTP/1.0\r\n\r\n");
      await older.readUntil("\r\n\r\npart");
      gates[1].resolve();
      if (canReset) await assert.rejects(older.readToEnd());
      else await older.assertEnd();
      assert.deepEqual(await Promise.all(closed), ["handler_error", "handler_error"]);
      assert.deepEqual(errors, ["in the middle", "in the middle"]);
    });

    on(`answers a client that has half-closed, then ends (${kind})`, async (serve) => {
      const server = await serve(handler(kind, async ({ target, bytes }) => {
        await bytes();
        return target;
      }));
      const client = await server.connect();
      await client.send(get("/1"), post("body", "/2"), get("/3"));
      client.end();
      assert.deepEqual((await client.responses(3)).map(({ text }) => text), ["/1", "/2", "/3"]);
      await client.assertEnd();
    });

    on(`answers a client that half-closes while it waits, then ends (${kind})`, async (serve) => {
      const body = patternBytes(UPLOAD);
      const gate = new Deferred<void>();
      const begun = new Deferred<AbortSignal>();
      const server = await serve(handler(kind, async ({ signal }) => {
        begun.resolve(signal);
        await gate.promise;
        return body;
      }));
      const client = await server.connect();
      await client.send(get("/"));
      const signal = await begun.promise;
      client.end();
      assertPeerGone(await aborted(signal));
      gate.resolve();
      assertSameBytes((await client.response()).body, body);
      await client.assertEnd();
    });

    on(`aborts the signal when the client is gone (${kind})`, async (serve) => {
      const begun = new Deferred<Asked>();
      const over = new Deferred<void>();
      const server = await serve(handler(kind, async (asked) => {
        begun.resolve(asked);
        await aborted(asked.signal);
        over.resolve();
        return "to nobody";
      }));
      const client = await server.connect();
      await client.send(get("/"));
      const { signal, connection } = await begun.promise;
      assert.equal(signal.aborted, false);
      client.reset();
      assertPeerGone(await aborted(signal));
      const reason = await connection.closed;
      assert.ok(reason === "client_gone" || (!tellsGone && reason === "client_closed"), reason);
      await over.promise;
    });

    on(`leaves the signal alone when all goes well (${kind})`, async (serve) => {
      let signal: AbortSignal | undefined;
      let connection: Connection | undefined;
      const server = await serve(handler(kind, (asked) => {
        ({ signal, connection } = asked);
        return "hello";
      }));
      const client = await server.connect();
      await client.send(get("/"));
      assert.equal((await client.response()).text, "hello");
      client.end();
      await client.assertEnd();
      assert.equal(await connection!.closed, "client_closed");
      assert.equal(signal!.aborted, false);
    });

    for (const [how, leave] of [["resets", "reset"], ["half-closes", "end"]] as const) {
      on(`fails whoever reads the body of a client that ${how} before its end (${kind})`, async (serve) => {
        for (const which of ["whole", "stream"] as const) {
          const begun = new Deferred<void>();
          const failure = new Deferred<unknown>();
          const server = await serve(handler(kind, async ({ bytes, stream }) => {
            try {
              if (which === "whole") {
                const body = bytes();
                begun.resolve();
                await body;
              } else {
                for await (const part of stream()) begun.resolve(void part);
              }
              failure.resolve("the body came to its end");
            } catch (error) {
              failure.resolve(error);
            }
            return "to nobody";
          }));
          const client = await server.connect();
          await client.send(post("partial").replace("h: 7", "h: 8"));
          await begun.promise;
          client[leave]();
          assertPeerGone(await failure.promise);
          await client.assertOver();
        }
      });
    }
  }

  on("lets a client that is still uploading read the 413", async (serve) => {
    const server = await serve({ maxBodyBytes: MIB, exchange: (x) => x.respond(200) });
    const client = await server.connect();
    const length = 16 * MIB;
    await client.send(`POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${length}\r\n\r\n`);
    const piece = patternBytes(MIB);
    for (let sent = 0; sent < length; sent += MIB) await client.send(piece);
    const response = await client.response();
    assert.deepEqual([response.status, response.headers.get("connection")], [413, "close"]);
    await client.assertEnd();
  });

  on("lets a client read the answer to an upload that was too large to skip", async (serve) => {
    const server = await serve({ exchange: (x) => x.respond(403, undefined, "no") });
    const client = await server.connect();
    const length = 16 * MIB;
    await client.send(`POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${length}\r\n\r\n`);
    const piece = patternBytes(MIB);
    for (let sent = 0; sent < length; sent += MIB) await client.send(piece);
    const response = await client.response();
    assert.deepEqual([response.status, response.text, response.headers.get("connection")], [
      403,
      "no",
      "close",
    ]);
    await client.assertEnd();
  });

  // Upgrades, and what else goes beyond one request and one response.

  for (const kind of KINDS) {
    on(`hands over an upgraded connection with every byte, both ways (${kind})`, async (serve) => {
      const server = await serve(tunnels(kind, ({ readable, writable }) => readable.pipeTo(writable)));
      const client = await server.connect();
      const body = patternBytes(UPLOAD);
      await client.send(get("/before"), UPGRADE, "early");
      assert.equal((await client.response()).text, "/before");
      assert.equal((await client.response()).headers.get("upgrade"), "echo");
      const sent = client.send(body).then(() => client.send("late")).then(() => client.end());
      assertSameBytes(await client.readToEnd(), concat(["early", body, "late"]));
      await sent;
      assert.equal(await lastTunnel!.closed, "upgraded");
    });

    on(`hands over a connection whose request comes byte by byte (${kind})`, async (serve) => {
      const server = await serve(tunnels(kind, ({ readable, writable }) => readable.pipeTo(writable)));
      const client = await server.connect();
      const wire = concat([UPGRADE, "GET / HTTP/1.1\r\n\r\n"]);
      for (let at = 0; at < wire.length; at++) await client.send(wire.subarray(at, at + 1));
      assert.equal((await client.response()).status, 101);
      assert.equal(await client.readUntil("\r\n\r\n"), "GET / HTTP/1.1");
    });
  }

  on("opens a tunnel for CONNECT", async (serve) => {
    const server = await serve(tunnels("exchange", ({ readable, writable }) => readable.pipeTo(writable)));
    const client = await server.connect();
    await client.send("CONNECT b.example:1 HTTP/1.1\r\nHost: b.example:1\r\n\r\nearly");
    assert.match(await client.readUntil("\r\n\r\n"), /^HTTP\/1\.1 200 OK\r\ndate: [^\r]+$/);
    assertSameBytes(await client.readBytes(5), concat(["early"]));
    client.end();
    await client.assertEnd();
  });

  on("keeps a connection whose Upgrade is answered as any request", async (serve) => {
    const server = await serve(handler("fetch", ({ target }) => target));
    const client = await server.connect();
    await client.send(UPGRADE, get("/next"));
    assert.deepEqual((await client.responses(2)).map(({ text }) => text), ["/echo", "/next"]);
  });

  on("holds an upgraded connection's client back while nobody reads", async (serve) => {
    const gate = new Deferred<void>();
    const length = new Deferred<number>();
    const server = await serve(tunnels("exchange", async ({ readable, writable }) => {
      await gate.promise;
      let read = 0;
      for await (const piece of readable) read += piece.length;
      length.resolve(read);
      await writable.close();
    }));
    const client = await server.connect();
    await client.send(UPGRADE);
    assert.equal((await client.response()).status, 101);
    let sent = 0;
    const piece = patternBytes(MIB);
    const sending = (async () => {
      for (; sent < TOO_MUCH; sent += piece.length) await client.send(piece);
      client.end();
    })();
    await exchangeMany(await server.connect());
    assert.ok(sent < TOO_MUCH, "the server takes what nobody reads");
    gate.resolve();
    assert.equal(await length.promise, TOO_MUCH);
    await client.assertEnd();
    await sending;
  });

  on("holds an upgraded connection's writer back while its client does not read", async (serve) => {
    const piece = patternBytes(PIECE);
    let written = 0;
    let enough = TOO_MUCH;
    const server = await serve(tunnels("fetch", async ({ writable }) => {
      const writer = writable.getWriter();
      for (; written < enough; written += PIECE) await writer.write(piece);
      await writer.close();
    }));
    const client = await server.connect();
    await client.send(UPGRADE);
    await exchangeMany(await server.connect());
    assert.ok(written < TOO_MUCH, "the server writes what nobody reads");
    enough = DOWNLOAD;
    assert.equal((await client.response()).status, 101);
    const got = await client.readToEnd();
    assert.equal(got.length, written);
    for (let at = 0; at < got.length; at += PIECE) assertSameBytes(got.subarray(at, at + PIECE), piece);
  });

  on("half-closes an upgraded connection, and reads on", async (serve) => {
    const heard = new Deferred<string>();
    const server = await serve(tunnels("fetch", async ({ readable, writable }) => {
      const writer = writable.getWriter();
      await writer.write(concat(["bye"]));
      await writer.close();
      const parts: Uint8Array[] = [];
      for await (const part of readable) parts.push(part);
      heard.resolve(new TextDecoder().decode(concat(parts)));
    }));
    const client = await server.connect();
    await client.send(UPGRADE);
    assert.equal((await client.response()).status, 101);
    assertSameBytes(await client.readToEnd(), concat(["bye"]));
    await client.send("one ");
    await client.send("more");
    client.end();
    assert.equal(await heard.promise, "one more");
    assert.equal(await lastTunnel!.closed, "upgraded");
  });

  on(
    "lets a client read to the end what an upgraded connection sent before it was dropped",
    async (serve) => {
      const large = patternBytes(MIB);
      const server = await serve(tunnels("exchange", async ({ readable, writable }) => {
        await readable.cancel();
        const writer = writable.getWriter();
        await writer.write(large);
        await writer.close();
      }));
      const client = await server.connect();
      await client.send(UPGRADE);
      assert.equal((await client.response()).status, 101);
      await client.send(patternBytes(PIECE)); // what nobody reads must not become a reset
      assertSameBytes(await client.readToEnd(), large);
      client.end();
      assert.equal(await lastTunnel!.closed, "upgraded");
    },
  );

  on("fails the streams of an upgraded connection whose client is gone", async (serve) => {
    const failed = new Deferred<unknown>();
    const begun = new Deferred<void>();
    const server = await serve(tunnels("exchange", async ({ readable, writable }) => {
      begun.resolve();
      const writer = writable.getWriter();
      writer.closed.catch(() => {});
      try {
        for await (const piece of readable) await writer.write(piece);
        // Where a client that is gone looks like one that has ended, writing to it tells.
        for (;;) await writer.write(patternBytes(PIECE));
      } catch (error) {
        failed.resolve(error);
      }
    }));
    const client = await server.connect();
    await client.send(UPGRADE);
    assert.equal((await client.response()).status, 101);
    await begun.promise;
    client.reset();
    assertPeerGone(await failed.promise);
    assert.equal(await lastTunnel!.closed, "upgraded");
  });

  on("ends upgraded connections on close(), and waits for them on shutdown()", async (serve) => {
    const echo = (upgraded: Upgraded): Promise<void> => upgraded.readable.pipeTo(upgraded.writable);
    const cut = await serve(tunnels("exchange", (upgraded) => echo(upgraded).catch(() => {})));
    const lost = await cut.connect();
    await lost.send(UPGRADE);
    assert.equal((await lost.response()).status, 101);
    await cut.close();
    await lost.assertOver();
    assert.equal(await lastTunnel!.closed, "forced");

    const server = await serve(tunnels("exchange", echo));
    const client = await server.connect();
    await client.send(UPGRADE);
    assert.equal((await client.response()).status, 101);
    const over = server.shutdown();
    await client.send("still here");
    assertSameBytes(await client.readBytes(10), concat(["still here"]));
    client.end();
    await client.assertEnd();
    await over;
    assert.equal(await lastTunnel!.closed, "upgraded");
  });

  for (const kind of KINDS) {
    on(`sends early hints before there is an answer (${kind})`, async (serve) => {
      const gate = new Deferred<void>();
      const hints = { link: "</style.css>; rel=preload" };
      const server = await serve(
        kind === "exchange"
          ? {
            async exchange(x) {
              x.earlyHints(hints);
              await gate.promise;
              x.respond(200, {}, "final");
            },
          }
          : {
            async fetch(_, info) {
              info.earlyHints(hints);
              await gate.promise;
              return new Response("final");
            },
          },
      );
      const client = await server.connect();
      await client.send(get("/"));
      const early = await client.response();
      assert.deepEqual([early.status, early.headers.get("link")], [103, hints.link]);
      gate.resolve();
      assert.equal((await client.response()).text, "final");
    });

    on(`brings trailers both ways (${kind})`, async (serve) => {
      const server = await serve(
        kind === "exchange"
          ? {
            async exchange(x) {
              const body = await x.bytes();
              x.start(200);
              x.end(body, new Headers([...x.trailers()]));
            },
          }
          : {
            async fetch(request, info) {
              const body = await request.arrayBuffer();
              info.sendTrailers(info.trailers);
              return new Response(body);
            },
          },
      );
      const client = await server.connect();
      const body = patternBytes(100_000);
      await client.send(chunked("/", [body], "X-Sum: 42", "X-Other: yes"), get("/next"));
      await client.readUntil("\r\n\r\n");
      const parts: Uint8Array[] = [];
      for (;;) {
        const size = parseInt(await client.readUntil("\r\n"), 16);
        if (size === 0) break;
        parts.push(await client.readBytes(size));
        await client.readUntil("\r\n");
      }
      assertSameBytes(concat(parts), body);
      const trailers = (await client.readUntil("\r\n\r\n")).split("\r\n");
      assert.deepEqual(trailers.sort(), ["x-other: yes", "x-sum: 42"]);
      assert.equal((await client.response()).status, 200);
    });
  }

  on("echoes a body piece by piece", async (serve) => {
    const server = await serve({
      maxBodyBytes: 0,
      async exchange(x) {
        let begun = false;
        for await (const piece of x.pieces()) {
          if (!begun) x.start(200); // earlier, it could not know that it would read all of it
          begun = true;
          if (!x.write(piece)) await x.ready();
        }
        x.end();
      },
    });
    const client = await server.connect();
    const body = patternBytes(8 * MIB);
    const head = `POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${body.length}\r\n\r\n`;
    const sent = client.send(head, body).then(() => client.send(chunked("/", [patternBytes(5)])));
    assertSameBytes((await client.response()).body, body);
    assertSameBytes((await client.response()).body, patternBytes(5));
    await sent;
  });

  // The end.

  for (const kind of KINDS) {
    on(`ends everything on close() (${kind})`, async (serve) => {
      const begun = new Deferred<Asked>();
      const server = await serve(handler(kind, async (asked) => {
        if (asked.target === "/idle") return "idle";
        begun.resolve(asked);
        await aborted(asked.signal);
        return "to nobody";
      }));
      const [fresh, idle, active] = [await server.connect(), await server.connect(), await server.connect()];
      await idle.send(get("/idle"));
      await idle.response();
      await active.send(get("/active"));
      const { signal, connection } = await begun.promise;
      await server.close();
      assert.equal(await connection.closed, "forced");
      assert.equal((causeOf(await aborted(signal)) as ConnectionError).code, "closed");
      for (const client of [fresh, idle, active]) await client.assertOver();
    });

    on(`answers what is under way on shutdown(), then ends (${kind})`, async (serve) => {
      const begun = new Deferred<void>();
      const gate = new Deferred<void>();
      const server = await serve(handler(kind, async ({ target }) => {
        if (target === "/idle") return target;
        begun.resolve();
        await gate.promise;
        return target;
      }));
      const [idle, active] = [await server.connect(), await server.connect()];
      await idle.send(get("/idle"));
      await idle.response();
      await active.send(get("/active"), get("/never"));
      await begun.promise;
      const over = server.shutdown();
      await idle.assertEnd();
      gate.resolve();
      const response = await active.response();
      assert.deepEqual([response.text, response.headers.get("connection")], ["/active", "close"]);
      await active.assertEnd();
      idle.end();
      active.end();
      await over;
    });
  }
}

function chunkedText(body: string): string {
  return `POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n${body}`;
}
