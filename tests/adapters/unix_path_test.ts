/**
 * Who may have the path of a Unix socket: what somebody has bound is never replaced or removed, and what nobody
 * has bound any more is taken over, by one of those who try.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import test from "node:test";
import { serve, type Server } from "../../mod.ts";
import { removeSocket } from "../../src/adapters/unix_path.ts";
import type { ServeOptions } from "../../src/api/options.ts";
import { connectUnix } from "../support/byte_streams.ts";
import { Child, command } from "../support/child.ts";
import { inTime } from "../support/deadline.ts";
import { get } from "../support/memory.ts";
import { needs } from "../support/tools.ts";
import { WireClient } from "../support/wire_client.ts";

const root = mkdtempSync(join(tmpdir(), "mooring-"));
process.on("exit", () => rmSync(root, { recursive: true, force: true }));
let folders = 0;

/** A folder with nothing in it. */
function freshFolder(): string {
  const folder = join(root, String(folders++));
  mkdirSync(folder);
  return folder;
}

const freshPath = (): string => join(freshFolder(), "a.sock");

/** A server that answers with `text`, and ends at once with `await using`. */
async function start(path: string, text = "hello"): Promise<Server> {
  const server = await serve({ path, fetch: () => new Response(text) });
  return Object.assign(server, { [Symbol.asyncDispose]: () => server.close() });
}

/** What is answered at `path`. */
async function answerAt(path: string): Promise<string> {
  using client = new WireClient(await connectUnix(path));
  await client.send(get("/", "Connection: close"));
  return (await inTime(client.response(), "the answer")).text;
}

/** Leaves a socket at `path` that nobody has bound any more: to be removed at its end, it must have its name. */
async function leaveSocket(path: string): Promise<void> {
  const server = net.createServer().listen(`${path}.live`);
  await once(server, "listening");
  renameSync(`${path}.live`, path);
  server.close();
  await once(server, "close");
  assert.ok(existsSync(path));
}

const IN_USE = /cannot listen on .*: another server listens there already.*"path"/;

async function assertInUse(path: string): Promise<void> {
  await assert.rejects(start(path).then((server) => server.close()), IN_USE);
}

/** Which file lies at `path`. */
const inode = (path: string): number => lstatSync(path).ino;

// What is alive.

/** Programs that have bound sys.argv[1], each in a way of its own; `s` is the socket. */
const ALIVE: readonly (readonly [what: string, program: string])[] = [
  ["a datagram socket", "s = socket(AF_UNIX, SOCK_DGRAM); s.bind(path)"],
  ["a socket of sequenced packets", "s = socket(AF_UNIX, SOCK_SEQPACKET); s.bind(path); s.listen()"],
  ["a socket that does not listen yet", "s = socket(AF_UNIX); s.bind(path)"],
  ["a server whose backlog is full", "s = socket(AF_UNIX); s.bind(path); s.listen(0); fill()"],
  [
    "a server whose backlog is full, bound by a relative path",
    "os.chdir(os.path.dirname(path)); s = socket(AF_UNIX); s.bind('a.sock'); s.listen(0); fill()",
  ],
  [
    "a server whose backlog is full, and whose socket was renamed",
    "s = socket(AF_UNIX); s.bind(path + '.1.tmp'); os.rename(path + '.1.tmp', path); s.listen(0); fill()",
  ],
];

const PRELUDE = `
import os, sys, time
from socket import *
path = sys.argv[1]
waiting = []
def fill():
    try:
        while True:
            client = socket(AF_UNIX)
            client.setblocking(False)
            client.connect(path)
            waiting.append(client)
    except BlockingIOError:
        pass
`;

for (const [what, program] of ALIVE) {
  test(`serve() leaves ${what} alone`, needs("python3"), async () => {
    const path = freshPath();
    const script = `${PRELUDE}\n${program}\nprint("bound", flush=True)\ntime.sleep(60)`;
    await using child = await Child.start(["python3", "-c", script, path]);
    const before = inode(path);
    await assertInUse(path);
    assert.equal(inode(path), before);
    // What is left by it is free.
    child.kill("SIGKILL");
    await child.ended;
    await using server = await start(path);
    assert.equal(await answerAt(path), "hello");
    await server.close();
    assert.deepEqual(readdirSync(join(path, "..")), []);
  });
}

test("serve() takes over from a server that has ended there, while its connections go on", async () => {
  const path = freshPath();
  await using old = await start(path);
  using client = new WireClient(await connectUnix(path));
  await client.send(get());
  await client.response();
  const shutdown = old.shutdown({ idleGrace: 10_000 });
  await leaveSocket(path);
  await using next = await start(path, "next");
  assert.equal(await answerAt(path), "next");
  await client.send(get());
  assert.equal((await client.response()).text, "hello");
  client.end();
  await shutdown;
  assert.equal(await answerAt(path), "next");
  await next.close();
});

// Several who try at once.

test("of several serve() at once on a socket that was left one listens, and the others say why not", async () => {
  for (let round = 0; round < 50; round++) {
    const path = freshPath();
    await leaveSocket(path);
    const results = await Promise.allSettled([0, 1, 2].map((i) => start(path, String(i))));
    const listening = results.filter((result) => result.status === "fulfilled");
    try {
      assert.equal(listening.length, 1);
      const winner = results.findIndex(({ status }) => status === "fulfilled");
      assert.equal(await answerAt(path), String(winner));
    } finally {
      await Promise.all(listening.map(({ value }) => value.close()));
    }
    for (const result of results) {
      if (result.status === "rejected") assert.match(String(result.reason), IN_USE);
    }
    assert.deepEqual(readdirSync(join(path, "..")), []);
  }
});

test("of two processes at once on a socket that was left one listens, and the other says why not", async () => {
  const rounds = 50;
  const folder = freshFolder();
  const start = [...command("tests/support/race_for_path"), folder, String(rounds)];
  await using one = await Child.start(start);
  await using other = await Child.start(start);
  for (let round = 0; round < rounds; round++) {
    const path = join(folder, `${round}.sock`);
    await leaveSocket(join(folder, "left"));
    renameSync(join(folder, "left"), path);
    const told = await Promise.all([one, other].map(async (child) => {
      const [line] = await child.prints(new RegExp(`^.*"round":${round}\\b.*$`, "m"));
      return { pid: child.pid, error: JSON.parse(line).error as string | undefined };
    }));
    const listening = told.filter(({ error }) => error === undefined);
    assert.equal(listening.length, 1, JSON.stringify(told));
    assert.equal(await answerAt(path), String(listening[0].pid));
    for (const { error } of told) if (error !== undefined) assert.match(error, IN_USE);
  }
});

test("removeSocket() puts back what was bound after somebody looked", async () => {
  const path = freshPath();
  await leaveSocket(path);
  const seen = lstatSync(path, { bigint: true });
  rmSync(path);
  await using server = await start(path);
  assert.throws(() => removeSocket(path, seen), { code: "EADDRINUSE" });
  assert.equal(await answerAt(path), "hello");
  assert.deepEqual(readdirSync(join(path, "..")), ["a.sock"]);
  await server.close();
});

test("removeSocket() is content where somebody else was faster", async () => {
  const path = freshPath();
  await leaveSocket(path);
  const seen = lstatSync(path, { bigint: true });
  removeSocket(path, seen);
  assert.ok(!existsSync(path));
  removeSocket(path, seen);
});

// The end.

test("close() leaves alone what another has bound in place of the server's socket", async () => {
  const path = freshPath();
  await using old = await start(path, "old");
  renameSync(path, `${path}.old`);
  await using next = await start(path, "next");
  await old.close();
  assert.equal(await answerAt(path), "next");
  await next.close();
  assert.deepEqual(readdirSync(join(path, "..")), ["a.sock.old"]);
});

test("close() does nothing where the server's socket was removed", async () => {
  const path = freshPath();
  await using server = await start(path);
  rmSync(path);
  await server.close();
  assert.ok(!existsSync(path));
});

// Paths.

test("serve() takes relative paths from the folder that it is started in", async () => {
  const [here, there] = [freshFolder(), freshFolder()];
  const before = process.cwd();
  try {
    process.chdir(here);
    await leaveSocket("8080"); // a name, and no port
    await using server = await start("8080", "here");
    assert.deepEqual(server.addr, { transport: "unix", path: "8080" });
    await assertInUse("./8080");
    await assertInUse(join(here, "8080"));
    process.chdir(there);
    await using other = await start("8080", "there");
    assert.equal(await answerAt(join(here, "8080")), "here");
    await server.close();
    assert.deepEqual([readdirSync(here), readdirSync(there)], [[], ["8080"]]);
    assert.equal(await answerAt(join(there, "8080")), "there");
    await other.close();
  } finally {
    process.chdir(before);
  }
});

/** Expects a TypeError that names the option. */
async function assertTypeError(options: ServeOptions, name: string): Promise<void> {
  const started = serve({ ...options, fetch: () => new Response() }).then((server) => server.close());
  await assert.rejects(started, { name: "TypeError", message: new RegExp(`^option "${name}" `) });
}

test("serve() refuses a path with NUL inside, of which the system would take a part", async () => {
  const path = freshPath();
  await assertTypeError({ path: `${path}\0.sock` }, "path");
  await assertTypeError({ path: `${path}\0` }, "path");
  await assertTypeError({ path: `\0mooring-${process.pid}\0a` }, "path");
  assert.deepEqual(readdirSync(join(path, "..")), []);
});

test("serve() refuses a host name with NUL or spaces", async () => {
  for (const hostname of ["127.0.0.1\0", "127.0.0.1 ", " localhost", "local host", "127.0.0.1\n", "\0"]) {
    await assertTypeError({ port: 0, hostname }, "hostname");
  }
});
