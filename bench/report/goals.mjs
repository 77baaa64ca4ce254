// The goals that Mooring has set itself, as data, and how the results stand to them.

import { times } from "../lib/comparison.mjs";
import { fixed, pairsOf, runtimesOf } from "./apps.mjs";

const RUNTIMES = ["Node", "Deno", "Bun"];

/**
 * Bytes that the raw loop on Deno holds for a connection in a read buffer (`servers/raw_deno.ts`), which a bare socket
 * has not: an idle connection is compared without.
 */
const RAW_READ_BUFFER = { Deno: 16 * 1024 };

/** Each has `least` or `most`; the rest says where its figure is found. */
const GOALS = [
  mean("applications, geometric mean of all rows", "Node", "mooring", 1.4),
  mean("applications, geometric mean of all rows", "Bun", "mooring", 0.95),
  mean("applications, geometric mean of all rows", "Deno", "mooring", 1.1),
  ratio("small GET, `exchange`", "Node", "get", "exchange", 2),
  { ...ratio("small GET, `exchange`", "Node", "get", "exchange", 0.95), figure: "timesRaw" },
  ratio("small GET, `exchange`", "Bun", "get", "exchange", 1.1),
  ratio("small GET, `exchange`", "Deno", "get", "exchange", 1),
  ratio("16 pipelined, `exchange`", "Node", "pipelined", "exchange", 12),
  ratio("16 pipelined, `exchange`", "Bun", "pipelined", "exchange", 6),
  ratio("16 pipelined, `exchange`", "Deno", "pipelined", "exchange", 4),
  ratio("small GET, native `Response`", "Node", "get", "native", 0.8),
  ratio("small GET, native `Response`", "Bun", "get", "native", 0.9),
  ratio("small GET, native `Response`", "Deno", "get", "native", 0.7),
  ratio("small GET, native `Response`, `/global`", "Node", "get", "global", 1.5),
  ratio("small GET, native `Response`, `/global`", "Bun", "get", "global", 1),
  ratio("small GET, native `Response`, `/global`", "Deno", "get", "global", 0.9),
  ratio("small GET, `FastResponse`", "Node", "get", "fetch", 1.6),
  ratio("small GET, `FastResponse`", "Bun", "get", "fetch", 1),
  ratio("small GET, `FastResponse`", "Deno", "get", "fetch", 0.9),
  ...RUNTIMES.map((runtime) =>
    probe("allocated by a request, `exchange`", runtime, "allocation", ["exchange"], runtime, 1, "byte")
  ),
  ...RUNTIMES.map((runtime) =>
    probe(
      "allocated by a request, `FastResponse`",
      runtime,
      "allocation",
      ["fetch, FastResponse"],
      runtime,
      512,
      "bytes",
    )
  ),
  ...RUNTIMES.map((runtime) =>
    probe(
      "resident for an idle connection, over a bare socket's",
      runtime,
      "idle_memory",
      [runtime, "Mooring"],
      "over raw TCP",
      1024,
      "bytes",
    )
  ),
];

/** At least so many times as cheap as the runtime's own server. */
function ratio(what, runtime, workload, server, least) {
  return { what, runtime, workload, server, figure: "timesOwn", least };
}

/** At least so many times as cheap as its peer, over all rows of the application bench. */
function mean(what, runtime, server, least) {
  return { what, runtime, mean: server, least };
}

/** At most so much, in the first row of a probe that begins with `row`. */
function probe(what, runtime, name, row, column, most, unit) {
  return { what, runtime, probe: name, row, column, most, unit };
}

/** @returns a section; undefined where nothing was measured */
export function goalsSection({ apps, servers, probes, attacks }) {
  if (!apps && !servers && !probes) return undefined;
  return {
    title: "Goals",
    note:
      "The raw loop on Deno holds a read buffer of 16 KiB for each connection, which a bare socket has not; the row about " +
      "idle connections counts without it. Memory under 10 000 connections, which is to be flat, is among the probes.",
    columns: ["", "runtime", "goal", "measured", "min..max", ""],
    rows: [
      ...GOALS.map((goal) => [goal.what, goal.runtime, ...cellsOf(goal, { apps, servers, probes })]),
      ...RUNTIMES.map((runtime) => ["good clients under attack", runtime, ...attackCells(runtime, attacks)]),
    ],
  };
}

function cellsOf(goal, { apps, servers, probes }) {
  if (goal.mean) return meanCells(goal, apps);
  return goal.probe ? probeCells(goal, probes) : ratioCells(goal, servers);
}

function meanCells({ runtime, mean, least }, apps) {
  const found = apps && runtimesOf(apps).find(({ title }) => title === runtime);
  const [pair] = found ? pairsOf(found.results) : [];
  const goal = `≥ ${least} × ${pair?.peer.name ?? "the platform's server"}`;
  const measured = found?.means[mean];
  if (!Number.isFinite(measured)) return notMeasured(goal);
  return [goal, fixed(measured), "", verdict(measured, measured >= least, least)];
}

function ratioCells({ runtime, workload, server, figure, least }, servers) {
  const result = servers?.results.find((one) => one.runtime === runtime && one.workload === workload);
  const goal = `≥ ${least} × ${figure === "timesRaw" ? "raw TCP" : result?.own ?? "the runtime's own"}`;
  const measured = result?.servers.find(({ id }) => id === server)?.[figure];
  if (!Number.isFinite(measured?.median)) return notMeasured(goal);
  const spread = `${measured.min.toFixed(2)}..${measured.max.toFixed(2)}`;
  return [goal, times(measured), spread, verdict(measured.median, measured.median >= least, least)];
}

function probeCells({ runtime, probe, row, column, most, unit }, probes) {
  const goal = `≤ ${most} ${unit}`;
  const { columns, rows } = probes?.sections.find((section) => section.probe === probe) ?? {};
  const cell = rows?.find((cells) => row.every((text, i) => cells[i] === text))?.[columns.indexOf(column)];
  const buffer = probe === "idle_memory" ? RAW_READ_BUFFER[runtime] ?? 0 : 0;
  const measured = Number(cell?.replaceAll(",", "") || NaN) + buffer;
  if (Number.isNaN(measured)) return notMeasured(goal);
  return [
    goal,
    buffer > 0 ? measured.toLocaleString("en-US") : cell,
    "",
    verdict(measured, measured <= most, most),
  ];
}

/** How many of the attacks met their goal, which stands beside each. */
function attackCells(runtime, attacks) {
  const { columns, rows } = attacks?.sections[0] ?? { columns: [] };
  const column = columns.indexOf(runtime);
  if (column < 0) return notMeasured("each attack's");
  const met = rows.filter((cells) => cells[column] === "met").length;
  const measured = `${met} of ${rows.length}`;
  return ["each attack's", measured, "", met === rows.length ? "met" : `missed by ${rows.length - met}`];
}

function notMeasured(goal) {
  return [goal, "-", "", "not measured"];
}

function verdict(measured, met, goal) {
  return met ? "met" : `missed by ${Math.ceil(Math.abs(measured / goal - 1) * 100)} %`;
}
