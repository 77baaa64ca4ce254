// The applications in bench/RESULTS.md: what was measured, then a chart and a table for each runtime; some rows at other
// numbers of connections; and latency.

import { runtimesOf } from "./apps.mjs";
import { overviewChart, runtimeChart } from "./apps_chart.mjs";
import { latencyChart, latencyTable } from "./apps_latency.mjs";
import { appsTable } from "./apps_table.mjs";
import { conditions, facts } from "./facts.mjs";
import { heading, picture, table } from "./markdown.mjs";

const INTRODUCTION =
  `\`npm run bench:apps\` serves one application as people write it, as a \`fetch\` handler and on Hono, with Mooring and
with what the platform's users serve with, its peer. **µs** is the CPU of the whole server process for a request, the
median of the rounds. **peer ÷** says how often the server answers with the CPU that its peer takes for one answer, round
by round, as the median (min..max): above 1 Mooring is the cheaper one. **MB** is the most memory that was resident.`;

const CONNECTIONS =
  `Other numbers of connections, all of them busy, in rounds twice as long: the CPU of a request, without that of
opening the connections, and memory.`;

const LATENCY =
  `Requests at a constant rate, half of what the peer answers with a whole core, to Mooring and to the peer
alike, whatever becomes of those before. Latency counts from when a request was due: the median of the rounds (min..max).
**busy** is the share of the time that the server needed its core for; at 100 % it cannot keep up, and latency grows with
the length of a round. Rounds are twice as long as above.`;

/** @returns {string[]} the parts of the section */
export function appsPage(apps, draw) {
  const runtimes = runtimesOf(apps);
  return [
    heading("Applications", 2),
    `${facts(apps)} ${conditions(apps.settings)}`,
    INTRODUCTION,
    ...runtimes.filter(({ results }) => results.length > 0).flatMap((runtime) => runtimePart(runtime, draw)),
    ...connectionsPart(runtimes.filter(({ connections }) => connections.length > 0), draw),
    ...latencyPart(runtimes.filter(({ latency }) => latency.length > 0), draw),
  ];
}

function runtimePart(runtime, draw) {
  const title = `Applications on ${runtime.title} ${runtime.version}`;
  return [heading(title, 3), ...pictures(runtimeChart(runtime), draw), ...tableAndNote(appsTable(runtime))];
}

function connectionsPart(runtimes, draw) {
  if (runtimes.length === 0) return [];
  const chart = overviewChart(runtimes, runtimes[0].connections, "apps-connections");
  return [
    heading("Applications by number of connections", 3),
    CONNECTIONS,
    ...pictures(chart, draw),
    ...runtimes.flatMap((runtime) => [
      runtimeHeading(runtime),
      ...tableAndNote(appsTable({ results: runtime.connections })),
    ]),
  ];
}

function latencyPart(runtimes, draw) {
  if (runtimes.length === 0) return [];
  return [
    heading("Latency of the applications", 3),
    LATENCY,
    ...pictures(latencyChart(runtimes), draw),
    ...runtimes.flatMap((runtime) => [runtimeHeading(runtime), ...tableAndNote(latencyTable(runtime))]),
  ];
}

const runtimeHeading = ({ title, version }) => heading(`${title} ${version}`, 4);
const pictures = (chart, draw) => chart ? [picture(chart, draw)] : [];
const tableAndNote = ({ note, ...section }) => [table(section), ...note ? [note] : []];
