/**
 * Option "trustProxy" behind real proxies. Their clients come by a Unix socket, so that each is told by a field for whom
 * it has the request.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "undici/index.js";
import type { NetAddr, ServeOptions, TrustProxyOptions } from "../../mod.ts";
import { onlyBlock } from "../docs/blocks.ts";
import { start } from "../support/listening.ts";
import { LOCAL } from "../support/local_servers.ts";
import { HAProxy, Nginx, type Proxy } from "../support/proxies.ts";
import { needs } from "../support/tools.ts";

const TELL: ServeOptions = {
  ...LOCAL,
  fetch: ({ url }, { remoteAddr }) => new Response(`${url} ${(remoteAddr as NetAddr).hostname}`),
};

/** What the server behind `proxy` answers to a client at `address` that sends these fields of its own. */
async function ask(proxy: Proxy, address: string, fields: Record<string, string> = {}): Promise<string> {
  const client = new Client("http://shop.example", { socketPath: proxy.socket, pipelining: 0 });
  try {
    const headers = { "x-client": address, ...fields };
    const response = await client.request({ path: "/cart", method: "GET", headers });
    return await response.body.text();
  } finally {
    await client.destroy();
  }
}

/** Fields by which a client claims to be somebody else. */
const CLAIMS = {
  "x-forwarded-for": "192.0.2.99",
  "x-forwarded-proto": "http",
  "x-forwarded-host": "evil.example",
  "x-forwarded-port": "99",
  forwarded: "for=192.0.2.99;host=evil.example;proto=http",
};

test(
  "behind nginx as in docs/load-balancers.md clients choose neither url nor address",
  needs("nginx"),
  async () => {
    await using server = await start({ ...TELL, trustProxy: { allow: ["127.0.0.1"] } });
    await using nginx = await Nginx.startWith(
      onlyBlock("docs/load-balancers.md", "nginx")
        .replaceAll("127.0.0.1:8000", `127.0.0.1:${(server.addr as NetAddr).port}`)
        .replace("listen 80;", "listen 80; set_real_ip_from unix:; real_ip_header X-Client;"),
    );
    for (const claims of [{}, { ...CLAIMS, "x-forwarded-proto": "https" }]) {
      assert.equal(
        await ask(nginx, "192.0.2.1", claims),
        "http://shop.example/cart 192.0.2.1",
        nginx.lastWords,
      );
    }
    await server.close();
  },
);

test("behind nginx that sets each field, host and port are the client's, too", needs("nginx"), async () => {
  const trustProxy: TrustProxyOptions = {
    allow: ["127.0.0.1"],
    fields: ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"],
  };
  await using server = await start({ ...TELL, trustProxy });
  await using nginx = await Nginx.start({
    upstream: [`server 127.0.0.1:${(server.addr as NetAddr).port}`],
    location: [
      "set_real_ip_from unix:",
      "real_ip_header X-Client",
      "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for",
      "proxy_set_header X-Forwarded-Proto https",
      "proxy_set_header X-Forwarded-Host $host",
      "proxy_set_header X-Forwarded-Port 8443",
    ],
  });
  for (const claims of [{}, CLAIMS]) {
    assert.equal(
      await ask(nginx, "192.0.2.1", claims),
      "https://shop.example:8443/cart 192.0.2.1",
      nginx.lastWords,
    );
    assert.equal(await ask(nginx, "2001:db8::1", claims), "https://shop.example:8443/cart 2001:db8::1");
  }
  await server.close();
});

test("behind HAProxy Forwarded tells url and address", needs("haproxy"), async () => {
  await using server = await start({ ...TELL, trustProxy: { allow: ["127.0.0.1"], fields: ["forwarded"] } });
  await using haproxy = await HAProxy.start([
    "http-request del-header forwarded",
    'http-request set-header forwarded "for=\\"[%[req.hdr(x-client)]]:81\\";proto=https;host=\\"%[req.hdr(host)]\\""',
    "http-request set-header host inner.example",
    `server mooring 127.0.0.1:${(server.addr as NetAddr).port}`,
  ]);
  for (const claims of [{}, CLAIMS]) {
    assert.equal(
      await ask(haproxy, "2001:db8::1", claims),
      "https://shop.example/cart 2001:db8::1",
      haproxy.lastWords,
    );
  }
  await server.close();
});
