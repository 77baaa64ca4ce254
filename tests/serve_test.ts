/**
 * `serve()` beside the HTTP that it speaks: where it listens, what the server says of itself, and how it ends.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { serve } from "../mod.ts";
import type { Addr, CloseReason, NetAddr } from "../src/api/transport.ts";
import { Deferred } from "../src/core/deferred.ts";
import { connectTcp } from "./support/byte_streams.ts";
import { inTime } from "./support/deadline.ts";
import { connect, fetch200, LOCAL, start } from "./support/local_servers.ts";
import { get } from "./support/memory.ts";

test("serve() without hostname answers on IPv4 and IPv6, and tells IPv4 clients as such", async () => {
  const seen: Addr[] = [];
  await using server = await serve({
    port: 0,
    fetch(_request, { remoteAddr, connection: { localAddr } }) {
      seen.push(remoteAddr!, localAddr!);
      return new Response("hello");
    },
  });
  const { hostname, port } = server.addr as NetAddr;
  assert.deepEqual([hostname, server.url], ["::", `http://localhost:${port}/`]);
  for (const host of ["127.0.0.1", "::1"]) {
    const authority = host.includes(":") ? `[${host}]` : host;
    assert.equal(await (await fetch(`http://${authority}:${port}/`)).text(), "hello");
  }
  assert.deepEqual(seen.map((addr) => (addr as NetAddr).hostname), ["127.0.0.1", "127.0.0.1", "::1", "::1"]);
  await server.close();
});

test("serve() takes an IPv6 address as a URL writes it", async () => {
  for (const hostname of ["[::1]", "::1"]) {
    await using server = await start({ hostname, fetch: fetch200 });
    assert.deepEqual([(server.addr as NetAddr).hostname, server.url], [
      "::1",
      `http://[::1]:${server.port}/`,
    ]);
    assert.equal(await (await fetch(server.url)).text(), "hello");
  }
});

test("serve() rejects with the system's code", async () => {
  await using first = await start({ fetch: fetch200 });
  const { port } = first;
  for (
    const [place, code] of [
      [{ hostname: "127.0.0.1", port }, "EADDRINUSE"],
      [{ port }, "EADDRINUSE"], // where somebody listens on a part of it
      [{ hostname: "192.0.2.1", port: 0 }, "EADDRNOTAVAIL"],
    ] as const
  ) {
    await assert.rejects(serve({ ...place, fetch: fetch200 }), { code });
  }
  // A resolver that is out of reach says EAI_AGAIN on Node.
  await assert.rejects(serve({ hostname: "a.invalid", port: 0, fetch: fetch200 }), {
    code: /^(ENOTFOUND|EAI_AGAIN)$/,
    message: /a\.invalid:0: the host name is not known/,
  });
});

test("serve() says that a port is in use, and names it", async () => {
  await using first = await start({ fetch: fetch200 });
  await assert.rejects(serve({ ...LOCAL, port: first.port, fetch: fetch200 }), (error: Error) => {
    assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${first.port}: .*in use.*"port"`));
    assert.ok(error.cause instanceof Error);
    return true;
  });
  using client = await connect(first.port);
  await client.send(get("/"));
  assert.equal((await client.response()).text, "hello");
});

test("serve() says that the machine has no such address, and names the option", async () => {
  // An address for documentation (RFC 5737), which no machine has.
  await assert.rejects(serve({ port: 0, hostname: "192.0.2.1", fetch: fetch200 }), (error: Error) => {
    assert.match(error.message, /192\.0\.2\.1:0: .*"hostname"/);
    assert.ok(error.cause instanceof Error);
    return true;
  });
});

test("serve() on port 0 tells the port that it got, to onListen first", async () => {
  const told: Addr[] = [];
  await using server = await start({ fetch: fetch200, onListen: (addr) => told.push(addr) });
  const { transport, hostname, port } = server.addr as NetAddr;
  assert.deepEqual({ transport, hostname }, { transport: "tcp", hostname: "127.0.0.1" });
  assert.ok(port > 0 && port < 65_536);
  assert.equal(server.url, `http://127.0.0.1:${port}/`);
  assert.equal(told.length, 1);
  assert.deepEqual(told[0], server.addr);
});

test("serve() on all addresses gives a URL that can be asked", async () => {
  await using server = await start({ hostname: "0.0.0.0", fetch: fetch200 });
  assert.equal(server.url, `http://localhost:${server.port}/`);
  const response = await fetch(server.url);
  assert.equal(await response.text(), "hello");
});

test("a handler is told both addresses of its connection", async () => {
  let remote: Addr | undefined;
  let local: Addr | undefined;
  await using server = await start({
    exchange(x) {
      remote = x.remoteAddr;
      local = x.connection.localAddr;
      x.respond(200);
    },
  });
  using client = await connect(server.port);
  await client.send(get("/"));
  await client.response();
  assert.deepEqual(local, server.addr);
  assert.equal((remote as NetAddr).hostname, "127.0.0.1");
  assert.deepEqual(server.connections()[0].remoteAddr, remote);
});

test("connections to a server on all addresses have each their own", async () => {
  await using server = await start({
    hostname: "0:0:0:0:0:0:0:0",
    fetch: (_request, { connection }) => Response.json(connection.localAddr),
  });
  for (const hostname of ["127.0.0.1", "127.0.0.2"]) {
    const response = await fetch(`http://${hostname}:${server.port}/`);
    assert.deepEqual(await response.json(), { transport: "tcp", hostname, port: server.port });
  }
});

test("serve() with a signal that is aborted rejects with its reason", async () => {
  const reason = new Error("never mind");
  await assert.rejects(
    serve({ ...LOCAL, fetch: fetch200, signal: AbortSignal.abort(reason) }),
    (error) => error === reason,
  );
});

test("a signal ends the server as shutdown() does", async () => {
  const controller = new AbortController();
  const begun = new Deferred<void>();
  const gate = new Deferred<void>();
  await using server = await start({
    signal: controller.signal,
    async exchange(x) {
      begun.resolve();
      await gate.promise;
      x.respond(200, undefined, "hello");
    },
  });
  const { port } = server;
  using client = await connect(port);
  await client.send(get("/"));
  await begun.promise;
  controller.abort();
  await assert.rejects(connectTcp(port));
  gate.resolve();
  const response = await client.response();
  assert.deepEqual([response.text, response.headers.get("connection")], ["hello", "close"]);
  await client.assertEnd();
  client.end();
  await inTime(server.finished, "the server's end");
});

test("close() frees the port and resolves finished; closing again does no harm", async () => {
  await using server = await start({ fetch: fetch200 });
  const { port } = server;
  using client = await connect(port);
  await server.close();
  await inTime(server.finished, "the server's end");
  await client.assertOver();
  await assert.rejects(connectTcp(port));
  await server.close();
  assert.deepEqual(await server.shutdown(), { finished: 0, idleClosed: 0, forced: 0, closed: {} });
  await using again = await start({ port, fetch: fetch200 });
  assert.equal(again.port, port);
});

test("shutdown() reports what it finished and what it cut off", async () => {
  const begun = new Deferred<void>();
  await using server = await start({
    async exchange(x) {
      if (x.target === "/idle") return x.respond(200);
      const gone = new Promise((resolve) => x.signal.addEventListener("abort", resolve, { once: true }));
      begun.resolve();
      await gone;
    },
  });
  const { port } = server;
  using idle = await connect(port);
  using stuck = await connect(port);
  await idle.send(get("/idle"));
  await idle.response();
  await stuck.send(get("/stuck"));
  await begun.promise;
  const report = server.shutdown({ timeout: 500, idleGrace: 0 });
  await idle.assertEnd();
  idle.end();
  await stuck.assertOver();
  assert.deepEqual(await report, {
    finished: 0,
    idleClosed: 1,
    forced: 1,
    closed: { shutdown_idle: 1, forced: 1 },
  });
  await assert.rejects(server.shutdown({ timeout: -1 }), RangeError);
  await assert.rejects(server.shutdown({ idleGrace: "5" as unknown as number }), TypeError);
});

test("stats() counts connections, requests, bytes and ends", async () => {
  const over: Promise<unknown>[] = [];
  await using server = await start({
    fetch: () => new Response("hello"),
    onStateChange(connection, state) {
      if (state === "new") over.push(connection.closed);
    },
  });
  const { port } = server;
  using one = await connect(port);
  using two = await connect(port);
  const request = get("/");
  for (let i = 0; i < 3; i++) {
    await one.send(request);
    await one.response();
  }
  await two.send(get("/", "Connection: close"));
  await two.response();
  await two.assertEnd();
  two.end();
  await over[1];
  const { accepted, active, idle, requests, reused, reuseRatio, bytesRead, closed } = server.stats();
  assert.deepEqual(
    { accepted, active, idle, requests, reused, reuseRatio, closed },
    {
      accepted: 2,
      active: 0,
      idle: 1,
      requests: 4,
      reused: 2,
      reuseRatio: 0.5,
      closed: { close_requested: 1 },
    },
  );
  assert.equal(bytesRead, 4 * request.length + "Connection: close\r\n".length);
  const [left] = server.connections();
  assert.deepEqual([server.connections().length, left.state, left.requests], [1, "idle", 3]);
  one.end();
  await one.assertEnd();
  await over[0];
  assert.deepEqual(server.stats().closed, { close_requested: 1, client_closed: 1 });
  assert.deepEqual(server.connections(), []);
});

test("a connection may be ended as it is announced, and remembers its peer", async () => {
  const ends = ["close", "shutdown"] as const;
  const seen: string[] = [];
  const over: Promise<CloseReason>[] = [];
  const peers = new Set<string>();
  await using server = await start({
    fetch: fetch200,
    lingerTimeout: 0,
    onStateChange(connection, state) {
      seen.push(state);
      peers.add(JSON.stringify([connection.id, connection.remoteAddr, connection.localAddr]));
      if (state !== "new") return;
      over.push(connection.closed);
      connection[ends[over.length - 1]]();
    },
  });
  for (const end of ends) {
    using client = await connect(server.port);
    await client.assertEnd();
    assert.equal(await over.at(-1), end === "close" ? "forced" : "shutdown_idle");
  }
  assert.deepEqual(seen, ["new", "closed", "new", "draining", "closed"]);
  assert.equal(peers.size, ends.length, "its addresses do not change with its state");
  assert.deepEqual(server.connections(), []);
});

test("two servers at once know nothing of each other", async () => {
  await using first = await start({ fetch: () => new Response("first") });
  await using second = await start({ exchange: (x) => x.respond(200, undefined, "second") });
  using a = await connect(first.port);
  using b = await connect(second.port);
  await Promise.all([a.send(get("/")), b.send(get("/"))]);
  assert.deepEqual([(await a.response()).text, (await b.response()).text], ["first", "second"]);
  await second.close();
  await b.assertOver();
  await a.send(get("/"));
  assert.equal((await a.response()).text, "first");
  assert.equal(first.stats().requests, 2);
  assert.equal(second.stats().requests, 1);
});
