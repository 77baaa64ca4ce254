// @ts-self-types="./chart.d.mts"
// Latencies as a chart: a line for each run, from the half that was quickest to the slowest few. One request in ten
// lies beyond p90, one in a hundred beyond p99: on such an axis the tail gets as much room as the rest.

import { writeFileSync } from "node:fs";

/** The percentiles that get a point. */
const POINTS = [10, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.9, 99.95, 99.99, 99.995, 99.999];

/** @param {{ name: string, curve: [percentile: number, milliseconds: number][] }[]} series */
export async function writeLatencyChart(file, title, series) {
  const { renderChart } = await import("../report/chart.mjs"); // takes a while, and few ask for a chart
  writeFileSync(file, renderChart({ title, ...latencyChart(series) }));
}

/** A chart in the report's terms. */
export function latencyChart(series) {
  return {
    kind: "line",
    xLabel: "one request in so many took longer",
    yLabel: "latency, ms",
    logX: true,
    logY: true,
    categories: null,
    series: series.map(({ name, curve }) => ({
      name,
      data: curve.filter(([percentile]) => POINTS.includes(percentile))
        .map(([percentile, ms]) => [round(1 / (1 - percentile / 100)), round(ms)]),
    })),
  };
}

const round = (value) => Number(value.toPrecision(4));
