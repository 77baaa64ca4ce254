// The latencies of the applications: a chart of all runtimes, and a table for each.

import { thousands } from "../lib/table.mjs";
import { pairsOf, serverOf } from "./apps.mjs";
import { invalid } from "./apps_table.mjs";

const FIGURES = ["p50", "p99"];

/** @returns {{ columns: string[], rows: string[][], note: string }} */
export function latencyTable({ latency }) {
  const servers = serversOf(latency);
  const columns = [...FIGURES, "busy"].flatMap((figure) =>
    servers.map(({ id, name }) => ({ title: `${name} ${figure}`, id, figure }))
  );
  return {
    columns: ["µs", "requests/s", ...columns.map(({ title }) => title)],
    rows: latency.map((result) => [
      result.title,
      rateOf(result, servers),
      ...columns.map(({ id, figure }) => cellOf(serverOf(result, id), figure)),
    ]),
    note: latency.flatMap((result) => [...invalid(result), ...unanswered(result)]).join("; "),
  };
}

/** A panel for each runtime, with a bar for each server and figure; undefined where nothing was measured. */
export function latencyChart(runtimes) {
  const measured = runtimes.filter(({ latency }) => serversOf(latency).length > 0);
  if (measured.length === 0) return undefined;
  return {
    kind: "bar",
    file: "apps-latency",
    title: "Latency at half of the capacity that the platform's server has",
    xLabel: "",
    yLabel: "µs (logarithmic)",
    logY: true,
    panels: measured.map(({ title, version, latency }) => ({
      title: `${title} ${version}`,
      categories: latency.map(({ title }) => title),
      series: ROLES.flatMap(({ name, role }) => {
        const { id } = serversOf(latency).find((server) => server.role === role) ?? {};
        return FIGURES.toReversed().map((figure) => ({
          name: `${name}, ${figure}`,
          role,
          light: figure === "p50",
          data: latency.map((result) => serverOf(result, id)?.[figure]?.median ?? null),
        }));
      }),
    })),
  };
}

const ROLES = [{ name: "Mooring", role: "mooring" }, { name: "the platform's server", role: "peer" }];

/** Mooring's servers, each pair with its peer behind. */
function serversOf(latency) {
  return pairsOf(latency).flatMap(({ own, peer }) => [
    ...own.map((server) => ({ ...server, role: "mooring" })),
    { ...peer, role: "peer" },
  ]);
}

/** A peer and what stands beside it have one rate. */
function rateOf(result, servers) {
  const rates = servers.map(({ id }) => serverOf(result, id)?.rate).filter(Number.isFinite);
  return rates.length > 0 ? [...new Set(rates)].map(thousands).join(", ") : "-";
}

function cellOf(server, figure) {
  if (server?.error) return "INVALID";
  if (figure === "busy") return Number.isFinite(server?.busy) ? `${Math.round(server.busy * 100)}%` : "-";
  const { median, min, max } = server?.[figure] ?? {};
  return Number.isFinite(median) ? `${thousands(median)} (${thousands(min)}..${thousands(max)})` : "-";
}

function unanswered({ title, servers }) {
  return servers.filter(({ unanswered }) => unanswered > 0)
    .map(({ name, unanswered }) => `${name}, ${title}: ${thousands(unanswered)} not answered in time`);
}
