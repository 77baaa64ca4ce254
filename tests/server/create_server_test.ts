/** A server that does not listen by itself: it listens where it is told, and serves what the program has accepted. */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import {
  CLOSE_REASONS,
  createServer,
  type Exchange,
  ListenError,
  type NetAddr,
  type ServerOptions,
} from "../../mod.ts";
import { MemoryTransport } from "../../testing.ts";
import { Child, command, fileOf } from "../support/child.ts";
import { run } from "../support/tools.ts";

const exchange = (x: Exchange): void =>
  x.respond(200, {}, `request ${x.connection.requests} of ${x.connection.id}`);
const GET = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
const LOCAL = { port: 0, hostname: "127.0.0.1" };

test("createServer() checks its options, and takes no place to listen", () => {
  assert.throws(() => createServer({}), /a handler is missing/);
  assert.throws(() => createServer({ exchange, port: 0 } as ServerOptions), /option "port" is unknown/);
  assert.throws(() => createServer({ exchange, maxConnections: -1 }), /option "maxConnections" must be/);
});

test("listen() resolves to the address, here and there, and all are one server", async () => {
  const server = createServer({ exchange });
  const first = await server.listen(LOCAL) as NetAddr;
  const second = await server.listen(LOCAL) as NetAddr;
  assert.notEqual(first.port, second.port);
  assert.deepEqual(server.addr, first);
  for (const { port } of [first, second]) {
    const response = await fetch(`http://127.0.0.1:${port}/`);
    assert.match(await response.text(), /^request 1 of /);
  }
  assert.equal(server.stats().accepted, 2);
  await server.close();
  for (const { port } of [first, second]) await assert.rejects(fetch(`http://127.0.0.1:${port}/`));
});

test("listen() checks its options", async () => {
  const server = createServer({ exchange });
  await assert.rejects(server.listen({ exchange } as object), /option "exchange" is unknown/);
  await assert.rejects(server.listen({ port: 65_536 }), RangeError);
  await server.close();
});

test("a server with proxyProtocol listens with no TLS", async () => {
  const server = createServer({ exchange, proxyProtocol: { allow: ["127.0.0.1"] } });
  const tls = { key: "key", cert: "cert" };
  await assert.rejects(
    server.listen({ ...LOCAL, tls }),
    /option "proxyProtocol" does not go with option "tls"/,
  );
  await server.close();
});

test("addr and url throw a ListenError before listen()", async () => {
  const server = createServer({ exchange });
  const isNotListening = { name: "ListenError", code: "not_listening" };
  assert.throws(() => server.addr, isNotListening);
  assert.throws(() => server.url, isNotListening);
  await server.close();
});

test("a port that is in use gives a ListenError with the system's code", async () => {
  await using server = createServer({ exchange });
  const { port } = await server.listen(LOCAL) as NetAddr;
  await assert.rejects(server.listen({ ...LOCAL, port }), (error) => {
    assert.ok(error instanceof ListenError);
    assert.equal(error.code, "EADDRINUSE");
    assert.match(error.message, /^cannot listen on 127\.0\.0\.1:\d+: the address is in use/);
    return true;
  });
});

test("accept() serves a transport, and counts it at the caps and in stats()", async () => {
  const server = createServer({ exchange, maxConnections: 1 });
  const [first, second] = [new MemoryTransport(), new MemoryTransport()];
  const connection = server.accept(first);
  first.send(GET + GET);
  assert.match(first.text(), new RegExp(`request 1 of ${connection.id}[^]*request 2 of ${connection.id}`));
  server.accept(second);
  assert.equal(await connection.closed, "evicted");
  const { accepted, evicted, open, requests, reused } = server.stats();
  assert.deepEqual({ accepted, evicted, open, requests, reused }, {
    accepted: 2,
    evicted: 1,
    open: 1,
    requests: 2,
    reused: 1,
  });
  await server.close();
});

test("accept() serves a pair of streams, with the scheme that it tells", async () => {
  const server = createServer({ fetch: (request) => new Response(request.url) });
  for (const isSecure of [true, false]) {
    const toServer = new TransformStream<Uint8Array, Uint8Array>();
    const toClient = new TransformStream<Uint8Array, Uint8Array>();
    const connection = server.accept({ readable: toServer.readable, writable: toClient.writable, isSecure });
    assert.equal(connection.isSecure, isSecure);
    const writer = toServer.writable.getWriter();
    const reader = toClient.readable.getReader();
    const read = reader.read();
    await writer.write(new TextEncoder().encode(GET));
    const text = new TextDecoder().decode((await read).value);
    assert.ok(text.endsWith(`${isSecure ? "https" : "http"}://a.example/`), text);
    connection.close();
  }
  await server.close();
});

test("accept() takes nothing else, and no streams that speak another protocol", async () => {
  const server = createServer({ exchange });
  assert.throws(() => server.accept({} as never), /TypeError: .*ReadableStream/);
  assert.throws(() => server.accept(undefined as never), TypeError);
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  assert.throws(() => server.accept({ readable, writable, alpnProtocol: "h2" }), /TypeError: .*"h2"/);
  server.accept({ readable, writable, alpnProtocol: "http/1.1" }).close();
  await server.close();
});

test("shutdown() ends the connections that the program has accepted, and takes no more", async () => {
  const server = createServer({ exchange });
  const client = new MemoryTransport();
  const connection = server.accept(client);
  client.send(GET);
  const report = await server.shutdown({ idleGrace: 0 });
  assert.equal(await connection.closed, "shutdown_idle");
  assert.equal(report.idleClosed, 1);
  const isClosed = { name: "ListenError", code: "server_closed" };
  assert.throws(() => server.accept(new MemoryTransport()), isClosed);
  await assert.rejects(server.listen(LOCAL), isClosed);
  assert.ok(CLOSE_REASONS.includes(await connection.closed));
});

test("unref() lets the process end although the server listens, and ref() takes that back", async () => {
  for (const [calls, exit] of [["unref", 0], ["unref,ref", "SIGKILL"]] as const) {
    await using child = await Child.start([...command("tests/support/unreferenced"), calls]);
    if (exit === "SIGKILL") {
      await child.prints(/still here/);
      child.kill("SIGKILL");
    }
    assert.equal(await child.ended, exit, calls);
  }
});

test("close() of a server that does not keep the process alive resolves all the same", async () => {
  await using child = await Child.start([...command("tests/support/unreferenced"), "unref,close"]);
  assert.equal(await child.ended, 0);
  assert.match(child.log, /closed/);
});

if ("Deno" in globalThis) {
  test("reusePort without the permission to listen is a ListenError", async () => {
    const file = fileOf("tests/support/reuse_port");
    const { stdout, code } = await run(process.execPath, [
      "run",
      "--no-prompt",
      "--no-check",
      "--allow-read",
      file,
    ]);
    assert.match(stdout.toString(), /ListenError: cannot listen on 127\.0\.0\.1:8000: Requires net access/);
    assert.equal(code, 0);
  });
}
