// From rounds to figures: median and spread of each server, and how it stands to the runtime's own server and to raw
// TCP. Ratios are taken within a round, where both ran under the same conditions, and the median of those is shown.

/** Turns the entries of one comparison into rows; a row with an error has no figures. */
export function summarize(entries) {
  const baseOf = (id) => entries.find((entry) => entry.id === id && !entry.error)?.rounds;
  const own = baseOf("own");
  const raw = baseOf("raw");
  return entries.map(({ id, name, role, error, rounds }) => {
    if (error) return { id, name, role, error };
    const times = (base, figure) => base && spread(rounds.map((round, i) => base[i][figure] / round[figure]));
    return {
      id,
      name,
      role,
      cpuMicros: spread(rounds.map((round) => round.cpuMicros)),
      userMicros: spread(rounds.map((round) => round.userMicros)),
      kernelMicros: spread(rounds.map((round) => round.kernelMicros)),
      requestsPerSecond: spread(rounds.map((round) => round.requestsPerSecond)),
      busy: median(rounds.map((round) => round.busy)),
      timesOwn: times(own, "cpuMicros"),
      timesOwnUser: times(own, "userMicros"),
      timesRaw: times(raw, "cpuMicros"),
    };
  });
}

export function spread(values) {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
