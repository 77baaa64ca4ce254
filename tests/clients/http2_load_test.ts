/**
 * nghttp and h2load: many streams on one connection, and many connections; all are answered.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { patternBytes } from "../support/bytes.ts";
import { fileOf, LARGE, startHttp2, WAYS } from "../support/http2_servers.ts";
import { needs, runWell } from "../support/tools.ts";

const uploadFile = fileOf("nghttp.bin", patternBytes(100_000));

/** What h2load reports behind `name`. */
function counts(report: string, name: string): Record<string, number> {
  const line = new RegExp(`^${name}: (.*)$`, "m").exec(report)?.[1] ?? "";
  return Object.fromEntries(
    [...line.matchAll(/(\d+) (\w+)/g)].map(([, count, what]) => [what, Number(count)]),
  );
}

for (const way of WAYS) {
  test(`nghttp (${way}) makes 200 requests on one connection`, needs("nghttp"), async () => {
    await using server = await startHttp2(way);
    const { stdout } = await runWell("nghttp", ["--no-verify-peer", "--stat", "-m200", server.at("/a")]);
    const report = stdout.toString();
    // A line for each: … 200 size path.
    assert.equal(report.match(/ 200 +\d+ \/a$/gm)?.length, 200, report);
    const { accepted, requests } = server.stats();
    assert.deepEqual({ accepted, requests }, { accepted: 1, requests: 200 });
  });

  test(`nghttp (${way}) uploads, pads, and sends trailers`, needs("nghttp"), async () => {
    await using server = await startHttp2(way);
    const { stdout } = await runWell("nghttp", [
      ...["--no-verify-peer", "--padding=200", `--data=${uploadFile}`, server.at("/length")],
    ]);
    assert.equal(stdout.toString(), "100000");
    const echo = await runWell("nghttp", [
      ...["--no-verify-peer", "--trailer=x-sum: 42", `--data=${uploadFile}`, server.at("/trailers")],
    ]);
    assert.equal(echo.stdout.toString(), '{"x-sum":"42"}');
  });

  test(
    `nghttp (${way}) with a window of 1 KiB and no header table gets ${LARGE} octets`,
    needs("nghttp"),
    async () => {
      await using server = await startHttp2(way);
      const args = [
        "--no-verify-peer",
        "--window-bits=10",
        "--connection-window-bits=16",
        "--header-table-size=0",
      ];
      const { stdout } = await runWell("nghttp", [...args, server.at("/large")]);
      assert.equal(stdout.length, LARGE);
    },
  );

  test(
    `h2load (${way}) makes 20000 requests, 100 at a time on each of 4 connections`,
    needs("h2load"),
    async () => {
      await using server = await startHttp2(way);
      const { stdout } = await runWell("h2load", ["-n20000", "-c4", "-m100", server.at("/a")]);
      const report = stdout.toString();
      const all = {
        total: 20_000,
        started: 20_000,
        done: 20_000,
        succeeded: 20_000,
        failed: 0,
        errored: 0,
        timeout: 0,
      };
      assert.deepEqual(counts(report, "requests"), all, report);
      assert.match(report, /^status codes: 20000 2xx, 0 3xx, 0 4xx, 0 5xx$/m);
      const { accepted, requests } = server.stats();
      assert.deepEqual({ accepted, requests }, { accepted: 4, requests: 20_000 });
    },
  );

  test(`h2load (${way}) uploads 500 times 100 kB on 4 connections`, needs("h2load"), async () => {
    await using server = await startHttp2(way);
    const { stdout } = await runWell("h2load", [
      ...["-n500", "-c4", "-m10", `--data=${uploadFile}`, server.at("/length")],
    ]);
    assert.match(stdout.toString(), /^status codes: 500 2xx, 0 3xx, 0 4xx, 0 5xx$/m);
    assert.match(stdout.toString(), /^requests: .* 500 succeeded, 0 failed/m);
  });
}

test("h2load makes 10000 requests on 100 connections", needs("h2load"), async () => {
  await using server = await startHttp2("TLS");
  const { stdout } = await runWell("h2load", ["-n10000", "-c100", "-m10", server.at("/a")]);
  assert.match(stdout.toString(), /^status codes: 10000 2xx, 0 3xx, 0 4xx, 0 5xx$/m);
  assert.equal(server.stats().accepted, 100);
});
