/**
 * What a client causes is not told to `onError`: the request is refused, which `onRefused` hears of, or its connection is
 * over. Otherwise a client could fill the log of every handler that reads bodies.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ProtocolError } from "../src/api/errors.ts";
import type { Exchange, Upgraded } from "../src/api/exchange.ts";
import type { ConnectionOptions } from "../src/api/options.ts";
import { connectHttp2, FLAG } from "./support/http2_client.ts";
import { connect, settled } from "./support/memory.ts";

const HANDLERS: Record<string, ConnectionOptions> = {
  "an exchange handler": { exchange: async (x) => x.respond(200, {}, await x.text()) },
  "an exchange handler that reads in pieces": {
    async exchange(x) {
      for await (const _ of x.chunks());
      x.respond(200);
    },
  },
  "a fetch handler": { fetch: async (request) => new Response(await request.text()) },
  "a fetch handler that reads a stream": {
    async fetch(request) {
      for await (const _ of request.body!);
      return new Response();
    },
  },
};
/** Its response has begun: it is cut off, and nothing else is sent. */
const PASSES_ON: ConnectionOptions = { fetch: (request) => new Response(request.body) };

/** Collects what is told. */
function listening(options: ConnectionOptions): {
  options: ConnectionOptions;
  errors: unknown[];
  refused: string[];
} {
  const errors: unknown[] = [];
  const refused: string[] = [];
  const listeners = {
    onError: (error: unknown) => void errors.push(error),
    onRefused: ({ status, code }: ProtocolError) => void refused.push(`${status} ${code}`),
  };
  return { options: { ...options, ...listeners }, errors, refused };
}

const UPLOAD = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

const CASES: [what: string, handler: ConnectionOptions, isRefused: boolean][] = [
  ...Object.entries(HANDLERS).map(([what, handler]): typeof CASES[0] => [what, handler, true]),
  ["a fetch handler that passes the body on", PASSES_ON, false],
];

for (const [what, handler, isRefused] of CASES) {
  const told = isRefused ? "only onRefused is told" : "nobody is told";

  test(`${what} fails with a malformed body: ${told}`, async () => {
    const { options, errors, refused } = listening(handler);
    const { client } = connect(options);
    client.send(UPLOAD);
    await settled();
    client.send("no chunk\r\n");
    await settled();
    assert.deepEqual([errors, refused], [[], isRefused ? ["400 bad_chunk"] : []]);
  });

  test(`${what} fails with a body that is too large, on HTTP/2: ${told}`, async () => {
    const { options, errors, refused } = listening({ ...handler, maxBodyBytes: 5 });
    const { peer } = await connectHttp2(options);
    peer.post(1);
    await settled();
    peer.data(1, "sixsix");
    await settled();
    assert.deepEqual([errors, refused], [[], isRefused ? ["413 body_too_large"] : []]);
  });
}

/** Has responded, and goes on reading. */
async function readOn(x: Exchange): Promise<void> {
  const chunks = x.chunks();
  await chunks.next();
  const next = chunks.next();
  x.respond(200);
  await next;
}

test("a handler that reads on after its response fails with a malformed body: nobody is told", async () => {
  const { options, errors, refused } = listening({ exchange: readOn });
  const { client } = connect(options);
  client.send(UPLOAD + "1\r\na\r\n");
  await settled();
  client.send("no chunk\r\n");
  await settled();
  assert.deepEqual([errors, refused], [[], []]);
});

test("a handler that reads on after its response fails with a body that is too large, on HTTP/2: nobody is told", async () => {
  const { options, errors, refused } = listening({ exchange: readOn, maxBodyBytes: 5 });
  const { peer } = await connectHttp2(options);
  peer.post(1);
  peer.data(1, "a");
  await settled();
  peer.data(1, "sixsix");
  await settled();
  assert.deepEqual([errors, refused], [[], []]);
});

for (const version of ["HTTP/1.1", "HTTP/2"]) {
  test(`a handler that reads on after its response fails as the client half-closes, on ${version}: nobody is told`, async () => {
    const { options, errors, refused } = listening({ exchange: readOn });
    if (version === "HTTP/2") {
      const { peer, client } = await connectHttp2(options);
      peer.post(1);
      peer.data(1, "a");
      await settled();
      client.sendEnd();
    } else {
      const { client } = connect(options);
      client.send(UPLOAD + "1\r\na\r\n");
      await settled();
      client.sendEnd();
    }
    await settled();
    assert.deepEqual([errors, refused], [[], []]);
  });
}

const UPGRADE = "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";

/** Echoes until its client has gone. */
async function echo({ readable, writable }: Upgraded): Promise<void> {
  const writer = writable.getWriter();
  for await (const chunk of readable) await writer.write(chunk);
}

const ECHOES: Record<string, ConnectionOptions> = {
  "an exchange handler": { exchange: (x) => echo(x.upgrade({ protocol: "echo" })) },
  "a fetch handler": {
    async fetch(_request, info) {
      const upgraded = info.upgrade({ protocol: "echo" });
      await echo(upgraded);
      return upgraded.response;
    },
  },
};

for (const [what, handler] of Object.entries(ECHOES)) {
  test(`${what} that awaits the streams of its upgrade fails as the client goes: nobody is told`, async () => {
    const { options, errors } = listening(handler);
    const { client } = connect(options);
    client.send(UPGRADE + "hello");
    await settled();
    assert.match(client.text(), /^HTTP\/1\.1 101 [^]*hello$/);
    client.reset();
    await settled();
    assert.deepEqual(errors, []);
  });
}

for (const error of [new Error("no echo"), new DOMException("given up", "AbortError")]) {
  test(`an ${error.name} of the handler's own after an upgrade is told`, async () => {
    const { options, errors } = listening({
      async exchange(x) {
        const { readable } = x.upgrade({ protocol: "echo" });
        for await (const _ of readable) throw error;
      },
    });
    const { client } = connect(options);
    client.send(UPGRADE + "hello");
    await settled();
    assert.deepEqual(errors, [error]);
  });
}

test("an error whose name cannot be read is told, and responded for", async () => {
  const error = {
    get name(): string {
      throw new Error("no name");
    },
  };
  const { options, errors } = listening({ exchange: () => Promise.reject(error) });
  const { client } = connect(options);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await settled();
  assert.equal(errors[0], error);
  assert.match(client.text(), /^HTTP\/1\.1 500 /);
});

test("an error that the handler has made of the client's is told", async () => {
  const { options, errors, refused } = listening({
    fetch: (request) =>
      request.text().then(Response.json, (cause) => Promise.reject(new Error("no rollback", { cause }))),
  });
  const { client } = connect(options);
  client.send(UPLOAD + "no chunk\r\n");
  await settled();
  assert.deepEqual([errors.map(String), refused], [["Error: no rollback"], ["400 bad_chunk"]]);
});

test("an error of the exchange's last request is told, where it fails another one on HTTP/2", async () => {
  let kept: unknown;
  const { options, errors } = listening({
    maxBodyBytes: 5,
    exchange: (x) =>
      x.target === "/kept" ? Promise.reject(kept) : readOn(x).catch((error) => void (kept = error)),
  });
  const { peer } = await connectHttp2(options);
  peer.post(1);
  peer.data(1, "a");
  await settled();
  peer.data(1, "sixsix", FLAG.end); // so that its exchange is used again
  await settled();
  peer.get(3, "/kept");
  await settled();
  assert.ok(kept instanceof ProtocolError);
  assert.deepEqual(errors, [kept]);
});

test("a ProtocolError of the handler's own is told to onError, and so is one of another request", async () => {
  const kept: unknown[] = [];
  const { options, errors } = listening({
    async exchange(x) {
      if (x.target === "/own") throw new ProtocolError("bad_chunk", 400, "mine");
      if (x.target === "/kept") throw kept[0];
      await x.text().catch((error) => kept.push(error));
    },
  });
  const { client, server } = connect(options);
  client.send(UPLOAD + "no chunk\r\n");
  await settled();
  assert.equal(kept.length, 1);
  for (const target of ["/own", "/kept"]) {
    const { client } = connect(options);
    client.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await settled();
    assert.match(client.text(), /^HTTP\/1.1 500 /);
  }
  assert.equal(errors.length, 2);
  assert.equal(errors[1], kept[0]);
  await server.close();
});
