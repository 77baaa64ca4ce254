// Time of short pieces of work, inside of whatever runtime runs this.

import { median } from "./stats.mjs";

/** The median over `samples` of the ns that one of `times` calls of `act` takes. */
export function medianTime(act, { samples, times }) {
  const results = [];
  for (let i = 0; i < samples; i++) {
    const start = performance.now();
    for (let n = 0; n < times; n++) act();
    results.push((performance.now() - start) * 1e6 / times);
  }
  return median(results);
}
