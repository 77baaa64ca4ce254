// The figures that README.md shows: the applications, where they were measured, and Mooring beside the runtime's own
// server, for each workload and runtime.

import { times } from "../lib/comparison.mjs";
import { appsReadme } from "./apps_readme.mjs";
import { facts } from "./facts.mjs";
import { picture, table } from "./markdown.mjs";
import { byWorkload } from "./page.mjs";

/** The comparison has a chart where the applications have none. Empty where neither was measured. */
export function readmePart({ apps, servers }, draw) {
  const first = apps ? appsReadme(apps, draw) : [];
  const second = servers ? serversReadme(servers, first.length > 0 ? undefined : draw) : [];
  return [...first, ...second].join("\n\n");
}

/** @param servers the results of the comparison */
function serversReadme(servers, draw) {
  const runtimes = [...new Map(servers.results.map(({ runtime, own }) => [runtime, own]))];
  const workloads = byWorkload(servers.results);
  const find = (results, runtime, id) =>
    results.find((result) => result.runtime === runtime)?.servers.find((server) => server.id === id)
      ?.timesOwn;
  const section = {
    columns: ["workload", ...runtimes.map(([, own]) => `\`${own}\``)],
    rows: workloads.map((results) => [
      results[0].title,
      ...runtimes.map(([runtime]) =>
        `${times(find(results, runtime, "exchange"))} (${times(find(results, runtime, "fetch"))})`
      ),
    ]),
  };
  const chart = {
    kind: "bar",
    file: "overview",
    title: "Mooring beside each runtime's own server: requests for the same CPU",
    xLabel: "",
    yLabel: "× node:http, Deno.serve or Bun.serve, with an exchange handler (logarithmic)",
    logY: true,
    categories: workloads.map(([{ title }]) => title),
    series: runtimes.map(([runtime]) => {
      const ratios = workloads.map((results) => find(results, runtime, "exchange"));
      return { name: runtime, data: ratios.map((ratio) => ratio?.median ?? null), labels: ratios.map(times) };
    }),
  };
  return [
    `How many requests Mooring answers with the CPU that the runtime's own server takes for one, with an \`exchange\`
handler (in parentheses: with a \`fetch\` handler that returns \`FastResponse\`); above 1 Mooring is the cheaper one.`,
    table(section),
    ...draw ? [picture(chart, draw)] : [],
    facts(servers),
  ];
}
