/**
 * `serve()` behind HAProxy, which keeps its connections: whatever ends them, no request is lost. HAProxy may not try
 * anything twice.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { longWire } from "../support/long_wire.ts";
import {
  assert413,
  assertNothingLost,
  echoServer,
  HAProxy,
  LoadClient,
  pausingLoad,
  underLoad,
} from "../support/proxies.ts";
import { needs } from "../support/tools.ts";

const WORKERS = 32;

/** What the hint says, and how much later the server acts, in milliseconds. */
const IDLE = { idleTimeout: 1000, idleTimeoutBuffer: 1000 };

/**
 * HAProxy has no timeout for an idle connection to a server. Each `pool-purge-delay` it closes half of those
 * that it had no use for: with 120 ms, the last of 192 is gone after about 1.3 s. As for the defaults, 5 s and
 * `idleTimeout: 60_000`, the server has to wait ten times as long and more.
 */
function haproxyBefore(port: number): Promise<HAProxy> {
  return HAProxy.start([
    "retries 0",
    "http-reuse always",
    `server a 127.0.0.1:${port} pool-purge-delay 120ms`,
  ]);
}

test("HAProxy loses no request to idleTimeout", needs("haproxy"), async () => {
  await using echo = await echoServer(IDLE);
  await using wire = await longWire(echo.port);
  await using haproxy = await haproxyBefore(wire.port);
  const workers = 192;
  await using client = LoadClient.of(haproxy, workers);
  const pauses = [1.0, 1.05, 1.1, 1.2].map((part) => part * IDLE.idleTimeout);
  await pausingLoad({ workers, asks: 4, pauses, jitter: 20 }, () => client.ask());
  assertNothingLost("HAProxy, pauses around idleTimeout", [client], [echo.server], haproxy.lastWords);
  const { closed, reuseRatio } = echo.server.stats();
  assert.ok(reuseRatio > 0.65, `reuse ratio ${reuseRatio}`);
  // The pauses were long enough, and HAProxy was always first.
  assert.ok(closed.client_closed! > workers, JSON.stringify(closed));
  assert.equal(closed.idle_timeout, undefined);
});

test("HAProxy loses no request to maxRequests", needs("haproxy"), async () => {
  const maxRequests = 50;
  await using echo = await echoServer({ maxRequests });
  await using haproxy = await haproxyBefore(echo.port);
  await using client = LoadClient.of(haproxy, WORKERS);
  await underLoad(client, WORKERS, () => client.answered.reaches(2500));
  assertNothingLost("HAProxy, maxRequests 50", [client], [echo.server], haproxy.lastWords);
  const { closed, reuseRatio } = echo.server.stats();
  assert.ok(closed.max_requests! > WORKERS / 2, JSON.stringify(closed));
  assert.ok(reuseRatio > 0.9, `reuse ratio ${reuseRatio}`);
});

test("HAProxy loses no request to keepAlive switched off and on again", needs("haproxy"), async () => {
  await using echo = await echoServer();
  await using haproxy = await haproxyBefore(echo.port);
  await using client = LoadClient.of(haproxy, WORKERS);
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
  assertNothingLost("HAProxy, keepAlive off and on", [client], [server], haproxy.lastWords);
  const { closed, reused } = server.stats();
  assert.ok(closed.keep_alive_off! >= 700, JSON.stringify(closed));
  assert.ok(reused > 1200, `${reused} requests on connections used before`);
});

test("HAProxy passes a 413 on", needs("haproxy"), async () => {
  await using echo = await echoServer({ maxBodyBytes: 1024 * 1024 });
  await using haproxy = await haproxyBefore(echo.port);
  await assert413(haproxy);
});
