// The applications in bench/RESULTS.md: what was measured, then a chart and a table for each runtime.

import { runtimesOf } from "./apps.mjs";
import { runtimeChart } from "./apps_chart.mjs";
import { appsTable } from "./apps_table.mjs";
import { conditions, facts } from "./facts.mjs";
import { heading, picture, table } from "./markdown.mjs";

const INTRODUCTION =
  `\`npm run bench:apps\` serves one application as people write it, as a \`fetch\` handler and on Hono, with Mooring and
with what the platform's users serve with, its peer. **µs** is the CPU of the whole server process for a request, the
median of the rounds. **peer ÷** says how often the server answers with the CPU that its peer takes for one answer, round
by round, as the median (min..max): above 1 Mooring is the cheaper one. **MB** is the most memory that was resident.`;

/** @returns {string[]} the parts of the section */
export function appsPage(apps, draw) {
  const sections = runtimesOf(apps).flatMap((runtime) => runtimePart(runtime, draw));
  return [
    heading("Applications", 2),
    `${facts(apps)} ${conditions(apps.settings)}`,
    INTRODUCTION,
    ...sections,
  ];
}

function runtimePart(runtime, draw) {
  const chart = runtimeChart(runtime);
  const { note, ...section } = appsTable(runtime);
  return [
    heading(`Applications on ${runtime.title} ${runtime.version}`, 3),
    ...chart ? [picture(chart, draw)] : [],
    table(section),
    ...note ? [note] : [],
  ];
}
