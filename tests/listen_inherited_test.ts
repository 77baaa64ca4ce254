/** Inherited sockets that `serve()` listens on. */
import assert from "node:assert/strict";
import { openSync } from "node:fs";
import process from "node:process";
import test from "node:test";
import type { ServeOptions } from "../src/api/options.ts";
import { runtimes } from "../scripts/tools.mjs";
import { connectTcp, connectTls, connectUnix } from "./support/byte_streams.ts";
import { FIRST } from "./support/certificates.ts";
import { Child, command, fileOf } from "./support/child.ts";
import { inTime } from "./support/deadline.ts";
import { answers, assertRejects, freshPath, IS_DENO } from "./support/listening.ts";

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
