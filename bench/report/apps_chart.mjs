// The charts of the applications: a bar for each row, as long as its peer's CPU is over Mooring's, from 1 to either side.

import { rowTitle } from "../lib/row_title.mjs";
import { findRow, fixed, pairsOf, ratioOf } from "./apps.mjs";

const SCALE = "peer ÷ Mooring, median (logarithmic)";

/** The rows of one runtime: Mooring as it is, and with Hono. Undefined where there is no ratio. */
export function runtimeChart({ title, results }) {
  const pairs = pairsOf(results);
  return ratioChart({
    file: `apps-${title.toLowerCase()}`,
    title: `CPU per request on ${title}: ${pairs[0]?.peer.name} ÷ Mooring; above 1 Mooring is cheaper`,
    categories: results.map(rowTitle),
    series: pairs.map(({ own: [{ id, name }] }, i) => ({
      name,
      role: "mooring",
      light: i > 0,
      ratios: results.map((result) => ratioOf(result, id)),
    })),
  });
}

/** Some rows on all runtimes. */
export function overviewChart(runtimes, rows, file = "overview") {
  return ratioChart({
    file,
    title: "CPU per request: the platform's server ÷ Mooring; above 1 Mooring is cheaper",
    categories: rows.map(rowTitle),
    series: runtimes.map((runtime) => ({
      name: runtime.title,
      ratios: rows.map((row) => ratioOf(findRow(runtime, row), "mooring")),
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
