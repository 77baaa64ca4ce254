/**
 * Load generators against `serve()`: nothing fails, and connections are kept alive.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { sampleServer } from "../support/sample_server.ts";
import { needs, runWell } from "../support/tools.ts";

/** A number that ab prints behind `name`; 0 where it leaves the line out. */
function figure(report: string, name: string): number {
  return Number(report.match(new RegExp(`^${name}:\\s+(\\d+)`, "m"))?.[1] ?? 0);
}

test("ab -k makes 20000 requests on 100 connections, none fails", needs("ab"), async () => {
  await using sample = await sampleServer("exchange");
  const { stdout } = await runWell("ab", ["-q", "-k", "-n", "20000", "-c", "100", sample.url("/")]);
  const report = stdout.toString();
  assert.equal(figure(report, "Complete requests"), 20_000);
  assert.equal(figure(report, "Failed requests"), 0);
  assert.equal(figure(report, "Non-2xx responses"), 0);
  assert.equal(figure(report, "Keep-Alive requests"), 20_000);
  const { accepted, requests, reused } = sample.server.stats();
  assert.equal(accepted, 100);
  assert.equal(requests - reused, accepted);
});

test("ab makes 2000 connections for 2000 requests, none fails", needs("ab"), async () => {
  await using sample = await sampleServer();
  const { stdout } = await runWell("ab", ["-q", "-n", "2000", "-c", "100", sample.url("/")]);
  const report = stdout.toString();
  assert.equal(figure(report, "Complete requests"), 2000);
  assert.equal(figure(report, "Failed requests"), 0);
  assert.equal(figure(report, "Non-2xx responses"), 0);
  assert.equal(figure(report, "Keep-Alive requests"), 0);
});

for (const kind of ["exchange", "fetch"] as const) {
  test(`wrk keeps 256 connections busy, without an error (${kind})`, needs("wrk"), async () => {
    await using sample = await sampleServer(kind);
    const { stdout } = await runWell("wrk", ["-t", "1", "-c", "256", "-d", "2s", sample.url("/")]);
    const report = stdout.toString();
    assert.doesNotMatch(report, /Socket errors|Non-2xx/);
    const done = Number(report.match(/(\d+) requests in/)?.[1]);
    assert.ok(done > 256, report);
    const { accepted, requests } = sample.server.stats();
    assert.ok(requests >= done);
    assert.ok(accepted < 2 * 256, `${accepted} connections for 256 clients`);
  });
}
