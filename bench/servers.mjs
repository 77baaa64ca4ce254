#!/usr/bin/env node
// The server comparison: Mooring beside the other servers of the same runtime, as server CPU per request.
// All servers of a runtime are up at once and measured in turn, round after round, so that drift hits all alike;
// only one of them is ever under load. Exits with 1 when a server did not start or a row is invalid.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { comparisonSection } from "./lib/comparison.mjs";
import { pinning } from "./lib/cpu.mjs";
import { guarded, measureInTurn } from "./lib/interleaved.mjs";
import { createLoad } from "./lib/load.mjs";
import { describeMachine } from "./lib/machine.mjs";
import { HELP, readOptions } from "./lib/options.mjs";
import { checkAnswers } from "./lib/preflight.mjs";
import { resultsPath, writeResults } from "./lib/results.mjs";
import { PACKAGES, raw, roleOf, serversOf } from "./lib/roster.mjs";
import { startServer, stopAll } from "./lib/server_process.mjs";
import { summarize } from "./lib/stats.mjs";
import { renderSection } from "./lib/table.mjs";
import { WORKLOADS, writePayloads } from "./lib/workloads.mjs";

/** Seconds of load that every server gets before its first round, for the compilers to settle. */
const WARM_UP_SECONDS = 1;
/** What starting and checking a server takes, for the estimate. */
const START_SECONDS = 0.5;

const options = readOptions(process.argv.slice(2));
if (options.help) {
  console.log(HELP);
  process.exit(0);
}

const scratch = mkdtempSync(join(tmpdir(), "mooring-bench-"));
process.on("exit", () => {
  stopAll();
  rmSync(scratch, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));

const pins = pinning();
const load = createLoad({ connections: options.connections, pin: pins.client });
const machine = describeMachine({ runtimes: options.runtime, load: load.version, pins, packages: PACKAGES });
for (const line of machine.lines) console.log(line);
console.log(
  `${options.rounds} rounds of ${options.seconds} s, ${options.connections} connections, about ${estimateMinutes()} min`,
);

const results = [];
for (const runtime of machine.runtimes) {
  for (const name of options.workload) {
    const result = await compare(runtime, WORKLOADS[name]);
    results.push(result);
    console.log(renderSection(comparisonSection(result)));
  }
}
console.log(
  `\nCPU µs, user and kernel: per request. ×: how many requests it answers with the CPU that one of the named takes.`,
);
const everything = options.everything && machine.missing.length === 0;
if (options.json || everything) {
  const { rounds, seconds, connections } = options;
  const report = { ...machine.facts, settings: { rounds, seconds, connections }, results };
  writeResults(options.json ?? resultsPath("servers"), report);
}
const failed = results.flatMap((result) => result.servers.filter((server) => server.error));
if (failed.length > 0) console.error(`!! ${failed.length} row(s) are invalid or missing, see above`);
process.exit(failed.length > 0 || machine.missing.length > 0 ? 1 : 0);

function estimateMinutes() {
  let servers = 0;
  for (const runtime of machine.runtimes) {
    for (const name of options.workload) {
      servers += serversOf(runtime, WORKLOADS[name], options.server).length + 1;
    }
  }
  const each = START_SECONDS + WARM_UP_SECONDS + options.rounds * options.seconds;
  return Math.ceil(servers * each / 60);
}

/** Starts every server of `runtime`, measures `workload` on them in turn, and stops them. */
async function compare(runtime, workload) {
  const payloads = writePayloads(workload, scratch);
  const entries = await startAll(runtime, workload);
  const { rounds, seconds } = options;
  const title = `${runtime.title} ${workload.name}`;
  await measureInTurn(entries, load, { payloads }, { rounds, seconds, warmUp: WARM_UP_SECONDS, title });
  stopAll();
  return {
    runtime: runtime.title,
    version: runtime.version,
    own: runtime.peer.name,
    workload: workload.name,
    title: workload.title,
    servers: summarize(entries),
  };
}

/** Starts and checks the HTTP servers first: the raw loop then answers with the bytes that Mooring answered with. */
async function startAll(runtime, workload) {
  const closing = workload.closes ? ["close"] : [];
  let recorded;
  const start = async (spec, extra) => {
    const entry = { id: spec.id, name: spec.name, role: roleOf(spec), rounds: [] };
    await guarded(entry, async () => {
      entry.process = await startServer(runtime, spec, pins.server, extra);
      const bytes = await checkAnswers(entry.process.port, workload);
      recorded ??= bytes;
    });
    return entry;
  };
  const entries = [];
  for (const spec of serversOf(runtime, workload, options.server)) {
    entries.push(await start(spec, [String(workload.size), ...closing]));
  }
  const constant = recorded ?? workload.sampleAnswer;
  entries.push(await start(raw, [constant.toString("base64"), ...closing]));
  return entries;
}
