/**
 * One server takes over from another behind a proxy, under load: the one that leaves answers all that has reached
 * it, and no request is lost.
 */
import assert from "node:assert/strict";
import test from "node:test";
import type { ShutdownReport } from "../../src/api/server.ts";
import {
  assertNothingLost,
  type EchoServer,
  echoServer,
  HAProxy,
  LoadClient,
  Nginx,
  underLoad,
} from "../support/proxies.ts";
import { needs } from "../support/tools.ts";

const WORKERS = 32;
const SHUTDOWN = { idleGrace: 500, timeout: 10_000 };

/** Under load, ends `old`; the load was well under way before, and goes on after. */
function leave(client: LoadClient, old: EchoServer): Promise<ShutdownReport> {
  return underLoad(client, WORKERS, async () => {
    await client.answered.reaches(1000);
    const report = await old.server.shutdown(SHUTDOWN);
    await client.answered.reaches(client.requests + 500);
    return report;
  });
}

function assertLeftWell(old: EchoServer, report: ShutdownReport): void {
  console.log(`figures: it left with ${report.finished} connections finished and ${report.forced} forced`);
  assert.equal(report.forced, 0);
  assert.ok(old.server.stats().requests > 300, "it had its share of the load");
}

test("of two servers behind nginx one shuts down, and no request is lost", needs("nginx"), async () => {
  await using a = await echoServer();
  await using b = await echoServer();
  const servers = [a, b].map(({ port }) => `server 127.0.0.1:${port}`);
  await using nginx = await Nginx.start({
    upstream: [...servers, "keepalive 64", "keepalive_requests 1000000"],
    location: ["proxy_next_upstream error"],
  });
  await using client = LoadClient.of(nginx, WORKERS);
  const report = await leave(client, a);
  assertNothingLost("nginx, one of two leaves", [client], [a.server, b.server], nginx.lastWords);
  assertLeftWell(a, report);
  // nginx repeats a GET whose connection broke. A connection that was refused is all that it may have met.
  const errors = nginx.log.split("\n").filter((line) => line.includes("[error]"));
  assert.deepEqual(errors.filter((line) => !line.includes("Connection refused")), []);
});

test("nginx is reloaded from one server to another, and no request is lost", needs("nginx"), async () => {
  const setup = ({ port }: EchoServer) => ({
    upstream: [`server 127.0.0.1:${port}`, "keepalive 64", "keepalive_requests 1000000"],
    location: ["proxy_next_upstream off"],
  });
  await using a = await echoServer();
  await using nginx = await Nginx.start(setup(a));
  // A worker process of nginx that leaves ends its clients' idle connections without asking, so there are none.
  await using client = LoadClient.of(nginx, WORKERS, false);
  await using holder = LoadClient.of(nginx, 2, false);
  const held = Promise.all([holder.ask("/held/"), holder.ask("/held/")]);
  await using b = await echoServer();
  const report = await underLoad(client, WORKERS, async () => {
    await a.held.reaches(2);
    await client.answered.reaches(1000);
    await nginx.reload(setup(b));
    // What the old worker process has taken may still need a connection to the old server.
    await client.settled();
    const leaving = a.server.shutdown(SHUTDOWN);
    a.letGo();
    await held;
    await client.answered.reaches(client.requests + 500);
    return await leaving;
  });
  assertNothingLost("nginx, reloaded", [client, holder], [a.server, b.server], nginx.lastWords);
  assertLeftWell(a, report);
});

test("of two servers behind HAProxy one shuts down, and no request is lost", needs("haproxy"), async () => {
  await using a = await echoServer();
  await using b = await echoServer();
  await using haproxy = await HAProxy.start([
    ...["retries 3", "retry-on conn-failure", "option redispatch 1", "http-reuse always"],
    ...[a, b].map(({ port }) => `server s${port} 127.0.0.1:${port}`),
  ]);
  await using client = LoadClient.of(haproxy, WORKERS);
  const report = await leave(client, a);
  assertNothingLost("HAProxy, one of two leaves", [client], [a.server, b.server], haproxy.lastWords);
  assertLeftWell(a, report);
});
