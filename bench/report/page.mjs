// bench/RESULTS.md: the goals, the applications, the server comparison, and the sections of the other benches.

import { comparisonChart, comparisonSection } from "../lib/comparison.mjs";
import { appsPage } from "./apps_page.mjs";
import { conditions, facts } from "./facts.mjs";
import { goalsSection } from "./goals.mjs";
import { heading, picture, renderSection, table } from "./markdown.mjs";

const INTRODUCTION = `# Results

<!-- Written by bench/report.mjs. Do not edit. -->

\`npm run bench\` measures all of this again (an hour and a half) and writes this page, its charts, and the figures in the
main README. \`npm run bench:report\` only writes them again, from \`bench/results/\`. What is measured and how, and what
the columns mean, is in [README.md](README.md).`;

const COMPARISON =
  `CPU per request (its median and spread over the rounds; user and kernel) is that of the whole server process,
as the system counts it. **×** says how many requests a server answers with the CPU that the named one takes for one,
round by round: above 1 it is the cheaper one. **× its user** is the same for the time outside the kernel, whose share
is nearly the same for all. Raw TCP answers a constant without parsing: the limit. Where **busy** is well below 100 %,
the client was the limit, and requests/s says little.`;

const OTHERS = {
  http2: "HTTP/2",
  micro: "Micro suites",
  probes: "Probes",
  load: "Load tests",
  attacks: "Under attack",
};

/** @param results by the name of the bench, undefined where it has not been run */
export function resultsPage(results, draw) {
  const goals = goalsSection(results);
  const parts = [INTRODUCTION, ...goals ? [renderSection(goals, 2, draw)] : []];
  if (results.apps) parts.push(...appsPage(results.apps, draw));
  if (results.servers) parts.push(...comparison(results.servers, draw));
  for (const [name, title] of Object.entries(OTHERS)) {
    if (!results[name]) continue;
    parts.push(heading(title, 2), facts(results[name]));
    for (const section of results[name].sections) parts.push(renderSection(section, 3, draw));
  }
  return parts.join("\n\n") + "\n";
}

function comparison(servers, draw) {
  const parts = [
    heading("Server comparison", 2),
    `${facts(servers)} ${conditions(servers.settings)}`,
    COMPARISON,
  ];
  for (const results of byWorkload(servers.results)) {
    parts.push(heading(results[0].title, 3), picture(comparisonChart(results), draw));
    for (const result of results) {
      const { note, ...section } = comparisonSection(result);
      parts.push(heading(`${result.runtime} ${result.version}`, 4), table(section), ...note ? [note] : []);
    }
  }
  return parts;
}

/** The results of each workload. */
export function byWorkload(results) {
  const workloads = new Set(results.map(({ workload }) => workload));
  return [...workloads].map((name) => results.filter(({ workload }) => workload === name));
}
