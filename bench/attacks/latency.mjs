// Latencies of one group of good clients, as figures.

/** @param results `{ latency, failure, retried }` of each request; percentiles are those of the answered */
export function summary(results) {
  const answered = results.filter(({ failure }) => !failure).map(({ latency }) => latency).sort((a, b) =>
    a - b
  );
  const failures = {};
  for (const { failure } of results) if (failure) failures[failure] = (failures[failure] ?? 0) + 1;
  return {
    requests: results.length,
    p50: percentile(answered, 0.5),
    p99: percentile(answered, 0.99),
    max: percentile(answered, 1),
    failures,
    retried: results.filter(({ retried }) => retried).length,
  };
}

/** Null where nothing was answered: JSON has no NaN. */
function percentile(sorted, share) {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}
