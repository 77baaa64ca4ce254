/**
 * `serve()` behind nginx, which keeps its connections: whatever ends them, no request is lost. nginx may not try
 * anything twice.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { longWire } from "../support/long_wire.ts";
import {
  assert413,
  assertNothingLost,
  echoServer,
  LoadClient,
  Nginx,
  pausingLoad,
  underLoad,
} from "../support/proxies.ts";
import { needs } from "../support/tools.ts";

const WORKERS = 32;

/** What the hint says, and nginx is told, and how much later the server acts, in milliseconds. */
const IDLE = { idleTimeout: 1000, idleTimeoutBuffer: 1000 };

function nginxBefore(port: number, ...location: string[]): Promise<Nginx> {
  return Nginx.start({
    upstream: [
      `server 127.0.0.1:${port}`,
      "keepalive 256",
      "keepalive_timeout 1s",
      "keepalive_requests 1000000",
    ],
    location: ["proxy_next_upstream off", ...location],
  });
}

test("nginx loses no request to idleTimeout", needs("nginx"), async () => {
  await using echo = await echoServer(IDLE);
  await using wire = await longWire(echo.port);
  await using nginx = await nginxBefore(wire.port);
  const workers = 192;
  await using client = LoadClient.of(nginx, workers);
  const pauses = [0.8, 1.0, 1.05, 1.0].map((part) => part * IDLE.idleTimeout);
  await pausingLoad({ workers, asks: 4, pauses, jitter: 250 }, () => client.ask());
  assertNothingLost("nginx, pauses around idleTimeout", [client], [echo.server], nginx.lastWords);
  const { closed, reuseRatio } = echo.server.stats();
  assert.ok(reuseRatio > 0.85, `reuse ratio ${reuseRatio}`);
  // The pauses were long enough, and nginx was always first.
  assert.ok(closed.client_closed! > workers / 4, JSON.stringify(closed));
  assert.equal(closed.idle_timeout, undefined);
});

test("nginx loses no request to maxRequests", needs("nginx"), async () => {
  const maxRequests = 50;
  await using echo = await echoServer({ maxRequests });
  await using nginx = await nginxBefore(echo.port);
  await using client = LoadClient.of(nginx, WORKERS);
  await underLoad(client, WORKERS, () => client.answered.reaches(2500));
  assertNothingLost("nginx, maxRequests 50", [client], [echo.server], nginx.lastWords);
  const { accepted, requests, closed } = echo.server.stats();
  const retired = Math.floor(requests / maxRequests);
  assert.ok(closed.max_requests! >= retired - WORKERS, `${closed.max_requests} were retired`);
  assert.ok(accepted <= retired + WORKERS, `${accepted} connections for ${requests} requests`);
});

test("nginx loses no request to keepAlive switched off and on again", needs("nginx"), async () => {
  await using echo = await echoServer();
  await using nginx = await nginxBefore(echo.port);
  await using client = LoadClient.of(nginx, WORKERS);
  const { server } = echo;
  await underLoad(client, WORKERS, async () => {
    await client.answered.reaches(700);
    server.keepAlive = false;
    const on = server.stats();
    await client.answered.reaches(1500);
    server.keepAlive = true;
    const off = server.stats();
    await client.answered.reaches(2500);
    const reused = off.reused - on.reused;
    assert.ok(reused <= on.accepted, `${reused} requests reused ${on.accepted} connections after the switch`);
  });
  assertNothingLost("nginx, keepAlive off and on", [client], [server], nginx.lastWords);
  const { closed, reused } = server.stats();
  assert.ok(closed.keep_alive_off! >= 700, JSON.stringify(closed));
  assert.ok(reused > 1200, `${reused} requests on connections used before`);
});

for (const buffering of ["on", "off"]) {
  test(`nginx passes a 413 on, with proxy_request_buffering ${buffering}`, needs("nginx"), async () => {
    await using echo = await echoServer({ maxBodyBytes: 1024 * 1024 });
    await using nginx = await nginxBefore(echo.port, `proxy_request_buffering ${buffering}`);
    await assert413(nginx);
  });
}
