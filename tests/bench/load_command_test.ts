/** The load test's command line and what is around a run: options, the target, charts, and the reports of ab and wrk. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { writeLatencyChart } from "../../bench/load/chart.mjs";
import { readOptions } from "../../bench/load/options.mjs";
import { resolveTarget } from "../../bench/load/target.mjs";
import { renderDistributions } from "../../bench/load/text_chart.mjs";
import { parseAb, parseWrk } from "../../bench/load/tools.mjs";

const URL_GIVEN = "http://127.0.0.1:8000/";
const SERIES = [
  { name: "persistent", curve: [[50, 0.1], [90, 0.2], [99, 1]] },
  { name: "new connection each", curve: [[50, 0.4], [90, 0.8], [99, 4]] },
] as const;

test("readOptions() reads what ab, wrk and other load generators call by the same names", () => {
  const { job } = readOptions([
    URL_GIVEN,
    "-c",
    "20",
    "-n",
    "500",
    "-d",
    "2",
    "-m",
    "post",
    "-H",
    "X-A: b",
    "-b",
    "c",
  ]);
  assert.deepEqual(job, {
    connections: 20,
    amount: 500,
    seconds: 2,
    pause: 0,
    rate: undefined,
    timeout: 10_000,
    method: "POST",
    headers: { "X-A": "b" },
    body: "c",
  });
});

test("readOptions() names the option that is wrong", () => {
  for (
    const [args, message] of [
      [[], /URL is needed/],
      [[URL_GIVEN, "--pause=soon"], /--pause: "soon" is not a number of at least 0/],
      [[URL_GIVEN, "--connections=1.5"], /--connections: "1.5" is not a whole number/],
      [[URL_GIVEN, "--connections=0"], /--connections: "0"/],
      [[URL_GIVEN, "--amount=5"], /--amount: 5 is less than one request for each of --connections=10/],
      [[URL_GIVEN, "--rate=10", "--pause=1"], /--pause and --rate/],
      [[URL_GIVEN, "--rate=1"], /--rate: 1 a second from 10 connections/],
      [[URL_GIVEN, "--pause=2000", "--timeout=1"], /--pause: 2000 ms is not less than --timeout/],
      [[URL_GIVEN, "--method=HEAD"], /--method: "HEAD" is none of GET/],
      [[URL_GIVEN, "--header=nothing"], /--header: "nothing"/],
      [[URL_GIVEN, "--header=a: b\r\nc: d"], /--header/],
      [[URL_GIVEN, "--header=a: \u2013"], /--header/],
      [[URL_GIVEN, "--header=Connection: close"], /--header: Connection is set by/],
      [[URL_GIVEN, "--body=@/nowhere/at/all"], /--body: .* cannot be read \(ENOENT\)/],
      [[URL_GIVEN, "--report"], /--report goes with --preset/],
      [[URL_GIVEN, "--bogus"], /--bogus/],
      [["--preset=slow"], /--preset: "slow" is none of metrics/],
      [["--preset=ab", "--runtime=node,rhino"], /--runtime: "rhino" is none of node/],
      [["--preset=ab", "--pause=1"], /--pause goes with a URL/],
      [["--preset=ab", URL_GIVEN], /takes no URL/],
    ] as const
  ) {
    assert.throws(() => readOptions(args), { message }, args.join(" "));
  }
});

test("resolveTarget() lets through this machine only, unless it is told otherwise", async () => {
  const server = createServer((socket) => socket.destroy());
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  assert.deepEqual(await resolveTarget(`localhost:${port}/a?b`), {
    url: `http://127.0.0.1:${port}/a?b`,
    host: `localhost:${port}`,
  });
  await assert.rejects(
    resolveTarget("http://192.0.2.1/"),
    /192\.0\.2\.1 is another machine.* --allow-remote/,
  );
  await assert.rejects(resolveTarget("http://[2001:db8::1]:80/"), /another machine/);
  await assert.rejects(resolveTarget("ftp://127.0.0.1/"), /no http or https URL/);
  await new Promise((resolve) => server.close(resolve));
  await assert.rejects(
    resolveTarget(`127.0.0.1:${port}`),
    /nothing accepts a connection there \(ECONNREFUSED\)/,
  );
});

test("renderDistributions() puts both ways over one axis", () => {
  const [first, second, axis] = renderDistributions([...SERIES]);
  assert.match(first, /^persistent {11}[▁▂▃▄▅▆▇█ ]+$/);
  assert.ok(first.indexOf("█") < second.indexOf("█"), `${first}\n${second}`);
  assert.match(axis, /^ {21}100 µs /);
});

test("writeLatencyChart() writes an SVG with both ways", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "mooring-chart-"));
  try {
    const file = path.join(folder, "chart.svg");
    await writeLatencyChart(file, "a <title>", SERIES);
    const svg = readFileSync(file, "utf8");
    for (
      const part of [/^<svg /, />persistent</, />new connection each</, />a &lt;title&gt;</, />latency, ms</]
    ) {
      assert.match(svg, part);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("parseAb() reads ab's report", () => {
  const report = `Time taken for tests:   0.228 seconds
Complete requests:      10000
Failed requests:        3
Non-2xx responses:      7
Keep-Alive requests:    9999
Requests per second:    43833.69 [#/sec] (mean)
Time per request:       2.281 [ms] (mean)
Time per request:       0.023 [ms] (mean, across all concurrent requests)
`;
  const csv = "Percentage served,Time in ms\n0,0.201\n50,1.5\n90,3.25\n99,7.023\n100,53.115\n";
  assert.deepEqual(parseAb(report, csv, 10_000), {
    sent: 10_000,
    ok: 9_990,
    other: 7,
    errors: {},
    timeouts: 0,
    lost: 3,
    endedIdle: 0,
    kept: 9_999,
    requestsPerSecond: 43_833.69,
    seconds: 0.228,
    latency: { mean: 2.281, p50: 1.5, p90: 3.25, p99: 7.023, max: 53.115 },
  });
});

test("parseWrk() reads wrk's report", () => {
  const report = `Running 2s test @ http://127.0.0.1:8123/
  4 threads and 100 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   218.00us    4.63ms   1.06s    97.75%
    Req/Sec    15.05k     3.37k   20.22k    61.25%
  Latency Distribution
     50%  250.00us
     75%    1.85ms
     90%    2.68ms
     99%   16.51ms
  120132 requests in 2.01s, 17.53MB read
  Socket errors: connect 0, read 4, write 0, timeout 5
  Non-2xx or 3xx responses: 2
Requests/sec:  59787.24
Transfer/sec:      8.72MB
`;
  assert.deepEqual(parseWrk(report), {
    sent: 120_141,
    ok: 120_130,
    other: 2,
    errors: { read: 4 },
    timeouts: 5,
    lost: 0,
    endedIdle: 0,
    requestsPerSecond: 59_787.24,
    seconds: 2.01,
    latency: { mean: 0.218, p50: 0.25, p90: 2.68, p99: 16.51, max: 1_060 },
  });
});
