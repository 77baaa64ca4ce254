/**
 * curl over Unix sockets and TLS, and curl that expects 100 of servers that take their time.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import test from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { serve, type Server } from "../../mod.ts";
import type { NetAddr } from "../../src/api/transport.ts";
import type { ServeOptions } from "../../src/api/options.ts";
import { assertSameBytes, patternBytes } from "../support/bytes.ts";
import { connectTls } from "../support/byte_streams.ts";
import { AUTHORITY, FIRST, SECOND } from "../support/certificates.ts";
import { get } from "../support/memory.ts";
import { type Finished, needs, run, runWell } from "../support/tools.ts";
import { WireClient } from "../support/wire_client.ts";

const IS_DENO = "Deno" in globalThis;
const IS_NODE_20 = !IS_DENO && !("Bun" in globalThis) && process.versions.node.startsWith("20.");
const SIZE = 300_000;
const LOCAL = { port: 0, hostname: "127.0.0.1" } as const;

const folder = mkdtempSync(join(tmpdir(), "mooring-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

function fileWith(name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

const caFile = fileWith("ca.pem", AUTHORITY);
const BYTES = patternBytes(SIZE);
const upload = fileWith("upload.bin", BYTES);

const ALWAYS = ["--disable", "--silent", "--show-error", "--noproxy", "*"];

/** Runs curl with `args`; it must do well. */
function curl(...args: string[]): Promise<Finished> {
  return runWell("curl", [...ALWAYS, ...args]);
}

/** Serves what the request brings, or its path, until the test ends. */
async function start(options: ServeOptions): Promise<Server> {
  const fetch = async (request: Request): Promise<Response> =>
    new Response(request.method === "GET" ? new URL(request.url).pathname : await request.arrayBuffer());
  const server = await serve("exchange" in options ? options : { fetch, ...options });
  return Object.assign(server, { [Symbol.asyncDispose]: () => server.close() });
}

const portOf = ({ addr }: Server): number => (addr as NetAddr).port;
const secureUrl = (server: Server, path: string): string => `https://localhost:${portOf(server)}${path}`;

// Unix sockets.

test("curl --unix-socket asks twice and uploads on one connection", needs("curl"), async () => {
  const path = join(folder, "u.sock");
  await using server = await start({ path });
  const { stdout } = await curl("--unix-socket", path, "http://a.example/1", "http://a.example/2");
  assert.equal(stdout.toString(), "/1/2");
  assert.equal(server.stats().accepted, 1);
  const uploaded = await curl("--unix-socket", path, "--upload-file", upload, "http://a.example/");
  assertSameBytes(uploaded.stdout, BYTES);
});

const onLinux = process.platform === "linux"
  ? needs("curl")
  : { skip: "only Linux has names without a file" };

test("curl --abstract-unix-socket asks, where the runtime has such names", onLinux, async () => {
  const name = `mooring-curl-${process.pid}`;
  const starting = start({ path: `\0${name}` });
  if (IS_NODE_20) return await assert.rejects(starting, /Node 20 cannot/);
  await using server = await starting;
  const { stdout } = await curl("--abstract-unix-socket", name, "http://a.example/1", "http://a.example/2");
  assert.equal(stdout.toString(), "/1/2");
  assert.equal(server.stats().requests, 2);
});

// TLS.

/** Waits until somebody listens: Deno replaces its listener. */
async function listensAgain(port: number): Promise<void> {
  for (;;) {
    const listens = await connectTls(port).then((stream) => stream.reset(), () => "not yet");
    if (listens === undefined) return;
  }
}

test(
  "curl --cacert trusts the server, speaks http/1.1 by ALPN, and re-uses the connection",
  needs("curl"),
  async () => {
    await using server = await start({ ...LOCAL, tls: FIRST });
    const urls = ["/1", "/2", "/3"].map((path) => secureUrl(server, path));
    const { stdout, stderr } = await curl(
      ...["--cacert", caFile, "--verbose", "--write-out", " %{num_connects} %{ssl_verify_result}\n", ...urls],
    );
    assert.equal(stdout.toString(), "/1 1 0\n/2 0 0\n/3 0 0\n");
    assert.match(stderr, /ALPN[:,] server accepted (to use )?http\/1\.1/);
    assert.match(stderr, /Re-using existing/);
    const { accepted, requests, reused } = server.stats();
    assert.deepEqual({ accepted, requests, reused }, { accepted: 1, requests: 3, reused: 2 });
  },
);

test("curl that does not know the authority refuses the server", needs("curl"), async () => {
  await using server = await start({ ...LOCAL, tls: FIRST });
  const { code } = await run("curl", [...ALWAYS, secureUrl(server, "/")]);
  assert.equal(code, 60, "curl cannot verify the peer");
  assert.equal(server.stats().requests, 0);
});

test(
  "curl over TLS uploads with a length, from a pipe in chunks, and by HTTP/1.0",
  needs("curl"),
  async () => {
    await using server = await start({ ...LOCAL, tls: FIRST });
    const url = secureUrl(server, "/");
    const trust = [...ALWAYS, "--cacert", caFile];
    assertSameBytes((await runWell("curl", [...trust, "--upload-file", upload, url])).stdout, BYTES);
    assertSameBytes((await runWell("curl", [...trust, "--upload-file", "-", url], BYTES)).stdout, BYTES);
    const old = await runWell("curl", [...trust, "--http1.0", "--upload-file", upload, url]);
    assertSameBytes(old.stdout, BYTES);
  },
);

test(
  "reloadTls() gives new connections the new certificate, and open ones go on",
  needs("curl"),
  async () => {
    await using server = await start({ ...LOCAL, tls: FIRST });
    const subject = async (): Promise<string | undefined> => {
      const { stderr } = await curl("--cacert", caFile, "--verbose", secureUrl(server, "/"));
      return /subject: *CN ?= ?(\w+)/.exec(stderr)?.[1];
    };
    assert.equal(await subject(), "first");
    using open = new WireClient(await connectTls(portOf(server)));
    await open.send(get("/before"));
    assert.equal((await open.response()).text, "/before");

    for (const [tls, name] of [[SECOND, "second"], [FIRST, "first"], [SECOND, "second"]] as const) {
      server.reloadTls(tls);
      if (IS_DENO) await listensAgain(portOf(server));
      assert.equal(await subject(), name);
      await open.send(get(`/${name}`));
      assert.equal((await open.response()).text, `/${name}`);
    }
  },
);

test("tls.ca lets in who has a certificate of that authority, and nobody else", needs("curl"), async () => {
  const starting = start({ ...LOCAL, tls: { ...FIRST, ca: AUTHORITY } });
  if (IS_DENO) return await assert.rejects(starting, /Deno cannot ask clients for certificates.*"tls\.ca"/);
  await using server = await starting;
  const url = secureUrl(server, "/in");
  const cert = fileWith("client.pem", SECOND.cert);
  const key = fileWith("client.key", SECOND.key);
  const own = ["--cert", cert, "--key", key];
  const { stdout } = await curl("--cacert", caFile, ...own, url, url);
  assert.equal(stdout.toString(), "/in/in");
  const { code } = await run("curl", [...ALWAYS, "--cacert", caFile, url]);
  assert.notEqual(code, 0);
  assert.equal(server.stats().requests, 2);
});

test("serve() sends close_notify before it closes a TLS connection", needs("openssl"), async () => {
  await using server = await start({ ...LOCAL, tls: FIRST });
  const { stdout, stderr } = await run(
    "openssl",
    // -msg prints what comes and goes; -ign_eof waits for the server to end.
    ["s_client", "-connect", `127.0.0.1:${portOf(server)}`, "-CAfile", caFile, "-msg", "-ign_eof"],
    new TextEncoder().encode(get("/bye", "Connection: close")),
  );
  const text = stdout.toString("latin1");
  assert.match(text, /\r\n\r\n\/bye/);
  assert.match(text, /^<<< .*Alert.*close_notify/m);
  assert.doesNotMatch(stderr, /unexpected eof/);
});

test("curl speaks TLS on a Unix socket, where the runtime has that", needs("curl"), async () => {
  const path = join(folder, "t.sock");
  const starting = start({ path, tls: FIRST });
  if (IS_DENO) return await assert.rejects(starting, /Deno speaks TLS on a port of its own only/);
  await using _server = await starting;
  const { stdout } = await curl("--cacert", caFile, "--unix-socket", path, "https://localhost/1");
  assert.equal(stdout.toString(), "/1");
});

// Expect: 100-continue.

/** curl's arguments for an upload that waits so many seconds for 100. */
const expecting = (seconds: string, url: string): string[] => [
  ...["--verbose", "--header", "Expect: 100-continue", "--expect100-timeout", seconds],
  ...["--write-out", "%{stderr}uploaded %{size_upload}\n", "--upload-file", upload, url],
];

for (const kind of ["fetch", "exchange"] as const) {
  test(
    `curl that tires of waiting for 100 sends its body, and gets none (${kind})`,
    needs("curl"),
    async () => {
      // The handler asks for the body when it has begun to come: from then on nobody wants a 100.
      const bodyComes = async (): Promise<void> => {
        while (server.stats().bytesRead < 10_000) await turn();
      };
      await using server = await start(
        kind === "fetch"
          ? { ...LOCAL, fetch: async (request) => (await bodyComes(), new Response(await request.bytes())) }
          : {
            ...LOCAL,
            exchange: async (x) => (await bodyComes(), x.respond(200, {}, await x.bytes())),
          },
      );
      const { stdout, stderr } = await curl(...expecting("0.05", server.url));
      assertSameBytes(stdout, BYTES);
      assert.doesNotMatch(stderr, /^< HTTP\/1\.1 100/m);
    },
  );
}

test("curl that waits long enough gets a late 100, and sends then", needs("curl"), async () => {
  let ask = (): void => {};
  const asked = new Promise<void>((resolve) => ask = resolve);
  await using server = await start({
    ...LOCAL,
    async fetch(request) {
      const { bytesRead } = server.stats();
      await asked;
      assert.equal(server.stats().bytesRead, bytesRead, "nothing of the body came before 100");
      return new Response(await request.bytes());
    },
  });
  const uploading = curl(...expecting("600", server.url));
  // Another request meanwhile, over and over: time that curl uses to send what it should not.
  while (server.stats().active === 0) await turn();
  for (let i = 0; i < 2_000; i++) await turn();
  ask();
  const { stdout, stderr } = await uploading;
  assertSameBytes(stdout, BYTES);
  assert.equal(stderr.match(/^< HTTP\/1\.1 100 Continue/gm)?.length, 1);
});

test("curl that expects 100 and is refused sends nothing", needs("curl"), async () => {
  await using server = await start({ ...LOCAL, fetch: () => new Response("no", { status: 403 }) });
  const { stdout, stderr } = await curl(...expecting("600", server.url));
  assert.equal(stdout.toString(), "no");
  assert.match(stderr, /^< HTTP\/1\.1 403/m);
  assert.doesNotMatch(stderr, /^< HTTP\/1\.1 100/m);
  assert.match(stderr, /^uploaded 0$/m);
});
