/**
 * What `serve()` listens on beside a port of its own: Unix sockets, inherited sockets, a port that others listen
 * on too; and what it says where it cannot.
 */
import assert from "node:assert/strict";
import { mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import test from "node:test";
import { serve, type Server } from "../mod.ts";
import type { Addr, NetAddr, UnixAddr } from "../src/api/transport.ts";
import type { ServeOptions } from "../src/api/options.ts";
import { runtimes } from "../scripts/tools.mjs";
import { connectTcp, connectTls, connectUnix } from "./support/byte_streams.ts";
import { AUTHORITY, FIRST, SECOND } from "./support/certificates.ts";
import { Child, command, fileOf } from "./support/child.ts";
import { inTime } from "./support/deadline.ts";
import { get } from "./support/memory.ts";
import { type ByteStream, WireClient } from "./support/wire_client.ts";

const IS_DENO = "Deno" in globalThis;
const IS_NODE_20 = !IS_DENO && !("Bun" in globalThis) && process.versions.node.startsWith("20.");

const LOCAL = { port: 0, hostname: "127.0.0.1" } as const;
const fetch200 = (): Response => new Response("hello");

const folder = mkdtempSync(join(tmpdir(), "mooring-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
let sockets = 0;
const freshPath = (): string => join(folder, `${sockets++}.sock`);
/** A name that no other run has. */
const abstractName = (): string => `\0mooring-test-${process.pid}-${sockets++}`;

/** A server that ends at once with `await using`. */
async function start(options: ServeOptions): Promise<Server> {
  const server = await serve(options);
  return Object.assign(server, { [Symbol.asyncDispose]: () => server.close() });
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Expects `serve()` to reject with a message that matches. */
async function assertRejects(
  options: unknown,
  message: RegExp,
  kind: string = "ListenError",
): Promise<Error> {
  let refused!: Error;
  await assert.rejects(
    serve({ fetch: fetch200, ...options as ServeOptions }).then((server) => server.close()),
    (error: Error) => {
      assert.match(error.message, message);
      assert.equal(error.name, kind);
      refused = error;
      return true;
    },
  );
  return refused;
}

async function answers(stream: ByteStream): Promise<string> {
  using client = new WireClient(stream);
  await client.send(get("/", "Connection: close"));
  const { status, text } = await inTime(client.response(), "the answer");
  assert.equal(status, 200);
  return text;
}

// Unix sockets.

test("serve() on a Unix socket tells its path, and peers that have none", async () => {
  const path = freshPath();
  const seen: unknown[] = [];
  await using server = await start({
    path,
    fetch(request, { remoteAddr, connection }) {
      seen.push(remoteAddr, connection.localAddr);
      return new Response(request.url);
    },
    onListen: (addr) => seen.push(addr),
  });
  try {
    assert.deepEqual(server.addr, { transport: "unix", path });
    assert.equal(server.url, `http+unix://${encodeURIComponent(path)}`);
    assert.equal(await answers(await connectUnix(path)), "http://a.example/");
    const here: Addr = { transport: "unix", path };
    assert.deepEqual(seen, [here, { transport: "unix", path: "" }, here]);
  } finally {
    await server.close();
  }
});

test("serve() removes its Unix socket at the end, and open connections go on meanwhile", async () => {
  const path = freshPath();
  await using server = await start({ path, fetch: fetch200 });
  using client = new WireClient(await connectUnix(path));
  await client.send(get());
  await client.response();
  const shutdown = server.shutdown({ idleGrace: 10_000 });
  await client.send(get());
  assert.equal((await client.response()).headers.get("connection"), "close");
  await client.assertEnd();
  client.end();
  await shutdown;
  assert.ok(!exists(path));
});

test("serve() replaces a Unix socket that nobody listens on any more", async () => {
  const path = freshPath();
  await using killed = await Child.start([
    ...command("tests/support/serve_process"),
    JSON.stringify({ path }),
  ]);
  killed.kill("SIGKILL");
  await killed.ended;
  assert.ok(exists(path), "a server that is killed leaves its socket");
  await using server = await start({ path, fetch: fetch200 });
  assert.equal(await answers(await connectUnix(path)), "hello");
  await server.close();
  assert.ok(!exists(path));
});

test("serve() refuses a Unix socket that somebody listens on, and leaves it alone", async () => {
  const path = freshPath();
  await using server = await start({ path, fetch: fetch200 });
  await assertRejects({ path }, /cannot listen on .*: another server listens there already.*"path"/);
  assert.equal(await answers(await connectUnix(path)), "hello");
  await server.close();
});

test("serve() refuses a path where a file lies that is no socket, and leaves it alone", async () => {
  const path = freshPath();
  writeFileSync(path, "precious");
  await assertRejects({ path }, /cannot listen on .*: a file that is no socket lies there/);
  assert.equal(readFileSync(path, "utf8"), "precious");
});

test("serve() says what is wrong with a path", async () => {
  await assertRejects({ path: join(folder, "none", "a.sock") }, /its folder does not exist.*"path"/);
  await assertRejects({ path: join(folder, "x".repeat(120)) }, /10\d bytes at the most.*"path"/);
});

test("serve() gives its Unix socket the permissions that option mode says", async () => {
  for (const mode of [0o600, 0o660, 0o777]) {
    const path = freshPath();
    await using server = await start({ path, mode, fetch: fetch200 });
    assert.equal(statSync(path).mode & 0o777, mode);
    assert.equal(await answers(await connectUnix(path)), "hello");
    await server.close();
  }
});

const onLinux = { skip: process.platform === "linux" ? false : "only Linux has names without a file" };

test("serve() listens on a name without a file, or says that this runtime cannot", onLinux, async () => {
  const path = abstractName();
  if (IS_NODE_20) {
    return void await assertRejects(
      { path },
      /Node 20 cannot listen on a name without a file/,
      "UnsupportedError",
    );
  }
  await using server = await start({ path, fetch: fetch200 });
  assert.deepEqual(server.addr, { transport: "unix", path });
  assert.equal(await answers(await connectUnix(path)), "hello");
  await assertRejects({ path }, /another server listens there already/);
  await server.close();
  await using again = await start({ path, fetch: fetch200 });
  await again.close();
});

// Inherited sockets.

/** Runs a server on a socket that it inherits as descriptor 3. */
function startOnInherited(place: string, options: ServeOptions): Promise<Child> {
  const server = [...command("tests/support/serve_process"), JSON.stringify(options)];
  return Child.start([runtimes.node, fileOf("tests/support/pass_socket"), place, ...server]);
}

/** Ends the server, and with it the program that started it. */
async function endInherited(child: Child): Promise<void> {
  process.kill(child.told[0].pid, "SIGTERM");
  await inTime(child.ended, "the end of the server");
  assert.equal(child.errors, "");
}

for (const fd of [3, "systemd"] as const) {
  test(`serve() listens on an inherited port (fd: ${JSON.stringify(fd)})`, async () => {
    await using child = await startOnInherited("0", { fd });
    const [{ addr, url, error }] = child.told;
    assert.equal(error, undefined);
    assert.equal(addr.transport, "tcp");
    assert.equal(url, `http://127.0.0.1:${addr.port}/`);
    const { requests, localAddr, remoteAddr } = JSON.parse(await answers(await connectTcp(addr.port)));
    assert.equal(requests, 1);
    assert.deepEqual(localAddr, { transport: "tcp", hostname: "127.0.0.1", port: addr.port });
    assert.equal(remoteAddr.hostname, "127.0.0.1");
    await endInherited(child);
  });

  test(`serve() listens on an inherited Unix socket (fd: ${JSON.stringify(fd)})`, async () => {
    const path = freshPath();
    await using child = await startOnInherited(path, { fd });
    assert.equal(child.told[0].addr?.transport, "unix", child.log);
    assert.equal(JSON.parse(await answers(await connectUnix(path))).remoteAddr.transport, "unix");
    await endInherited(child);
  });
}

test("serve() speaks TLS on an inherited port, or says that this runtime cannot", async () => {
  await using child = await startOnInherited("0", { fd: 3, tls: FIRST });
  const [{ addr, error, pid }] = child.told;
  if (IS_DENO) {
    assert.match(error, /Deno speaks TLS on a port of its own only.*"fd"/);
    assert.notEqual(pid, child.pid);
    return void await inTime(child.ended, "the end of the server");
  }
  assert.equal(JSON.parse(await answers(await connectTls(addr.port))).requests, 1);
  await endInherited(child);
});

test("serve() says that systemd passed nothing, or that it was for another process", async () => {
  await assertRejects(
    { fd: "systemd" },
    /the socket of systemd: systemd passed no socket to this process \(LISTEN_PID, LISTEN_FDS\)/,
  );
  const server = [...command("tests/support/serve_process"), JSON.stringify({ fd: "systemd" })];
  await using child = await Child.start(server, { LISTEN_PID: String(process.pid), LISTEN_FDS: "1" });
  assert.match(child.told[0].error, /passed no socket to this process/);
});

test("serve() says that a descriptor is no socket", async () => {
  const file = openSync(fileOf("tests/listen_test"), "r");
  for (const fd of [file, 12_345]) {
    await assertRejects({ fd }, new RegExp(`cannot listen on file descriptor ${fd}: it is no socket.*"fd"`));
  }
});

// One port for many.

test("serve() shares a port with reusePort, or says that this runtime cannot", async () => {
  const shared = { ...LOCAL, reusePort: true };
  if (IS_NODE_20) {
    return void await assertRejects(shared, /Node 20\.\S+ has no option "reusePort"/, "UnsupportedError");
  }
  const counts = [0, 0];
  const count = (index: number) => ({
    fetch: () => {
      counts[index]++;
      return new Response("hello");
    },
  });
  await using first = await start({ ...shared, ...count(0) });
  const { port } = first.addr as NetAddr;
  await using second = await start({ ...shared, port, ...count(1) });
  // Which of them gets a connection is as good as chance.
  for (let i = 0; i < 100; i++) await answers(await connectTcp(port));
  assert.equal(counts[0] + counts[1], 100);
  assert.ok(counts[0] > 0 && counts[1] > 0, `one of them got all: ${counts}`);
  // Who ends leaves all to the other.
  await first.close();
  for (let i = 0; i < 20; i++) await answers(await connectTcp(port));
  assert.equal(counts[0] + counts[1], 120);
  await second.close();
});

test("serve() does not share a port without reusePort", async () => {
  await using server = await start({ ...LOCAL, fetch: fetch200 });
  const { port } = server.addr as NetAddr;
  await assertRejects({ ...LOCAL, port }, /the address is in use/);
  await server.close();
});

// What else differs with the place.

/** Upgrades to a protocol of one word; answers what the raw socket is. */
async function rawSocketOn(
  place: ServeOptions,
  connect: (addr: Addr) => Promise<ByteStream>,
): Promise<string | undefined> {
  let socket: unknown;
  await using server = await start({
    ...place,
    exchange(x) {
      const upgraded = x.upgrade();
      socket = upgraded.socket;
      if (socket !== undefined) return void (socket as Socket).end("bye");
      const writer = upgraded.writable.getWriter();
      void writer.write(new TextEncoder().encode("bye")).then(() => writer.close());
    },
  });
  using client = new WireClient(await connect(server.addr));
  await client.send(get("/", "Connection: upgrade", "Upgrade: one-word"));
  assert.equal((await client.response()).status, 101);
  assert.equal(new TextDecoder().decode(await client.readBytes(3)), "bye");
  await server.close();
  return socket?.constructor.name;
}

test("upgrades have the raw socket where it is one of node:net or node:tls", async () => {
  const isNode = !IS_DENO && !("Bun" in globalThis);
  const toPort = (addr: Addr): Promise<ByteStream> => connectTcp((addr as NetAddr).port);
  assert.equal(await rawSocketOn(LOCAL, toPort), isNode ? "Socket" : undefined);
  const toPath = (addr: Addr): Promise<ByteStream> => connectUnix((addr as UnixAddr).path);
  assert.equal(await rawSocketOn({ path: freshPath() }, toPath), "Socket");
  const toTls = (addr: Addr): Promise<ByteStream> => connectTls((addr as NetAddr).port);
  assert.equal(await rawSocketOn({ ...LOCAL, tls: FIRST }, toTls), IS_DENO ? undefined : "TLSSocket");
});

// Options that do not go together.

test("serve() refuses options of two places, and names them", async () => {
  const path = freshPath();
  const strays: [ServeOptions, string, string][] = [
    [{ path, port: 0 }, "port", "path"],
    [{ path, hostname: "127.0.0.1" }, "hostname", "path"],
    [{ path, reusePort: true }, "reusePort", "path"],
    [{ path, fd: 3 }, "fd", "path"],
    [{ fd: 3, port: 0 }, "port", "fd"],
    [{ fd: 3, mode: 0o600 }, "mode", "fd"],
    [{ port: 0, mode: 0o600 }, "mode", "port"],
  ];
  for (const [options, stray, place] of strays) {
    await assertRejects(
      options,
      new RegExp(`^option "${stray}" does not go with option "${place}"`),
      "TypeError",
    );
  }
  assert.ok(!exists(path));
  await assertRejects({ path: abstractName(), mode: 0o600 }, /"mode" does not go with .*"path"/, "TypeError");
});

test("serve() refuses places that are none, and names the option", async () => {
  await assertRejects({ path: "" }, /"path"/, "TypeError");
  await assertRejects({ path: 3 }, /"path"/, "TypeError");
  await assertRejects({ path: freshPath(), mode: 0o1000 }, /"mode"/, "RangeError");
  await assertRejects({ path: freshPath(), mode: "600" }, /"mode"/, "TypeError");
  await assertRejects({ fd: -1 }, /"fd"/, "RangeError");
  await assertRejects({ fd: "3" }, /"fd"/, "TypeError");
  await assertRejects({ ...LOCAL, reusePort: 1 }, /"reusePort"/, "TypeError");
});

// Certificates.

/** PEM whose bytes are not what they were. */
function damaged(pem: string | Uint8Array): string {
  return String(pem).replace(/\nMI/, "\nMA");
}

test("serve() refuses keys and certificates that are no PEM, and names the option", async () => {
  for (const part of ["key", "cert", "ca"]) {
    for (const wrong of ["", "no PEM", new Uint8Array(3)]) {
      const tls = { ...FIRST, [part]: wrong };
      await assertRejects({ ...LOCAL, tls }, new RegExp(`^option "tls.${part}" holds no `), "TypeError");
    }
    const tls = { ...FIRST, [part]: 3 };
    await assertRejects({ ...LOCAL, tls }, new RegExp(`^option "tls.${part}" must be PEM`), "TypeError");
  }
  await assertRejects({ ...LOCAL, tls: FIRST.cert }, /^option "tls" must be an object/, "TypeError");
  await assertRejects({ ...LOCAL, tls: { ...FIRST, pfx: "" } }, /^option "tls.pfx" is unknown/, "TypeError");
  await assertRejects({ ...LOCAL, tls: { ...FIRST, passphrase: 3 } }, /"tls.passphrase"/, "TypeError");
});

test("serve() says that a key or a certificate cannot be used, and why", async () => {
  const unusable = /^cannot listen on 127\.0\.0\.1:0: option "tls" cannot be used: /;
  const { cause } = await assertRejects({ ...LOCAL, tls: { ...FIRST, cert: damaged(FIRST.cert) } }, unusable);
  assert.ok(cause instanceof Error, "the cause is the runtime's error");
  await assertRejects({ ...LOCAL, tls: { ...FIRST, key: damaged(FIRST.key) } }, unusable);
  await assertRejects(
    { ...LOCAL, tls: { ...FIRST, key: SECOND.key } },
    /option "tls" cannot be used: the key is not that of the certificate$/,
  );
});

test("serve() refuses clients' authorities that cannot be read, and on Deno any", async () => {
  const tls = { ...FIRST, ca: damaged(AUTHORITY) };
  const expected = IS_DENO
    ? /Deno cannot ask clients for certificates \(option "tls\.ca"\)/
    : /option "tls" cannot be used: /;
  await assertRejects({ ...LOCAL, tls }, expected, IS_DENO ? "UnsupportedError" : "ListenError");
});

test("serve() speaks TLS on a Unix socket and on a shared port, or says that this runtime cannot", async () => {
  const path = freshPath();
  if (IS_DENO) {
    await assertRejects(
      { path, tls: FIRST },
      /Deno speaks TLS on a port of its own only.*"path"/,
      "UnsupportedError",
    );
    await assertRejects(
      { ...LOCAL, reusePort: true, tls: FIRST },
      /Deno speaks TLS on a port .*"reusePort"/,
      "UnsupportedError",
    );
    return assert.ok(!exists(path));
  }
  await using onPath = await start({ path, tls: FIRST, fetch: fetch200 });
  assert.ok(exists(path));
  await onPath.close();
  if (IS_NODE_20) return;
  await using shared = await start({ ...LOCAL, reusePort: true, tls: FIRST, fetch: fetch200 });
  assert.equal(await answers(await connectTls((shared.addr as NetAddr).port)), "hello");
  await shared.close();
});

test("reloadTls() refuses what cannot be used, and the old certificate stays", async () => {
  await using server = await start({ ...LOCAL, tls: FIRST, fetch: fetch200 });
  const { port } = server.addr as NetAddr;
  assert.throws(() => server.reloadTls({ ...FIRST, cert: "" }), /^TypeError: option "tls.cert" holds no/);
  assert.throws(
    () => server.reloadTls({ ...FIRST, cert: damaged(FIRST.cert) }),
    /option "tls" cannot be used: /,
  );
  assert.throws(() => server.reloadTls({ ...FIRST, key: SECOND.key }), /the key is not that of/);
  assert.equal(await answers(await connectTls(port)), "hello");
  await server.close();
  await using plain = await start({ ...LOCAL, fetch: fetch200 });
  assert.throws(() => plain.reloadTls(FIRST), /^TypeError: .*without option "tls"/);
  await plain.close();
});

test("reloadTls() does not switch on or off whether clients need certificates", async () => {
  await using server = await start({ ...LOCAL, tls: FIRST, fetch: fetch200 });
  assert.throws(() => server.reloadTls({ ...FIRST, ca: AUTHORITY }), /"tls.ca"/);
  await server.close();
});
