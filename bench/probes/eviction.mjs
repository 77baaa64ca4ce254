// What it costs to let in a newcomer at `maxConnections`, where the longest idle connection makes room, against the
// number of connections: it must not grow with them. In memory, so that the engine alone is measured.

import { runInside } from "../lib/inside.mjs";
import { thousands } from "../lib/table.mjs";

export async function measure({ runtimes, pins }) {
  const results = [];
  for (const runtime of runtimes) {
    const points = await runInside(runtime, "bench/probes/inside/eviction.mjs", { pin: pins.server });
    results.push({ runtime, points });
  }
  const sizes = results[0].points.map(({ connections }) => thousands(connections));
  return [{
    title: "ns to let in a newcomer, by connections",
    note: "Below the cap, and at it, where one is evicted for it.",
    columns: ["runtime", "", ...sizes],
    rows: results.flatMap(({ runtime, points }) => [
      [runtime.title, "below the cap", ...points.map(({ below }) => thousands(below))],
      [runtime.title, "at the cap", ...points.map(({ at }) => thousands(at))],
    ]),
  }];
}
