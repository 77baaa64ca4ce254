#!/usr/bin/env node
// Probes: questions about Mooring that one figure answers, each a file in probes/ that measures it on every runtime
// and gives sections, a table and mostly a chart each. Exits with 1 when one of them failed.

import process from "node:process";
import { pinning, pinSelf } from "./lib/cpu.mjs";
import { createLoad } from "./lib/load.mjs";
import { describeMachine } from "./lib/machine.mjs";
import { list, parseOptions } from "./lib/options.mjs";
import { resultsPath, writeResults } from "./lib/results.mjs";
import { RUNTIMES } from "./lib/roster.mjs";
import { stopAll } from "./lib/server_process.mjs";
import { renderSection } from "./lib/table.mjs";

/** In the order in which they are run and shown. */
const PROBES = [
  "allocation",
  "idle_memory",
  "idle_cpu",
  "tick",
  "connections",
  "many_requests",
  "head_size",
  "churn",
  "eviction",
];

const HELP = `node bench/probes.mjs [options]
  --only=LIST      of ${PROBES.join(", ")} (all)
  --runtime=LIST   of ${Object.keys(RUNTIMES).join(", ")} (all)
  --json=FILE      where to write what was measured (bench/results/probes.json, if that was everything)`;

const options = readOptions(process.argv.slice(2));
process.on("exit", stopAll);
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));

const pins = pinning();
const machine = describeMachine({
  runtimes: options.runtime,
  load: `${createLoad({ connections: 1, pin: [] }).version}, and sockets of the harness`,
  pins,
});
for (const line of machine.lines) console.log(line);
pinSelf(pins.client); // it is the client of many probes

const sections = [];
let failed = false;
for (const name of options.only) {
  const { measure } = await import(`./probes/${name}.mjs`);
  try {
    for (const section of await measure({ runtimes: machine.runtimes, pins })) {
      sections.push({ probe: name, ...section });
      console.log(renderSection(section));
    }
  } catch (error) {
    failed = true;
    console.error(`!! ${name}: ${error.stack}`);
  } finally {
    stopAll();
  }
}
const everything = options.everything && !failed && machine.missing.length === 0;
if (options.json || everything) {
  writeResults(options.json ?? resultsPath("probes"), { ...machine.facts, sections });
}
process.exit(failed || machine.missing.length > 0 ? 1 : 0);

function readOptions(args) {
  const options = {
    help: { type: "boolean", short: "h", default: false },
    only: { type: "string", default: PROBES.join() },
    runtime: { type: "string", default: Object.keys(RUNTIMES).join() },
    json: { type: "string" },
  };
  return parseOptions(args, options, (values) => {
    if (values.help) {
      console.log(HELP);
      process.exit(0);
    }
    const only = list("only", values.only, PROBES);
    const runtime = list("runtime", values.runtime, Object.keys(RUNTIMES));
    const everything = only.length === PROBES.length && runtime.length === Object.keys(RUNTIMES).length;
    return { only, runtime, json: values.json, everything };
  });
}
