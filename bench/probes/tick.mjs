// What one look of the timer that watches all deadlines costs, against the number of idle connections: it must not grow.
// It fires at most four times a second. In memory, so that the engine alone is measured.

import { runInside } from "../lib/inside.mjs";
import { thousands } from "../lib/table.mjs";

export async function measure({ runtimes, pins }) {
  const results = [];
  for (const runtime of runtimes) {
    results.push({
      title: runtime.title,
      points: await runInside(runtime, "bench/probes/inside/tick.mjs", { pin: pins.server }),
    });
  }
  const sizes = results[0].points.map(({ connections }) => connections);
  return [{
    title: "The deadline timer: ns for one look, by idle connections",
    note: "It looks at most four times a second, whatever the number of connections and their deadlines.",
    columns: ["runtime", ...sizes.map(thousands)],
    rows: results.map((
      { title, points },
    ) => [title, ...points.map(({ nanoseconds }) => thousands(nanoseconds))]),
    chart: {
      kind: "line",
      file: "probe-tick",
      title: "The deadline timer: one look, by idle connections",
      xLabel: "idle connections",
      yLabel: "ns",
      logX: true,
      categories: null,
      series: results.map(({ title, points }) => ({
        name: title,
        data: points.map(({ connections, nanoseconds }) => [connections, Math.round(nanoseconds)]),
      })),
    },
  }];
}
