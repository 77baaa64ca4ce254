// What the micro suites measured, as a section of the report: a table of all, and a chart of those that a figure was
// published for, as far as it is for one request at the most.

import { thousands } from "../lib/table.mjs";
import { BENCHES } from "./benches.mjs";

const GO = "Go engine, published";

const NOTE =
  "ns: the median of mitata's samples. B: what an operation allocates, on the heap and in typed arrays, " +
  "while no garbage is collected; on Bun the heap alone. In memory, answered by exchange handlers. The Go engine's " +
  "figures (ns/op, B/op) are as published: from another machine, of benches with the same names.";

/** @param results one for each bench and runtime: `{ bench, runtime, nanoseconds, bytes }` */
export function section(names, runtimes, results) {
  const of = (bench, { id }) => results.find((result) => result.bench === bench && result.runtime === id);
  return {
    title: "Micro suites: ns and bytes allocated for an operation",
    note: NOTE,
    columns: ["bench", "an operation", ...[...runtimes.map(({ title }) => title), "Go"].flatMap(pair)],
    rows: names.map((name) => {
      const { operation, go } = BENCHES[name];
      const ours = runtimes.map((runtime) => of(name, runtime)).flatMap((result) =>
        result ? [time(result.nanoseconds.median), bytes(result.bytes)] : ["-", "-"]
      );
      return [name, operation, ...ours, ...go ? [time(go.nanoseconds), bytes(go.bytes)] : ["-", "-"]];
    }),
    ...chartOf(names.filter(isCharted), runtimes, of),
  };
}

function isCharted(name) {
  const { go, requests, per } = BENCHES[name];
  return go !== undefined && requests === per;
}

function chartOf(names, runtimes, of) {
  if (names.length === 0) return {};
  const chart = {
    kind: "bar",
    file: "micro",
    title: "Micro suites beside the published figures of a Go engine",
    xLabel: "",
    yLabel: "ns for an operation",
    logY: true,
    categories: names,
    series: [
      ...runtimes.map((runtime) => ({
        name: runtime.title,
        data: names.map((name) => of(name, runtime)?.nanoseconds.median ?? null),
      })),
      { name: GO, role: "limit", data: names.map((name) => BENCHES[name].go.nanoseconds) },
    ],
  };
  return { chart };
}

const pair = (title) => [`${title} ns`, `${title} B`];

function time(nanoseconds) {
  return nanoseconds < 1000 ? nanoseconds.toFixed(1) : thousands(nanoseconds);
}

function bytes(count) {
  return count < 10 && count >= 0.05 ? count.toFixed(1) : thousands(count);
}
