// What the attacks did, as sections of the report: how Mooring stands to its goal, and a table for each runtime.

import { thousands } from "../lib/table.mjs";
import { ATTACKS } from "./roster.mjs";
import { GARBAGE_BYTES, missed } from "./verdict.mjs";

const GOAL =
  "Goal: every good client is answered, p99 (of kept and of new connections) is under 50 ms or at most twice that " +
  "beside the runtime's own server, and memory grows by no more than the options let the attack's connections keep, and " +
  `${GARBAGE_BYTES >> 20} MiB of garbage.`;

const NOTE =
  "kept, new: ms of good clients on kept and on new connections, median of the rounds. failed: of their " +
  "requests in all rounds; retried: asked once more, since a kept connection had ended. attackers/s: connections that " +
  "the attack opened. sockets: the most that the server had open; left: those that it still had 1 s after the attack. " +
  "MB: resident before the attack, and at most.";

/** @param results `{ runtime, attack, servers }` of each attack */
export function attackSections(names, runtimes, results, { rounds, seconds }) {
  const of = (runtime, name) => results.find((one) => one.runtime === runtime.id && one.attack === name);
  return [
    {
      title: "Good clients under attack",
      note: `${GOAL} ${rounds} rounds of ${seconds} s.`,
      columns: ["attack", "what it does", ...runtimes.map(({ title }) => title)],
      rows: names.map((name) => [
        ATTACKS[name].title,
        ATTACKS[name].what,
        ...runtimes.map((runtime) => verdict(of(runtime, name))),
      ]),
    },
    ...runtimes.map((runtime) =>
      runtimeSection(runtime, names.map((name) => of(runtime, name)).filter(Boolean))
    ),
  ];
}

function verdict(result) {
  if (!result) return "-";
  const misses = missed(ATTACKS[result.attack], ...result.servers);
  return misses.length === 0 ? "met" : `MISSED: ${misses.join(", ")}`;
}

/** The table of a runtime, and p99 of new connections as a chart. */
export function runtimeSection(runtime, results) {
  return {
    title: `Good clients under attack on ${runtime.title}`,
    note: NOTE,
    columns: [
      "attack",
      "server",
      "kept p50",
      "p99",
      "max",
      "new p50",
      "p99",
      "max",
      "failed",
      "retried",
      "attackers/s",
      "sockets",
      "left",
      "MB before",
      "peak",
      "goal",
    ],
    rows: results.flatMap((result) => {
      const [mooring, own] = result.servers;
      const title = ATTACKS[result.attack].title;
      return [[title, ...cells(mooring), verdict(result)], [title, ...cells(own), ""]];
    }),
    chart: {
      kind: "bar",
      file: `attacks-${runtime.id}`,
      title: `${runtime.title}: p99 of new connections under attack`,
      xLabel: "",
      yLabel: "ms",
      logY: true,
      categories: results.map(({ attack }) => ATTACKS[attack].title),
      series: [0, 1].map((i) => ({
        name: results[0].servers[i].name,
        role: results[0].servers[i].role,
        data: results.map(({ servers }) => finite(servers[i].fresh.p99)),
      })),
    },
  };
}

function cells({ name, kept, fresh, failures, retried, attacks, died, sockets, left, before, peak }) {
  return [
    name,
    ...[kept, fresh].flatMap(({ p50, p99, max }) => [p50, p99, max].map(milliseconds)),
    died ? "the server ended" : failed(failures),
    thousands(retried),
    thousands(attacks),
    thousands(sockets),
    thousands(left),
    megabytes(before),
    megabytes(peak),
  ];
}

function failed(failures) {
  const entries = Object.entries(failures);
  return entries.length === 0
    ? "0"
    : entries.map(([kind, count]) => `${thousands(count)} ${kind}`).join(", ");
}

const milliseconds = (value) => Number.isFinite(value) ? value.toFixed(value < 100 ? 1 : 0) : "-";
const megabytes = (bytes) => (bytes / 1e6).toFixed(0);
const finite = (value) => Number.isFinite(value) ? value : null;
