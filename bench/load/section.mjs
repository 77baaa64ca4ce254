// A preset's results as a section of the report: a table with the published rows below, and a chart.

import { thousands } from "../lib/table.mjs";
import { latencyChart } from "./chart.mjs";
import { isComplete, LATENCY_COLUMNS, latencyCells, remarks, seconds, share } from "./format.mjs";

/** Seconds of CPU below which a figure says little: the kernel counts in ticks of 10 ms. */
const LEAST_CPU = 0.1;

const COLUMNS = {
  server: "server",
  load: "load",
  answered: "answered 2xx",
  connections: "connections",
  rate: "requests/s",
  time: "time",
  cpu: "CPU µs/request",
  ...Object.fromEntries(LATENCY_COLUMNS.map((name) => [name, name])),
};

/** One load on one server: what the section shows of it. */
export function toRow(server, load, result, cpu) {
  return {
    server,
    load: load.name,
    result,
    complete: isComplete(result, load.amount),
    remarks: remarks(result),
    cells: {
      server,
      load: load.name,
      answered: share(result.ok, Math.max(result.sent, load.amount ?? 0)),
      connections: result.connections && thousands(result.connections),
      rate: thousands(result.requestsPerSecond),
      time: seconds(result.seconds),
      cpu: cpu >= LEAST_CPU && result.ok > 0 ? (cpu * 1e6 / result.ok).toFixed(0) : undefined,
      ...Object.fromEntries(
        latencyCells(result.latency).map((cell, i) => [LATENCY_COLUMNS[i], cell === "-" ? undefined : cell]),
      ),
    },
  };
}

/** The row of a server that did not come up, or of a load that failed as a whole. */
export function toFailedRow(server, message) {
  return { server, complete: false, remarks: [message], cells: { server, load: "FAILED" } };
}

export function toSection({ title, note, published, chart }, rows) {
  const failures = rows.flatMap(({ cells, remarks }) =>
    remarks.map((line) => `!! ${cells.server}, ${cells.load}: ${line}.`)
  );
  const others = published.map((row) => ({ ...row, server: `published: ${row.server}` }));
  const cells = [...rows.map((row) => row.cells), ...others];
  const used = Object.entries(COLUMNS).filter(([key]) => cells.some((row) => row[key] !== undefined));
  const measured = rows.filter(({ result }) => result?.latency);
  return {
    title,
    note: [note, ...failures].join(" "),
    columns: used.map(([, heading]) => heading),
    rows: cells.map((row) => used.map(([key]) => row[key] ?? "")),
    chart: { title, ...chart === "curve" ? curves(measured) : bars(measured, chart) },
  };
}

function curves(rows) {
  return latencyChart(rows.map(({ server, result }) => ({ name: server, curve: result.curve })));
}

/** A bar for each server and load. */
function bars(rows, figure) {
  const isRate = figure === "requestsPerSecond";
  const categories = [...new Set(rows.map(({ server }) => server))];
  const loads = [...new Set(rows.map(({ load }) => load))];
  const value = ({ result }) => isRate ? Math.round(result[figure]) : round(result.latency[figure]);
  return {
    kind: "bar",
    xLabel: "",
    yLabel: isRate ? "requests/s" : `${figure} of latency, ms`,
    categories,
    series: loads.map((name) => ({
      name,
      data: categories.map((server) => {
        const row = rows.find((row) => row.server === server && row.load === name);
        return row ? value(row) : null;
      }),
    })),
  };
}

const round = (value) => Number(value.toPrecision(3));
