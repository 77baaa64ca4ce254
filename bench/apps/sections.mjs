// The application bench as tables: one for each row as it is measured, and one of a runtime's ratios at its end.

import { rowTitle } from "../lib/row_title.mjs";
import { thousands } from "../lib/table.mjs";
import { meansOf } from "./figures.mjs";

const MIB = 1024 * 1024;

const RATIOS = { peerToThis: (id) => `peer ÷ ${id}`, thisToHere: (id) => `${id} ÷ here` };

/** The table of one row on one runtime. */
export function rowSection({ runtime, version, servers, ...row }) {
  const columns = ["server", "CPU µs", "min..max", "user", "kernel", "peer ÷ it", "min..max", "it ÷ here"];
  return {
    title: `${runtime} ${version}, ${row.row}: ${rowTitle(row)}`,
    columns: [...columns, "requests/s", "busy", "peak MB"],
    rows: servers.map((server) => server.error ? [server.name, "INVALID"] : cellsOf(server)),
  };
}

/** The table of one row's latencies on one runtime. */
export function latencySection({ runtime, version, row, title, servers }) {
  return {
    title: `${runtime} ${version}, ${row}: ${title}, latency in µs at half of the peer's capacity`,
    columns: ["server", "requests/s", "p50", "min..max", "p99", "min..max", "busy", "unanswered"],
    rows: servers.map(({ name, error, rate, p50, p99, busy, unanswered }) => {
      if (error) return [name, "INVALID"];
      const latencies = [...latencyCells(p50), ...latencyCells(p99)];
      return [name, thousands(rate), ...latencies, percent(busy), thousands(unanswered)];
    }),
  };
}

const latencyCells = ({ median, min, max }) => [thousands(median), `${thousands(min)}..${thousands(max)}`];

/** The table of the cold starts on one runtime. */
export function coldStartSection({ runtime, version, row, title, servers }) {
  return {
    title: `${runtime} ${version}, ${row}: ${title}`,
    columns: ["server", "ms", "min..max", "peer ÷ it", "min..max", "MB before the first request"],
    rows: servers.map(({ name, error, milliseconds, peerToThis, residentBytes }) =>
      error ? [name, "INVALID"] : [
        name,
        milliseconds.median.toFixed(0),
        `${milliseconds.min.toFixed(0)}..${milliseconds.max.toFixed(0)}`,
        times(peerToThis?.median),
        peerToThis ? `${times(peerToThis.min)}..${times(peerToThis.max)}` : "-",
        (residentBytes / MIB).toFixed(1),
      ]
    ),
  };
}

function cellsOf({ name, cpuMicros, userMicros, kernelMicros, peerToThis, thisToHere, ...rest }) {
  return [
    name,
    micros(cpuMicros.median),
    `${micros(cpuMicros.min)}..${micros(cpuMicros.max)}`,
    micros(userMicros),
    micros(kernelMicros),
    times(peerToThis?.median),
    peerToThis ? `${times(peerToThis.min)}..${times(peerToThis.max)}` : "-",
    times(thisToHere?.median),
    thousands(rest.requestsPerSecond),
    percent(rest.busy),
    (rest.peakBytes / MIB).toFixed(0),
  ];
}

/** The table of a runtime: CPU µs of each server in each row, then the ratios, and the geometric mean of these. */
export function runtimeSection(results) {
  const servers = uniqueServers(results);
  const ratios = Object.entries(RATIOS).flatMap(([figure, titleOf]) =>
    servers.filter(has(results, figure)).map(({ id }) => ({ id, figure, title: titleOf(id) }))
  );
  const cell = (result, id, read) => {
    const server = result.servers.find((server) => server.id === id);
    return server && !server.error ? read(server) : server ? "INVALID" : "-";
  };
  const { runtime, version } = results[0];
  return {
    title: `${runtime} ${version}, all rows: CPU µs of a request, and ratios of it`,
    columns: ["row", ...servers.map(({ id }) => id), ...ratios.map(({ title }) => title)],
    rows: [
      ...results.map((result) => [
        result.row,
        ...servers.map(({ id }) => cell(result, id, ({ cpuMicros }) => micros(cpuMicros.median))),
        ...ratios.map(({ id, figure }) => cell(result, id, (server) => times(server[figure]?.median))),
      ]),
      [
        "geometric mean",
        ...servers.map(() => ""),
        ...ratios.map(({ id, figure }) => times(meansOf(results, figure).get(id))),
      ],
    ],
  };
}

function uniqueServers(results) {
  const servers = results.flatMap(({ servers }) => servers);
  return [...new Map(servers.map((server) => [server.id, server])).values()];
}

const has = (results, figure) => ({ id }) =>
  results.some(({ servers }) => servers.some((server) => server.id === id && server[figure]));

const percent = (share) => `${Math.round(share * 100)}%`;
const micros = (value) => value.toFixed(value < 100 ? 2 : 0);
const times = (value) => value === undefined ? "-" : value.toFixed(2);
