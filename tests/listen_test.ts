/** Where `serve()` listens: a port that others listen on too, and options that do not go together. */
import assert from "node:assert/strict";
import type { Socket } from "node:net";
import test from "node:test";
import type { Addr, NetAddr, UnixAddr } from "../src/api/transport.ts";
import type { ServeOptions } from "../src/api/options.ts";
import { connectTcp, connectTls, connectUnix } from "./support/byte_streams.ts";
import { FIRST } from "./support/certificates.ts";
import { Child, command } from "./support/child.ts";
import {
  abstractName,
  answers,
  assertRejects,
  exists,
  freshPath,
  IS_DENO,
  IS_NODE_20,
  start,
} from "./support/listening.ts";
import { fetch200, LOCAL } from "./support/local_servers.ts";
import { get } from "./support/memory.ts";
import { type ByteStream, WireClient } from "./support/wire_client.ts";

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
  assert.equal(await rawSocketOn(LOCAL, toPort), isNode || IS_DENO ? "Socket" : undefined);
  const toPath = (addr: Addr): Promise<ByteStream> => connectUnix((addr as UnixAddr).path);
  assert.equal(await rawSocketOn({ path: freshPath() }, toPath), "Socket");
  const toTls = (addr: Addr): Promise<ByteStream> => connectTls((addr as NetAddr).port);
  assert.equal(await rawSocketOn({ ...LOCAL, tls: FIRST }, toTls), isNode ? "TLSSocket" : undefined);
});

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

test("a server listens by a name where it may by that name alone", async () => {
  const place = JSON.stringify({ hostname: "localhost", port: 0 });
  const [runtime, ...args] = command("tests/support/serve_process");
  const narrowed = args.flatMap((arg) =>
    arg === "-A" ? ["--no-prompt", "--allow-net=localhost", "--allow-read", "--allow-env"] : [arg]
  );
  await using child = await Child.start([runtime, ...narrowed, place]);
  assert.equal((child.told[0].addr as NetAddr).transport, "tcp");
});
