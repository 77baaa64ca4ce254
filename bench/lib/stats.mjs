// From rounds to figures: median and spread of each server, and the ratios of CPU per request to Mooring's.
// Ratios are taken within a round, where both ran under the same conditions, and the median of those is shown.

/** Turns the entries of one comparison into rows; a row with an error has no figures. */
export function summarize(entries) {
  const mooring = entries.filter((entry) => entry.handler && !entry.error);
  return entries.map(({ name, handler, note, error, rounds }) => {
    if (error) return { name, handler, error };
    return {
      name,
      handler,
      note,
      cpuMicros: spread(rounds.map((round) => round.cpuMicros)),
      requestsPerSecond: spread(rounds.map((round) => round.requestsPerSecond)),
      busy: median(rounds.map((round) => round.cpuSeconds / round.seconds)),
      ratios: Object.fromEntries(mooring.map((base) => [
        base.handler,
        spread(rounds.map((round, i) => round.cpuMicros / base.rounds[i].cpuMicros)),
      ])),
      rounds,
    };
  });
}

function spread(values) {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
