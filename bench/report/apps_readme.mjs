// What README.md shows of the applications: some of the rows on each runtime.

import { fixed, pairsOf, ratioOf, runtimesOf } from "./apps.mjs";
import { overviewChart } from "./apps_chart.mjs";
import { conditions, facts } from "./facts.mjs";
import { picture, table } from "./markdown.mjs";

/** The rows, of those that were measured: an answer or an upload of each kind and size that is common. */
const ROWS = ["text", "json", "html", "list", "bytes-64k", "pull", "events", "upload-64k", "tls-html"];

/** @returns {string[]} the parts; none where no such row was measured */
export function appsReadme(apps, draw) {
  const runtimes = runtimesOf(apps);
  const rows = rowsOf(apps.results);
  const chart = overviewChart(runtimes, rows);
  if (!chart) return [];
  return [introduction(runtimes), ratioTable(runtimes, rows), picture(chart, draw), conditionsOf(apps)];
}

function introduction(runtimes) {
  const hono = runtimes.some(({ results }) => hasHono(results));
  return `One application, with \`fetch\` handlers that return the platform's \`Response\`: how many requests Mooring answers with
the CPU that the platform's server takes for one. Above 1 Mooring is the cheaper one.${
    hono ? "\nIn parentheses: the same application on Hono, with both servers." : ""
  } All rows, and memory, are in
[bench/RESULTS.md](bench/RESULTS.md#applications).`;
}

function ratioTable(runtimes, rows) {
  const cell = ({ results }, figure) => {
    const [plain, hono] = [fixed(figure("mooring")), fixed(figure("hono"))];
    return hasHono(results) && `${plain}${hono}` !== "--" ? `${plain} (${hono})` : plain;
  };
  const find = ({ results }, row) => results.find((result) => result.row === row);
  return table({
    columns: ["row", ...runtimes.map(({ title, results }) => `${title}, \`${peerOf(results)}\``)],
    rows: [
      ...rows.map(({ row, title }) => [
        title,
        ...runtimes.map((runtime) => cell(runtime, (id) => ratioOf(find(runtime, row), id)?.median)),
      ]),
      ["All rows, geometric mean", ...runtimes.map((runtime) => cell(runtime, (id) => runtime.means[id]))],
    ],
  });
}

function conditionsOf(apps) {
  return `${facts(apps)} ${conditions(apps.settings)}`;
}

/** Those of `ROWS` that some runtime has, in that order. */
function rowsOf(results) {
  return ROWS.map((name) => results.find(({ row }) => row === name)).filter(Boolean);
}

function hasHono(results) {
  return pairsOf(results).some(({ own }) => own.some(({ id }) => id === "hono"));
}

function peerOf(results) {
  return pairsOf(results)[0]?.peer.name ?? "peer";
}
