/**
 * The configurations of nginx and HAProxy that docs/load-balancers.md and docs/http2.md show: requests share connections,
 * upgrades pass, and the server learns who the clients are.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Client } from "undici/index.js";
import { serve, type Server } from "../../mod.ts";
import type { NetAddr } from "../../src/api/transport.ts";
import { HAProxy, Nginx, type Proxy } from "../support/proxies.ts";
import { needs } from "../support/tools.ts";
import { onlyBlock } from "./blocks.ts";

function configuration(language: string, server: Server, page = "docs/load-balancers.md"): string {
  const { port } = server.addr as NetAddr;
  return onlyBlock(page, language).replaceAll("127.0.0.1:8000", `127.0.0.1:${port}`);
}

/** Three requests and an upgrade by the proxy; what the last request's fields were. */
async function use(proxy: Proxy, server: Server): Promise<Record<string, string>> {
  const client = new Client("http://mooring.test", { socketPath: proxy.socket });
  try {
    let seen: Record<string, string> = {};
    for (let i = 0; i < 3; i++) {
      const { statusCode, body } = await client.request({ path: `/${i}`, method: "GET" });
      assert.equal(statusCode, 200, proxy.lastWords);
      seen = await body.json() as Record<string, string>;
    }
    const { requests, accepted } = server.stats();
    assert.deepEqual({ requests, accepted }, { requests: 3, accepted: 1 });
    const { socket } = await client.upgrade({ path: "/", method: "GET", protocol: "echo" });
    socket.write("tunnel");
    const [chunk] = await once(socket, "data");
    assert.equal(String(chunk), "tunnel");
    socket.destroy();
    return seen;
  } finally {
    await client.destroy();
  }
}

function start(proxyProtocol?: { allow: string[] }): Promise<Server> {
  return serve({
    port: 0,
    hostname: "127.0.0.1",
    ...proxyProtocol && { proxyProtocol },
    fetch(request, info) {
      if (request.headers.get("upgrade") !== "echo") {
        return Response.json({
          ...Object.fromEntries(request.headers),
          remote: JSON.stringify(info.remoteAddr),
        });
      }
      const { readable, writable, response } = info.upgrade();
      readable.pipeTo(writable).catch(() => {});
      return response;
    },
  });
}

test("nginx as in docs/load-balancers.md", needs("nginx"), async () => {
  const server = await start();
  try {
    await using nginx = await Nginx.startWith(configuration("nginx", server));
    const seen = await use(nginx, server);
    assert.equal(seen["x-forwarded-proto"], "http");
    assert.equal(seen.host, "mooring.test");
  } finally {
    await server.close();
  }
});

test("HAProxy as in docs/load-balancers.md", needs("haproxy"), async () => {
  const server = await start({ allow: ["127.0.0.1"] });
  try {
    await using haproxy = await HAProxy.startWith(configuration("haproxy", server));
    // A client on a Unix socket has no address that a PROXY header could tell: the connection's own is seen.
    assert.match((await use(haproxy, server)).remote, /127\.0\.0\.1/);
  } finally {
    await server.close();
  }
});

/** The proxies of docs/http2.md. */
const HTTP2_PROXIES: Record<string, (config: string) => Promise<Proxy>> = {
  nginx: (config) => Nginx.startWith(config),
  haproxy: (config) => HAProxy.startWith(config),
};

for (const [name, startWith] of Object.entries(HTTP2_PROXIES)) {
  test(`${name} as in docs/http2.md speaks HTTP/2, on one connection`, needs(name), async () => {
    const server = await serve({
      port: 0,
      hostname: "127.0.0.1",
      http2: true,
      ...name === "haproxy" && { proxyProtocol: { allow: ["127.0.0.1"] } },
      fetch: ({ headers }, { httpVersion }) =>
        Response.json([httpVersion, headers.get("host"), headers.get("x-forwarded-proto")]),
    });
    const proxy = await startWith(configuration(name, server, "docs/http2.md"));
    const client = new Client("http://mooring.test", { socketPath: proxy.socket });
    try {
      for (let i = 0; i < 3; i++) {
        const { statusCode, body } = await client.request({ path: `/${i}`, method: "GET" });
        assert.equal(statusCode, 200, proxy.lastWords);
        assert.deepEqual(await body.json(), ["2", "mooring.test", name === "nginx" ? "http" : null]);
      }
      assert.equal(server.stats().accepted, 1);
    } finally {
      await client.destroy();
      await proxy[Symbol.asyncDispose]();
      await server.close();
    }
  });
}
