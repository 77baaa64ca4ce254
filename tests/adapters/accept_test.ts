/**
 * Accepting: what one client does between its connect and its first request costs the next one nothing, and leaves
 * nothing behind. A connection is known from its TCP accept on, before its TLS handshake.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import process from "node:process";
import test from "node:test";
import { serve, type Server } from "../../mod.ts";
import { serve as serveOnNode } from "../../src/adapters/node.ts";
import type { NetAddr } from "../../src/api/transport.ts";
import type { ServeOptions } from "../../src/api/options.ts";
import { connectTcp, connectTls } from "../support/byte_streams.ts";
import { FIRST } from "../support/certificates.ts";
import { Child, command } from "../support/child.ts";
import { inTime } from "../support/deadline.ts";
import { get } from "../support/memory.ts";
import { haveSockets, NO_TABLE, serverSockets } from "../support/server_sockets.ts";
import { until } from "../support/until.ts";
import { WireClient } from "../support/wire_client.ts";

const IS_DENO = "Deno" in globalThis;
const LOCAL = { hostname: "127.0.0.1", port: 0 };
/** Fewer than any runtime lets wait until they are accepted. */
const MANY = 300;
/** Far longer than a few accepts take, and far shorter than a wait for each of `MANY`, in milliseconds. */
const SOON = 5_000;

/** The ways to listen on a port, by name. */
const WAYS: ReadonlyMap<string, (options: ServeOptions) => Promise<Server>> = new Map([
  ["TCP", serve],
  ["TLS", (options) => serve({ ...options, tls: FIRST })],
  // Where another runtime stands in for node:net, as it does for all but its own listeners.
  ["TCP of the Node adapter", serveOnNode],
]);

/** The ways to listen of a process that has few descriptors: a name, and arguments of its program. */
const LIMITED = [
  ["TCP", "serve", JSON.stringify(LOCAL)],
  ["TLS", "serve", JSON.stringify({ ...LOCAL, tls: FIRST })],
  ["TCP of the Node adapter", "node", JSON.stringify(LOCAL)],
];
/** Far more than the process needs by itself. */
const DESCRIPTORS = 128;
/** More clients than that. */
const CROWD = 200;

const hello: ServeOptions = { ...LOCAL, exchange: (x) => x.respond(200, {}, "hello") };

const portOf = (server: Server): number => (server.addr as NetAddr).port;

/** Asks on a connection of its own; answers with the status. */
async function ask(server: Server): Promise<number> {
  const port = portOf(server);
  using client = new WireClient(await (server.url.startsWith("https") ? connectTls(port) : connectTcp(port)));
  await client.send(get("/"));
  return (await inTime(client.response(), "an answer")).status;
}

const RESET_CLIENTS = command("tests/support/reset_clients");

/** Lets `count` clients connect and reset while this process does nothing, so that none is accepted before. */
function resetBeforeAccept(server: Server, count: number): void {
  const [file, ...args] = RESET_CLIENTS;
  execFileSync(file, [...args, String(portOf(server)), String(count)]);
}

for (const [name, listen] of WAYS) {
  test(`a client is answered soon behind ${MANY} that reset before they were accepted (${name})`, async () => {
    await using server = await listen(hello);
    resetBeforeAccept(server, MANY);
    const since = performance.now();
    assert.equal(await ask(server), 200);
    const took = performance.now() - since;
    assert.ok(took < SOON, `answered after ${took} ms`);
    await until(() => server.stats().open, 0, "connections");
  });

  test(`clients are answered during a flood of resets (${name})`, async () => {
    await using server = await listen(hello);
    await using _flood = await Child.start([...RESET_CLIENTS, String(portOf(server))]);
    for (let i = 0; i < 20; i++) assert.equal(await ask(server), 200);
  });

  test(`resets before the accept take no room below the caps (${name})`, async () => {
    // What resets a TLS handshake was accepted, and counts until it is noticed; but then it makes room for others.
    const perIp = name === "TLS" ? {} : { maxConnectionsPerIp: 100 };
    await using server = await listen({ ...hello, maxConnections: 100, ...perIp });
    for (let i = 0; i < 4; i++) {
      resetBeforeAccept(server, 250);
      assert.equal(await ask(server), 200);
    }
    await until(() => server.stats().open, 0, "connections");
  });

  test(`a connection is probed while it is quiet (${name})`, { skip: NO_TABLE }, async (t) => {
    if (IS_DENO && name === "TLS") return t.diagnostic("Deno's TLS connections have no call for that");
    await using server = await listen(hello);
    using _client = await open(server);
    await until(() => server.stats().open, 1, "connections");
    const KEEP_ALIVE = 2;
    await until(() => serverSockets(portOf(server))[0].timer, KEEP_ALIVE, "the timer");
  });
}

for (const [name, ...args] of LIMITED) {
  test(
    `a process that ran out of descriptors serves again once some are free (${name})`,
    { skip: NO_TABLE },
    async () => {
      const limited = ["sh", "-c", `ulimit -n ${DESCRIPTORS}; exec "$@"`, "sh"];
      await using child = await Child.start([
        ...limited,
        ...command("tests/support/few_descriptors"),
        ...args,
      ]);
      const server = child.told[0] as Server;
      const crowd = await Promise.all(Array.from({ length: CROWD }, () => open(server)));
      await child.prints(/left/);
      await Promise.all(crowd.map((socket) => inTime(once(socket.destroy(), "close"), "a close")));
      assert.equal(await ask(server), 200);
    },
  );
}

test("resets before the accept leave connections behind a proxy served", async () => {
  await using server = await serve({
    ...LOCAL,
    maxConnections: 100,
    proxyProtocol: { allow: ["127.0.0.1"] },
    exchange: (x) => x.respond(200, {}, x.connection.remoteAddr?.transport === "tcp" ? "known" : "unknown"),
  });
  for (let i = 0; i < 4; i++) {
    resetBeforeAccept(server, 250);
    using client = new WireClient(await connectTcp(portOf(server)));
    await client.send("PROXY TCP4 192.0.2.1 192.0.2.2 1000 2000\r\n", get("/"));
    assert.equal((await inTime(client.response(), "an answer")).text, "known");
  }
  await until(() => server.stats().open, 0, "connections");
});

/** A raw TCP connection to `server`, after `act`; `using` ends it at last. */
async function open(
  server: Server,
  act: (socket: net.Socket) => void = () => {},
): Promise<net.Socket & Disposable> {
  const socket = net.connect({ port: portOf(server), host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => {}).resume();
  await once(socket, "connect");
  act(socket);
  return Object.assign(socket, { [Symbol.dispose]: () => void socket.destroy() });
}

/** The begin of a ClientHello that says that more follows (RFC 8446 §5.1, §4). */
const HALF_HELLO = Uint8Array.of(0x16, 3, 1, 1, 0, 1, 0, 0, 0xfc, 3, 3);

/** What clients do instead of a handshake. */
const LEAVING: readonly [what: string, act: (socket: net.Socket) => void][] = [
  ["close", (socket) => void socket.destroy()],
  ["reset", (socket) => void socket.resetAndDestroy()],
  ["half-close", (socket) => void socket.end()],
  ["send half a ClientHello and half-close", (socket) => void socket.end(HALF_HELLO)],
  ["send no TLS", (socket) => void socket.write(get("/"))],
];
const STALLING: typeof LEAVING = [
  ["are silent", () => {}],
  ["send half a ClientHello", (socket) => void socket.write(HALF_HELLO)],
];
/** Clients of one kind at once. */
const GROUP = 50;

const group = (server: Server, act: (socket: net.Socket) => void) =>
  Promise.all(Array.from({ length: GROUP }, () => open(server, act)));

for (const [what, act] of LEAVING) {
  test(
    `${GROUP} clients that ${what} instead of a TLS handshake are let go at once`,
    { skip: NO_TABLE },
    async () => {
      // Later than the test waits.
      await using server = await serve({ ...hello, tls: FIRST, headerTimeout: 100_000 });
      const sockets = await group(server, act);
      await haveSockets(portOf(server), 0);
      await until(() => server.stats().open, 0, "connections");
      assert.equal(server.stats().handshaking, 0);
      assert.equal(await ask(server), 200);
      for (const socket of sockets) socket.destroy();
    },
  );
}

for (const [what, act] of STALLING) {
  test(
    `${GROUP} clients that ${what} are counted, and let go at headerTimeout`,
    { skip: NO_TABLE },
    async () => {
      await using server = await serve({ ...hello, tls: FIRST, headerTimeout: 2_000 });
      const sockets = await group(server, act);
      await until(() => server.stats().handshaking, GROUP, "handshakes");
      assert.equal(server.stats().open, GROUP);
      assert.equal(await ask(server), 200);
      await until(() => server.stats().open, 0, "connections");
      assert.equal(server.stats().closed.header_timeout, GROUP);
      // Deno frees the descriptor of a TLS connection in its handshake only when the client goes.
      if (!IS_DENO) await haveSockets(portOf(server), 0);
      for (const socket of sockets) socket.destroy();
      await haveSockets(portOf(server), 0);
    },
  );

  test(`shutdown() and close() end ${GROUP} clients that ${what}`, { skip: NO_TABLE }, async () => {
    for (const end of ["shutdown", "close"] as const) {
      const server = await serve({ ...hello, tls: FIRST });
      const sockets = await group(server, act);
      await until(() => server.stats().handshaking, GROUP, "handshakes");
      const ended: Promise<unknown> = end === "close" ? server.close() : server.shutdown({ idleGrace: 0 });
      await inTime(ended, end);
      assert.equal(server.stats().open, 0);
      if (!IS_DENO) await haveSockets(portOf(server), 0);
      for (const socket of sockets) socket.destroy();
      await haveSockets(portOf(server), 0);
    }
  });

  test(`a process ends after shutdown() while clients ${what}`, async () => {
    const options = JSON.stringify({ ...LOCAL, tls: FIRST });
    await using child = await Child.start([...command("tests/support/serve_process"), options]);
    const { addr } = child.told[0];
    const sockets = await group({ addr } as Server, act);
    process.kill(child.pid, "SIGTERM");
    assert.equal(await inTime(child.ended, "the end of the process"), 0, child.errors);
    for (const socket of sockets) socket.destroy();
  });
}

for (const [what, bytes] of [["no handshake", "GET / HTTP/1.1\r\n\r\n"], ["nothing", ""]]) {
  test(`a client that sends ${what} to a TLS port, and ends, sees an end and no reset`, async () => {
    await using server = await serve({ ...hello, tls: FIRST });
    using socket = await open(server, (socket) => socket.end(bytes));
    let error: Error | undefined;
    socket.on("error", (reset) => error = reset);
    await inTime(once(socket, "close").catch(() => {}), "the end");
    assert.equal(error, undefined);
  });
}

test("who is turned away at maxConnections reads 503 after the TLS handshake", async () => {
  await using server = await serve({
    ...LOCAL,
    tls: FIRST,
    maxConnections: 1,
    exchange: (x) => new Promise((resolve) => void x.signal.addEventListener("abort", () => resolve())),
  });
  using first = new WireClient(await connectTls(portOf(server)));
  await first.send(get("/"));
  await until(() => server.stats().active, 1, "active connections");
  using second = new WireClient(await connectTls(portOf(server)));
  assert.equal((await inTime(second.response(), "an answer")).status, 503);
  await second.assertEnd();
});
