/** What the report makes of the application bench, also where rows and servers are missing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { reportFiles } from "../../bench/report/files.mjs";

const MIB = 1024 * 1024;
const README = "# Mooring\n<!-- bench -->\nbefore\n<!-- /bench -->\nend\n";

const spread = (median: number) => ({ median, min: median / 2, max: median * 2 });

const server = (id: string, name: string, micros: number, peerToThis?: number) => ({
  id,
  name,
  cpuMicros: spread(micros),
  peakBytes: 64 * MIB,
  ...peerToThis ? { peerToThis: spread(peerToThis) } : {},
});

const row = (runtime: string, name: string, title: string, servers: unknown[]) => ({
  runtime,
  version: "1.2.3",
  row: name,
  title,
  servers,
});

const PEER = server("peer", "Bun.serve", 15);
const PLAIN = [server("mooring", "Mooring", 10, 1.5), PEER];
const BEFORE = server("mooring@before", "Mooring @ before", 20, 0.75);
const HONO = [server("hono", "Mooring, Hono", 2000, 0.5), server("peer-hono", "Bun.serve, Hono", 1000)];

const measured = (results: unknown[], peerToThis: Record<string, number>) => ({
  date: "2026-01-02T03:04:05.678Z",
  mooring: "0.1.0 (abc)",
  versions: { bun: "1.2.3" },
  load: "wrk",
  machine: "a machine",
  pinning: "not pinned",
  settings: { rounds: 3, seconds: 1, connections: 32 },
  results,
  means: { Bun: { peerToThis } },
});

/** The cells of the first line of a table that begins with the text. */
const cells = (page: string, first: string) =>
  page.split("\n").find((line) => line.startsWith(`| ${first}`))?.split("|").slice(1, -1).map((cell) =>
    cell.trim()
  );

test("how long a server was under load before it was measured is told where that is known", () => {
  const apps = { ...measured([], {}), settings: { rounds: 3, seconds: 0.4, warmUp: 4, connections: 32 } };
  const { page } = reportFiles({ apps }, README);
  assert.match(page, / 3 rounds of 0\.4 s after 4 s of load, 32 connections\./);
});

test("without the application bench, README.md stays as it is and the goals say so", () => {
  const { page, readme, charts } = reportFiles({ probes: { ...measured([], {}), sections: [] } }, README);
  assert.equal(readme, README);
  assert.equal(charts.size, 0);
  assert.doesNotMatch(page, /^## Applications/m);
  assert.match(
    page,
    /geometric mean of all rows\s+\| Bun\s+\| ≥ 0\.95 × the platform's server .* not measured/,
  );
});

test("a row has CPU, ratios and memory of each server, and the mean is the bench's", () => {
  const apps = measured([row("Bun", "text", "Small text", [...PLAIN, ...HONO, BEFORE])], {
    mooring: 1.25,
    hono: 0.5,
  });
  const { page, charts } = reportFiles({ apps }, README);
  const plain = ["10.00", "15.00", "1.50 (0.75..3.00)", "64", "64"];
  const hono = ["2,000", "1,000", "0.50 (0.25..1.00)", "64", "64"];
  assert.deepEqual(cells(page, "Small text"), ["Small text", ...plain, ...hono]);
  assert.deepEqual(cells(page, "geometric mean"), [
    "geometric mean",
    ...["", "", "1.25", "", ""],
    ...["", "", "0.50", "", ""],
  ]);
  assert.match(page, /geometric mean of all rows\s+\| Bun\s+\| ≥ 0\.95 × Bun\.serve\s+\|\s+1\.25 .* met /);
  assert.match(page, /2026-01-02: Mooring 0\.1\.0 \(abc\); .* 3 rounds of 1 s, 32 connections\./);
  assert.doesNotMatch(page, /before/);
  assert.deepEqual([...charts.keys()], ["apps-bun.svg", "overview.svg"]);
});

test("what is missing in a row is a dash, and what failed is named", () => {
  const failed = { id: "mooring", name: "Mooring", error: "answered 500" };
  const unknown = { ...PEER, cpuMicros: { median: null, min: null, max: null }, peakBytes: null };
  const apps = measured([
    row("Bun", "text", "Small text", PLAIN),
    row("Bun", "html", "HTML", [failed, PEER]),
    row("Bun", "list", "List", [unknown]),
  ], { mooring: 1.5 });
  const { page, readme } = reportFiles({ apps }, README);
  assert.deepEqual(cells(page, "HTML"), ["HTML", "INVALID", "15.00", "-", "-", "64"]);
  assert.deepEqual(cells(page, "List"), ["List", "-", "-", "-", "-", "-"]);
  assert.match(page, /^INVALID Mooring, HTML: answered 500$/m);
  assert.deepEqual(cells(readme, "Small text"), ["Small text", "1.50"]);
  assert.deepEqual(cells(readme, "HTML"), ["HTML", "-"]);
});

test("README.md has its rows of all runtimes, with Hono in parentheses where it was measured", () => {
  const apps = measured([
    row("Node", "text", "Small text", PLAIN),
    row("Bun", "cookies", "Cookies", PLAIN),
    row("Bun", "html", "HTML", [...PLAIN, ...HONO]),
  ], { mooring: 1.5, hono: 0.5 });
  const { readme } = reportFiles({ apps }, README);
  assert.deepEqual(cells(readme, "Small text"), ["Small text", "1.50", "-"]);
  assert.deepEqual(cells(readme, "HTML"), ["HTML", "-", "1.50 (0.50)"]);
  assert.equal(cells(readme, "Cookies"), undefined);
  assert.deepEqual(cells(readme, "All rows"), ["All rows, geometric mean", "-", "1.50 (0.50)"]);
  assert.match(readme, /^# Mooring\n<!-- bench -->\n\n[^]*overview\.svg[^]*\n\n<!-- \/bench -->\nend\n$/);
});

test("an application bench with none of README.md's rows leaves README.md as it is", () => {
  const apps = measured([row("Bun", "cookies", "Cookies", PLAIN)], { mooring: 1.5 });
  assert.equal(reportFiles({ apps }, README).readme, README);
});

const at = (connections: number, servers: unknown[]) => ({
  ...row("Bun", "text", "Small text", servers),
  connections,
});

test("rows at other numbers of connections have a table and a chart, and README.md shows one", () => {
  const apps = {
    ...measured([row("Bun", "text", "Small text", PLAIN)], { mooring: 1.5 }),
    connections: [at(1, PLAIN), at(10_000, [server("mooring", "Mooring", 30, 0.5), PEER])],
  };
  const { page, readme, charts } = reportFiles({ apps }, README);
  const [name, ...figures] = cells(page, "Small text, 10,000")!;
  assert.equal(name, "Small text, 10,000 connections");
  assert.deepEqual(figures, ["30.00", "15.00", "0.50 (0.25..1.00)", "64", "64"]);
  assert.ok(cells(page, "Small text, 1 connection "));
  assert.equal(page.match(/^\| geometric mean/gm)!.length, 1);
  assert.deepEqual(cells(readme, "Small text, 10,000"), ["Small text, 10,000 connections", "0.50"]);
  assert.deepEqual(cells(readme, "Small text "), ["Small text", "1.50"]);
  assert.deepEqual([...charts.keys()].sort(), ["apps-bun.svg", "apps-connections.svg", "overview.svg"]);
});

const late = (id: string, name: string, p50: number, p99: number, unanswered = 0) => ({
  id,
  name,
  rate: 40_000,
  p50: spread(p50),
  p99: spread(p99),
  busy: 0.625,
  unanswered,
});

test("latency has a table and a chart, and README.md its 99th percentile in milliseconds", () => {
  const apps = {
    ...measured([row("Bun", "text", "Small text", PLAIN)], { mooring: 1.5 }),
    latency: [
      row("Bun", "text", "Small text", [
        late("mooring", "Mooring", 80, 420),
        late("peer", "Bun.serve", 60, 300),
      ]),
      row("Bun", "list", "List", [late("mooring", "Mooring", 90, 1200, 7), {
        id: "peer",
        name: "Bun.serve",
        error: "it ended",
      }]),
    ],
  };
  const { page, readme, charts } = reportFiles({ apps }, README);
  assert.deepEqual(cells(page, "List"), [
    "List",
    "40,000",
    ...["90 (45..180)", "INVALID"],
    ...["1,200 (600..2,400)", "INVALID"],
    ...["63%", "INVALID"],
  ]);
  assert.match(page, /^INVALID Bun\.serve, List: it ended; Mooring, List: 7 not answered in time$/m);
  assert.match(readme, /^\| Small text\s+\|\s+0\.42 \(0\.30\) \|$/m);
  assert.match(readme, /^\| List\s+\|\s+1\.20 \|$/m);
  assert.deepEqual([...charts.keys()].sort(), ["apps-bun.svg", "apps-latency.svg", "overview.svg"]);
});

test("latency or numbers of connections alone make a section, and leave README.md as it is", () => {
  const apps = {
    ...measured([], {}),
    connections: [at(1_000, PLAIN)],
    latency: [row("Bun", "text", "Small text", [late("mooring", "Mooring", 80, 420)])],
  };
  const { page, readme } = reportFiles({ apps }, README);
  assert.ok(cells(page, "Small text, 1,000"));
  assert.equal(readme, README);
  assert.doesNotMatch(page, /Applications on/);
});
