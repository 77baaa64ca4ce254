// What a request takes in the engine against the size of its head: where a client says the same again, as most do, and
// where each head differs from those before. In memory, so that the engine alone is measured.

import { runInside } from "../lib/inside.mjs";
import { thousands } from "../lib/table.mjs";

const KINDS = { same: "the same head again", differing: "heads that differ" };

export async function measure({ runtimes, pins }) {
  const results = [];
  for (const runtime of runtimes) {
    const points = await runInside(runtime, "bench/probes/inside/head_size.mjs", { pin: pins.server });
    for (const kind of Object.keys(KINDS)) {
      results.push({
        name: `${runtime.title}, ${KINDS[kind]}`,
        row: [runtime.title, KINDS[kind]],
        points: points.map((point) => [point.bytes, point[kind]]),
        light: kind === "differing",
      });
    }
  }
  const sizes = results[0].points.map(([bytes]) => bytes);
  return [{
    title: "ns for a request, by bytes of its head",
    note: "",
    columns: ["runtime", "", ...sizes.map(thousands)],
    rows: results.map(({ row, points }) => [...row, ...points.map(([, ns]) => thousands(ns))]),
    chart: {
      kind: "line",
      file: "probe-head-size",
      title: "Time for a request, by bytes of its head",
      xLabel: "bytes of the head",
      yLabel: "ns",
      categories: null,
      series: results.map(({ name, points, light }) => ({
        name,
        light,
        data: points.map(([bytes, ns]) => [bytes, Math.round(ns)]),
      })),
    },
  }];
}
