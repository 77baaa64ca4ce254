/**
 * `serve()` behind HAProxy (`proto h2`) and nginx (`grpc_pass`), which speak HTTP/2 with it and keep their connections:
 * whatever ends them, no request is lost. Neither may try anything twice, but for a connection that was refused.
 */
import assert from "node:assert/strict";
import test from "node:test";
import type { ConnectionOptions } from "../../src/api/options.ts";
import { longWire } from "../support/long_wire.ts";
import {
  assert413,
  assertNothingLost,
  type EchoServer,
  echoServer,
  HAProxy,
  LoadClient,
  Nginx,
  pausingLoad,
  type Proxy,
  underLoad,
} from "../support/proxies.ts";
import { needs } from "../support/tools.ts";

const WORKERS = 32;

/** The proxies, in front of one server or more; `refused`: a connection that is refused may be made to another server. */
const PROXIES: Record<string, (ports: readonly number[], refused?: boolean) => Promise<Proxy>> = {
  haproxy: (ports, refused = false) =>
    HAProxy.start([
      ...(refused ? ["retries 3", "retry-on conn-failure", "option redispatch 1"] : ["retries 0"]),
      "http-reuse always",
      ...ports.map((port) => `server s${port} 127.0.0.1:${port} proto h2`),
    ]),
  nginx: (ports, refused = false) =>
    Nginx.start({
      pass: "grpc_pass",
      upstream: [
        ...ports.map((port) => `server 127.0.0.1:${port}`),
        ...["keepalive 64", "keepalive_requests 1000000"],
      ],
      location: [`grpc_next_upstream ${refused ? "error" : "off"}`],
    }),
};

const http2Server = (options: Omit<ConnectionOptions, "fetch" | "exchange"> = {}): Promise<EchoServer> =>
  echoServer({ http2: true, http1: false, ...options });

for (const [name, before] of Object.entries(PROXIES)) {
  test(`${name} loses no request to the idleTimeout of HTTP/2 connections`, needs(name), async () => {
    await using echo = await http2Server({ idleTimeout: 1000, idleTimeoutBuffer: 0 });
    // Requests cross GOAWAY on the way. There is no hint of the time that is left, as HTTP/1.1 has.
    await using wire = await longWire(echo.port);
    const each = 12;
    const proxies = await Promise.all(Array.from({ length: each }, () => before([wire.port])));
    // Each proxy has its own connections, which idle when its one client does.
    const clients = proxies.map((proxy) => LoadClient.of(proxy, 1));
    try {
      const pauses = [1.0, 1.15, 1.3, 1.1, 1.2].map((part) => part * 1000);
      await pausingLoad({ workers: each, asks: 3, pauses, jitter: 200 }, (i) => clients[i].ask());
      const log = proxies.map(({ lastWords }) => lastWords).join("\n");
      assertNothingLost(`${name}, HTTP/2, pauses around idleTimeout`, clients, [echo.server], log);
      const { closed } = echo.server.stats();
      assert.ok(closed.idle_timeout! >= each, JSON.stringify(closed));
    } finally {
      for (const client of clients) await client[Symbol.asyncDispose]();
      for (const proxy of proxies) await proxy[Symbol.asyncDispose]();
    }
  });

  test(`${name} loses no request to the maxRequests of HTTP/2 connections`, needs(name), async () => {
    await using echo = await http2Server({ maxRequests: 50 });
    await using proxy = await before([echo.port]);
    await using client = LoadClient.of(proxy, WORKERS);
    await underLoad(client, WORKERS, () => client.answered.reaches(2500));
    assertNothingLost(`${name}, HTTP/2, maxRequests 50`, [client], [echo.server], proxy.lastWords);
    const { closed, reuseRatio } = echo.server.stats();
    assert.ok(closed.max_requests! > 10, JSON.stringify(closed));
    assert.ok(reuseRatio > 0.9, `reuse ratio ${reuseRatio}`);
  });

  test(`${name} loses no request to HTTP/2 that is told to keep no connection`, needs(name), async () => {
    await using echo = await http2Server();
    await using proxy = await before([echo.port]);
    await using client = LoadClient.of(proxy, WORKERS);
    const { server } = echo;
    await underLoad(client, WORKERS, async () => {
      await client.answered.reaches(700);
      server.keepAlive = false;
      await client.answered.reaches(1500);
      server.keepAlive = true;
      await client.answered.reaches(2500);
    });
    assertNothingLost(`${name}, HTTP/2, keepAlive off and on`, [client], [server], proxy.lastWords);
    assert.ok(server.stats().closed.keep_alive_off! > 10, JSON.stringify(server.stats().closed));
  });

  test(
    `of two HTTP/2 servers behind ${name} one shuts down, and no request is lost`,
    needs(name),
    async () => {
      await using a = await http2Server();
      await using b = await http2Server();
      await using proxy = await before([a.port, b.port], true);
      await using client = LoadClient.of(proxy, WORKERS);
      const report = await underLoad(client, WORKERS, async () => {
        await client.answered.reaches(1000);
        const left = await a.server.shutdown({ idleGrace: 500, timeout: 10_000 });
        await client.answered.reaches(client.requests + 500);
        return left;
      });
      assertNothingLost(
        `${name}, HTTP/2, one of two leaves`,
        [client],
        [a.server, b.server],
        proxy.lastWords,
      );
      console.log(
        `figures: it left with ${report.finished} connections finished and ${report.forced} forced`,
      );
      assert.equal(report.forced, 0);
      assert.ok(a.server.stats().requests > 300, "it had its share of the load");
    },
  );

  test(`${name} passes a 413 of HTTP/2 on`, needs(name), async () => {
    await using echo = await http2Server({ maxBodyBytes: 1024 * 1024 });
    await using proxy = await before([echo.port]);
    await assert413(proxy);
  });
}
