// The comparison as sections of the report: a table for each runtime and workload, a chart for each workload. Only
// chooses and formats: every figure is in the results. Invalid rows stay in the table, so that nobody reads past them.

import { thousands } from "./table.mjs";

/** The table of one runtime and workload. `result` is what was measured, as it is in the JSON. */
export function comparisonSection(result) {
  const invalid = result.servers.filter((server) => server.error);
  return {
    title: `${result.runtime} ${result.version}, ${result.title}`,
    note: invalid.map(({ name, error }) => `INVALID ${name}: ${error}`).join("; "),
    columns: [
      "server",
      "CPU µs",
      "min..max",
      "user",
      "kernel",
      `× ${result.own}`,
      "× its user",
      "× raw TCP",
      "requests/s",
      "min..max",
      "busy",
    ],
    rows: result.servers.map((server) => server.error ? [server.name, "INVALID"] : figures(server)),
  };
}

function figures(
  { name, cpuMicros: cpu, userMicros, kernelMicros, requestsPerSecond: rate, busy, ...ratios },
) {
  return [
    name,
    micros(cpu.median),
    `${micros(cpu.min)}..${micros(cpu.max)}`,
    micros(userMicros.median),
    micros(kernelMicros.median),
    times(ratios.timesOwn),
    times(ratios.timesOwnUser),
    times(ratios.timesRaw),
    thousands(rate.median),
    `${thousands(rate.min)}..${thousands(rate.max)}`,
    isFigure(busy) ? `${Math.round(busy * 100)}%` : "-",
  ];
}

const ROLES = { mooring: "Mooring", peer: "other servers", limit: "raw TCP" };

/** The chart of one workload: a panel for each runtime. */
export function comparisonChart(results) {
  return {
    kind: "bar",
    file: `servers-${results[0].workload}`,
    title: `${results[0].title}: server CPU per request`,
    xLabel: "",
    yLabel: "µs per request, median",
    stack: true,
    panels: results.map((result) => {
      const servers = result.servers.filter(({ error, cpuMicros }) => !error && isFigure(cpuMicros.median));
      const part = (figure, role) =>
        servers.map((server) => server.role === role ? server[figure].median : null);
      return {
        title: `${result.runtime} ${result.version}`,
        categories: servers.map(({ name }) => name),
        totals: servers.map(({ cpuMicros }) => micros(cpuMicros.median)),
        series: Object.entries(ROLES).flatMap(([role, who]) => [
          { name: `${who}: user`, role, data: part("userMicros", role) },
          { name: `${who}: kernel`, role, light: true, data: part("kernelMicros", role) },
        ]),
      };
    }),
  };
}

/** Where CPU times cannot be read they are NaN, which JSON turns into null. */
const isFigure = (value) => value !== null && !Number.isNaN(value);
const micros = (value) => isFigure(value) ? value.toFixed(2) : "-";

/** A ratio with its spread, as text. */
export const times = (ratio) => ratio && isFigure(ratio.median) ? ratio.median.toFixed(2) : "-";
