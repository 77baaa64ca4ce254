// What README.md shows of the applications: some of the rows on each runtime, and latency.

import { rowTitle } from "../lib/row_title.mjs";
import { findRow, fixed, pairsOf, ratioOf, runtimesOf, serverOf } from "./apps.mjs";
import { overviewChart } from "./apps_chart.mjs";
import { conditions, facts } from "./facts.mjs";
import { picture, table } from "./markdown.mjs";

/** The rows, of those that were measured: an answer or an upload of each kind and size that is common. */
const ROWS = [
  ...["text", "json", "html", "list", "bytes-64k", "pull", "events", "upload-64k", "proxy", "tls-html"]
    .map((row) => ({ row })),
  { row: "text", connections: 10_000 },
];

/** @returns {string[]} the parts; none where no such row was measured */
export function appsReadme(apps, draw) {
  const runtimes = runtimesOf(apps);
  const rows = rowsOf(runtimes);
  const chart = overviewChart(runtimes, rows);
  if (!chart) return [];
  return [
    introduction(runtimes),
    ratioTable(runtimes, rows),
    picture(chart, draw),
    ...latencyPart(runtimes),
    conditionsOf(apps),
  ];
}

function introduction(runtimes) {
  const hono = runtimes.some(({ results }) => hasHono(results));
  return `One application, with \`fetch\` handlers that return the platform's \`Response\`: how many requests Mooring answers with
the CPU that the platform's server takes for one. Above 1 Mooring is the cheaper one.${
    hono ? "\nIn parentheses: the same application on Hono, with both servers." : ""
  } All rows, memory and latency are in
[bench/RESULTS.md](bench/RESULTS.md#applications).`;
}

function ratioTable(runtimes, rows) {
  const cell = (figure) => {
    const [plain, hono] = [figure("mooring"), figure("hono")];
    return Number.isFinite(hono) ? `${fixed(plain)} (${fixed(hono)})` : fixed(plain);
  };
  return table({
    columns: ["row", ...runtimes.map(columnOf)],
    rows: [
      ...rows.map((row) => [
        rowTitle(row),
        ...runtimes.map((runtime) => cell((id) => ratioOf(findRow(runtime, row), id)?.median)),
      ]),
      ["All rows, geometric mean", ...runtimes.map((runtime) => cell((id) => runtime.means[id]))],
    ],
  });
}

function conditionsOf(apps) {
  return `${facts(apps)} ${conditions(apps.settings)}`;
}

/** Those of `ROWS` that some runtime has, in that order. */
function rowsOf(runtimes) {
  return ROWS.map((row) => runtimes.map((runtime) => findRow(runtime, row)).find(Boolean)).filter(Boolean);
}

/** The 99th percentile of Mooring, and of the peer, in milliseconds. */
function latencyPart(runtimes) {
  const rows = [
    ...new Map(runtimes.flatMap(({ latency }) => latency).map((result) => [result.row, result.title])),
  ];
  if (rows.length === 0) return [];
  const cell = ({ latency }, row) => {
    const result = latency.find((result) => result.row === row);
    const [own, peer] = ["mooring", "peer"].map((id) => serverOf(result, id)?.p99?.median / 1000);
    return Number.isFinite(peer) ? `${fixed(own)} (${fixed(peer)})` : fixed(own);
  };
  return [
    `Latency in milliseconds that 99 % of the requests stay below, with Mooring and in parentheses with the platform's
server, at a constant rate of half of what the latter can answer:`,
    table({
      columns: ["p99, ms", ...runtimes.map(columnOf)],
      rows: rows.map(([row, title]) => [
        title,
        ...runtimes.map((runtime) => cell(runtime, row)),
      ]),
    }),
  ];
}

function hasHono(results) {
  return pairsOf(results).some(({ own }) => own.some(({ id }) => id === "hono"));
}

/** The runtime and its peer. */
function columnOf({ title, results, connections, latency }) {
  const [pair] = pairsOf([...results, ...connections, ...latency]);
  return `${title}, \`${pair?.peer.name ?? "peer"}\``;
}
