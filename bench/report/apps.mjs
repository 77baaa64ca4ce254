// What the application bench measured, as the tables and charts of it ask. Any row and any server may be missing, and
// servers of other checkouts are passed over.

/** Mooring's servers by the peer that has the same application. */
const PAIRS = { peer: ["mooring", "global"], "peer-hono": ["hono", "hono-global"] };

/**
 * `results` are all rows, `connections` some of them at other numbers of connections.
 *
 * @returns {{ title: string, version: string, results: object[], connections: object[], latency: object[],
 *   means: Record<string, number> }[]}
 */
export function runtimesOf({ results, connections = [], latency = [], means }) {
  const versions = new Map(
    [...results, ...connections, ...latency].map(({ runtime, version }) => [runtime, version]),
  );
  return [...versions].map(([title, version]) => {
    const ofRuntime = (all) => all.filter(({ runtime }) => runtime === title);
    return {
      title,
      version,
      results: ofRuntime(results),
      connections: ofRuntime(connections),
      latency: ofRuntime(latency),
      means: means?.[title]?.peerToThis ?? {},
    };
  });
}

/** The row of a runtime at as many connections; without a number at those that all rows have. */
export function findRow({ results, connections: others }, { row, connections }) {
  return [...results, ...others].find((result) => result.row === row && result.connections === connections);
}

/** The peers, each with those of Mooring's servers that some row has; every server with its id and its name. */
export function pairsOf(results) {
  const names = new Map(results.flatMap(({ servers }) => servers.map(({ id, name }) => [id, name])));
  return Object.entries(PAIRS).map(([peer, ids]) => ({
    peer: { id: peer, name: names.get(peer) ?? "peer" },
    own: ids.filter((id) => names.has(id)).map((id) => ({ id, name: names.get(id) })),
  })).filter(({ own }) => own.length > 0);
}

/** The server in the row. */
export function serverOf(result, id) {
  return result?.servers.find((server) => server.id === id);
}

/** The peer's CPU over the server's in the row; undefined where it was not measured. */
export function ratioOf(result, id) {
  const ratio = serverOf(result, id)?.peerToThis;
  return Number.isFinite(ratio?.median) ? ratio : undefined;
}

/** A figure with two digits, or a dash. */
export const fixed = (value) => Number.isFinite(value) ? value.toFixed(2) : "-";
