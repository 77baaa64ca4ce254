// @ts-self-types="./figures.d.mts"
// From rounds to figures: of each server its median and spread, and how it stands to its peer and to this tree's
// Mooring. Ratios are taken within a round, where both ran under the same conditions.

import { median, spread } from "../lib/stats.mjs";

/** What names a row in the JSON. */
export function rowFacts(runtime, { name, title }) {
  return { runtime: runtime.title, version: runtime.version, row: name, title };
}

/** The figures of the servers of a row; one with an error has none. */
export function figuresOf(entries) {
  const roundsOf = (id) => entries.find((entry) => entry.id === id && !entry.error)?.rounds;
  return entries.map(({ id, name, role, error, rounds, peer, here, peakBytes }) => {
    if (error) return { id, name, role, error };
    const middle = (figure) => median(rounds.map((round) => round[figure]));
    return {
      id,
      name,
      role,
      cpuMicros: spread(rounds.map(({ cpuMicros }) => cpuMicros)),
      userMicros: middle("userMicros"),
      kernelMicros: middle("kernelMicros"),
      requestsPerSecond: middle("requestsPerSecond"),
      busy: middle("busy"),
      peakBytes,
      peerToThis: id === peer ? undefined : ratios(roundsOf(peer), rounds),
      thisToHere: ratios(rounds, roundsOf(here)),
    };
  });
}

/** The latencies of the servers of a row, in µs, at their rate. */
export function latencyFigures(entries) {
  return entries.map(({ id, name, role, error, rate, latencies }) => {
    if (error) return { id, name, role, error };
    const of = (figure) => spread(latencies.map((round) => round[figure]));
    return {
      id,
      name,
      role,
      rate,
      p50: of("p50"),
      p99: of("p99"),
      busy: of("busy").median,
      unanswered: of("unanswered").max,
    };
  });
}

function ratios(over, under) {
  return over && under && spread(over.map((round, i) => round.cpuMicros / under[i].cpuMicros));
}

/** The geometric mean of one ratio of each server over all rows that have it. */
export function meansOf(results, figure) {
  const found = new Map();
  for (const { id, [figure]: ratio } of results.flatMap(({ servers }) => servers)) {
    if (ratio) found.set(id, [...found.get(id) ?? [], ratio.median]);
  }
  return new Map([...found].map(([id, values]) => [id, geometricMean(values)]));
}

function geometricMean(values) {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
