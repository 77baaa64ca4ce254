/**
 * Option "proxyProtocol" behind HAProxy, which says in a header of its own whom it sees; and from curl.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import test from "node:test";
import { Client } from "undici/index.js";
import { serve, type Server } from "../../mod.ts";
import type { Addr, NetAddr } from "../../src/api/transport.ts";
import type { Exchange, ExchangeHandler } from "../../src/api/exchange.ts";
import { connectTcp } from "../support/byte_streams.ts";
import { inTime } from "../support/deadline.ts";
import { HAProxy } from "../support/haproxy.ts";
import { get } from "../support/memory.ts";
import { needs, runWell } from "../support/tools.ts";
import { WireClient } from "../support/wire_client.ts";

/** Where clients connect from, so that they differ from the proxy; macOS has but one address for itself. */
const CLIENTS = process.platform === "darwin"
  ? ["127.0.0.1", "127.0.0.1"] as const
  : ["127.0.0.2", "127.0.0.3"] as const;

/** How often a port that was free is taken before HAProxy takes it. */
const ATTEMPTS = 5;

/** What the server saw. */
interface Seen {
  readonly target: string;
  readonly remote: string;
  readonly local: string;
  /** What HAProxy saw. */
  readonly from: string | null;
  readonly to: string | null;
}

function endText(addr: Addr | undefined): string {
  return addr?.transport === "tcp" ? `${addr.hostname} ${addr.port}` : JSON.stringify(addr);
}

function look(x: Exchange): Seen {
  return {
    target: x.target,
    remote: endText(x.remoteAddr),
    local: endText(x.connection.localAddr),
    from: x.header("x-from"),
    to: x.header("x-to"),
  };
}

type TestServer = { readonly server: Server; readonly port: number } & AsyncDisposable;

/** A server that takes PROXY headers from this machine alone, and answers with what it saw. */
async function start(exchange: ExchangeHandler = tell): Promise<TestServer> {
  const server = await serve({
    port: 0,
    hostname: "127.0.0.1",
    exchange,
    proxyProtocol: { allow: ["127.0.0.1"] },
  });
  return { server, port: (server.addr as NetAddr).port, [Symbol.asyncDispose]: () => server.close() };
}

function tell(x: Exchange): void {
  x.respond(200, {}, JSON.stringify(look(x)));
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** HAProxy on a port (with `bind` options) before the server on another, or at a path (with `server` options). */
async function haproxyOnPort(
  server: number | string,
  { bind = "", options, more = [] }: { bind?: string; options: string; more?: readonly string[] },
): Promise<{ haproxy: HAProxy; port: number } & AsyncDisposable> {
  for (let attempt = 1;; attempt++) {
    const port = await freePort();
    try {
      const haproxy = await HAProxy.start([
        `bind 127.0.0.1:${port} ${bind}`,
        "http-request set-header x-from '%[src] %[src_port]'",
        "http-request set-header x-to '%[dst] %[dst_port]'",
        ...more,
        `server a ${typeof server === "number" ? `127.0.0.1:${server}` : `unix@${server}`} ${options}`,
      ]);
      return { haproxy, port, [Symbol.asyncDispose]: () => haproxy[Symbol.asyncDispose]() };
    } catch (error) {
      if (attempt === ATTEMPTS || !/cannot bind/i.test(String(error))) throw error;
    }
  }
}

/** Asks once; the connection stays. */
async function ask(client: Client, target: string): Promise<Seen> {
  const { statusCode, body } = await client.request({ path: target, method: "GET" });
  const text = await body.text();
  assert.equal(statusCode, 200, text);
  return JSON.parse(text);
}

const HEADERS = [
  "send-proxy",
  "send-proxy-v2",
  "send-proxy-v2 proxy-v2-options crc32c,unique-id",
] as const;
const UNIQUE_ID = ["unique-id-format %ci_%cp_%ts"];

for (const options of HEADERS) {
  test(`HAProxy's ${options} tells who the clients are`, needs("haproxy"), async () => {
    await using started = await start();
    await using proxy = await haproxyOnPort(started.port, { options, more: UNIQUE_ID });
    const clients = CLIENTS.map((localAddress) =>
      new Client(`http://127.0.0.1:${proxy.port}`, { localAddress })
    );
    try {
      for (const asked of ["/1", "/2", "/3"]) {
        const seen = await Promise.all(clients.map((client) => ask(client, asked)));
        for (const [i, { target, remote, local, from, to }] of seen.entries()) {
          assert.equal(target, asked);
          assert.equal(remote.split(" ")[0], CLIENTS[i]);
          assert.equal(remote, from);
          assert.equal(local, `127.0.0.1 ${proxy.port}`);
          assert.equal(local, to);
        }
      }
      const { requests, closed } = started.server.stats();
      assert.deepEqual({ requests, closed }, { requests: 6, closed: {} });
    } finally {
      for (const client of clients) await client.destroy();
    }
  });

  test(`HAProxy's ${options} tells the IPv6 address that it was told itself`, needs("haproxy"), async () => {
    await using started = await start();
    await using proxy = await haproxyOnPort(started.port, { bind: "accept-proxy", options, more: UNIQUE_ID });
    using client = new WireClient(await connectTcp(proxy.port));
    await client.send(`PROXY TCP6 2001:DB8:0:0:1:0:0:7 2001:db8::ffff 50000 443\r\n${get("/")}`);
    const { remote, local, from, to }: Seen = JSON.parse((await client.response()).text);
    assert.deepEqual([remote, local], ["2001:db8::1:0:0:7 50000", "2001:db8::ffff 443"]);
    assert.deepEqual([remote, local], [from, to]);
  });

  test(
    `HAProxy's ${options} says that a client on a Unix socket has no address`,
    needs("haproxy"),
    async () => {
      await using started = await start();
      await using proxy = await haproxyOnPort(started.port, { options, more: UNIQUE_ID });
      const client = new Client("http://mooring.test", { socketPath: proxy.haproxy.socket });
      try {
        const { remote, local } = await ask(client, "/");
        assert.match(remote, /^127\.0\.0\.1 \d+$/);
        assert.notEqual(remote, `127.0.0.1 ${proxy.port}`);
        assert.equal(local, `127.0.0.1 ${started.port}`);
      } finally {
        await client.destroy();
      }
    },
  );
}

test("HAProxy tells who the clients are on a Unix socket, too", needs("haproxy"), async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "mooring-unix-"));
  try {
    const socket = path.join(folder, "mooring.sock");
    await using server = await serve({ path: socket, exchange: tell, proxyProtocol: { allow: ["unix"] } });
    await using proxy = await haproxyOnPort(socket, { options: "send-proxy-v2" });
    const client = new Client(`http://127.0.0.1:${proxy.port}`, { localAddress: CLIENTS[0] });
    try {
      const { remote, local, from, to } = await ask(client, "/");
      assert.deepEqual([remote, local], [from, to]);
    } finally {
      await client.destroy();
    }
    assert.equal(server.stats().requests, 1);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("HAProxy's health checks come from HAProxy itself (LOCAL)", needs("haproxy"), async () => {
  let checked: (seen: Seen) => void;
  const check = new Promise<Seen>((resolve) => checked = resolve);
  await using started = await start((x) => {
    if (x.target === "/health") checked(look(x));
    tell(x);
  });
  await using proxy = await haproxyOnPort(started.port, {
    options: "send-proxy-v2 check inter 50ms",
    more: ["option httpchk GET /health HTTP/1.1", "http-check send hdr Host mooring.test"],
  });
  const { remote, local } = await inTime(check, "a health check");
  assert.match(remote, /^127\.0\.0\.1 \d+$/);
  assert.equal(local, `127.0.0.1 ${started.port}`);
  const client = new Client(`http://127.0.0.1:${proxy.port}`, { localAddress: CLIENTS[0] });
  try {
    const { remote } = await ask(client, "/");
    assert.equal(remote.split(" ")[0], CLIENTS[0]);
  } finally {
    await client.destroy();
  }
});

test(
  "HAProxy that sends no PROXY header is told so by the end of the connection",
  needs("haproxy"),
  async () => {
    await using started = await start();
    await using proxy = await haproxyOnPort(started.port, { options: "", more: ["retries 0"] });
    using client = new WireClient(await connectTcp(proxy.port));
    await client.send(get("/"));
    assert.equal((await client.response()).status, 502);
    const { requests, closed } = started.server.stats();
    assert.deepEqual({ requests, closed }, { requests: 0, closed: { protocol_error: 1 } });
  },
);

test("curl --haproxy-protocol is understood", needs("curl"), async () => {
  await using started = await start();
  const url = new URL("/", started.server.url).href;
  const { stdout } = await runWell("curl", [
    ...["--disable", "--silent", "--show-error", "--noproxy", "*"],
    ...["--haproxy-protocol", "--write-out", "\n%{local_ip} %{local_port}\n%{remote_ip} %{remote_port}", url],
  ]);
  const [body, local, remote] = stdout.toString().split("\n");
  const seen: Seen = JSON.parse(body);
  assert.deepEqual([seen.remote, seen.local], [local, remote]);
});
