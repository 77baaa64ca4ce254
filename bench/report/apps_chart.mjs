// The charts of the applications: a bar for each row, as long as its peer's CPU is over Mooring's, from 1 to either side.

import { fixed, pairsOf, ratioOf } from "./apps.mjs";

const SCALE = "peer ÷ Mooring, median (logarithmic)";

/** The rows of one runtime: Mooring as it is, and with Hono. Undefined where there is no ratio. */
export function runtimeChart({ title, results }) {
  const pairs = pairsOf(results);
  return ratioChart({
    file: `apps-${title.toLowerCase()}`,
    title: `CPU per request on ${title}: ${pairs[0]?.peer.name} ÷ Mooring; above 1 Mooring is cheaper`,
    categories: results.map(({ title }) => title),
    series: pairs.map(({ own: [{ id, name }] }, i) => ({
      name,
      role: "mooring",
      light: i > 0,
      ratios: results.map((result) => ratioOf(result, id)),
    })),
  });
}

/** Some rows on all runtimes. */
export function overviewChart(runtimes, rows) {
  return ratioChart({
    file: "overview",
    title: "CPU per request: the platform's server ÷ Mooring; above 1 Mooring is cheaper",
    categories: rows.map(({ title }) => title),
    series: runtimes.map(({ title, results }) => ({
      name: title,
      ratios: rows.map(({ row }) => ratioOf(results.find((result) => result.row === row), "mooring")),
    })),
  });
}

function ratioChart({ series, ...chart }) {
  if (!series.some(({ ratios }) => ratios.some(Boolean))) return undefined;
  return {
    kind: "bar",
    xLabel: "",
    yLabel: SCALE,
    logY: true,
    ...chart,
    series: series.map(({ ratios, ...rest }) => ({
      ...rest,
      data: ratios.map((ratio) => ratio?.median ?? null),
      labels: ratios.map((ratio) => fixed(ratio?.median)),
    })),
  };
}
