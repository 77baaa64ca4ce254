/** Unix sockets that `serve()` listens on: with a file or without, and what it says where it cannot. */
import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import test from "node:test";
import type { Addr } from "../src/api/transport.ts";
import { connectUnix } from "./support/byte_streams.ts";
import { Child, command } from "./support/child.ts";
import {
  abstractName,
  answers,
  assertRejects,
  exists,
  folder,
  freshPath,
  IS_NODE_20,
  start,
} from "./support/listening.ts";
import { fetch200 } from "./support/local_servers.ts";
import { get } from "./support/memory.ts";
import { WireClient } from "./support/wire_client.ts";

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
