// A table of a runtime's applications: of each row the CPU of Mooring and of its peer, their ratio, and memory.

import { rowTitle } from "../lib/row_title.mjs";
import { thousands } from "../lib/table.mjs";
import { fixed, pairsOf, ratioOf, serverOf } from "./apps.mjs";

const MIB = 1024 * 1024;

/**
 * Below are the `means`, where they are given.
 *
 * @returns {{ columns: string[], rows: string[][], note: string }}
 */
export function appsTable({ results, means }) {
  const columns = pairsOf(results).flatMap(columnsOf);
  return {
    columns: ["", ...columns.map(({ title }) => title)],
    rows: [
      ...results.map((result) => [rowTitle(result), ...columns.map(({ cell }) => cell(result))]),
      ...means ? [["geometric mean", ...columns.map(({ mean }) => mean ? fixed(means[mean]) : "")]] : [],
    ],
    note: results.flatMap(invalid).join("; "),
  };
}

/** The columns of a peer and of what stands beside it; `mean` is the server whose mean belongs below. */
function columnsOf({ peer, own }) {
  const ours = own.map(({ id, name }) => ({ id, name: name.replace(/^Mooring, /, "") }));
  return [
    ...[...ours, peer].map(({ id, name }) => column(`${name} µs`, id, micros)),
    ...ours.map(({ id, name }) => ({ ...column(`peer ÷ ${name}`, id, spread), mean: id })),
    ...[...ours, { id: peer.id, name: "peer's" }].map(({ id, name }) => column(`${name} MB`, id, megabytes)),
  ];
}

function column(title, id, read) {
  return { title, cell: (result) => read(result, id) };
}

function micros(result, id) {
  const server = serverOf(result, id);
  if (server?.error) return "INVALID";
  const value = server?.cpuMicros?.median;
  return value >= 100 ? thousands(value) : fixed(value);
}

function spread(result, id) {
  const ratio = ratioOf(result, id);
  return ratio ? `${fixed(ratio.median)} (${fixed(ratio.min)}..${fixed(ratio.max)})` : "-";
}

function megabytes(result, id) {
  const bytes = serverOf(result, id)?.peakBytes;
  return Number.isFinite(bytes) ? (bytes / MIB).toFixed(0) : "-";
}

/** What went wrong in a row. */
export function invalid(result) {
  return result.servers.filter(({ error }) => error)
    .map(({ name, error }) => `INVALID ${name}, ${rowTitle(result)}: ${error}`);
}
