#!/usr/bin/env node
// The micro suites: single operations of the engine in memory, timed by mitata, on every runtime, beside the published
// figures of a Go engine. Each bench is a process of its own. Exits with 1 when one of them failed.

import process from "node:process";
import { BUN_ENV, V8_FLAGS } from "../tests/support/without_collection.ts";
import { pinning } from "./lib/cpu.mjs";
import { runInside } from "./lib/inside.mjs";
import { describeMachine } from "./lib/machine.mjs";
import { list, parseOptions } from "./lib/options.mjs";
import { resultsPath, writeResults } from "./lib/results.mjs";
import { RUNTIMES } from "./lib/roster.mjs";
import { renderSection } from "./lib/table.mjs";
import { withV8Flags } from "./lib/v8_flags.mjs";
import { BENCHES } from "./micro/benches.mjs";
import { section } from "./micro/section.mjs";

const HELP = `node bench/micro.mjs [options]
  --only=LIST      of ${Object.keys(BENCHES).join(", ")} (all)
  --runtime=LIST   of ${Object.keys(RUNTIMES).join(", ")} (all)
  --json=FILE      where to write what was measured (bench/results/micro.json, if that was everything)`;

const PROGRAM = "bench/micro/inside.mjs";

const options = readOptions(process.argv.slice(2));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));

const pins = pinning();
const machine = describeMachine({ runtimes: options.runtime, load: "memory", pins, packages: ["mitata"] });
for (const line of machine.lines) console.log(line);

const results = [];
let failed = false;
for (const runtime of machine.runtimes) {
  const measured = [];
  for (const bench of options.only) {
    try {
      measured.push({ bench, runtime: runtime.id, ...await measure(runtime, bench) });
    } catch (error) {
      failed = true;
      console.error(`!! ${runtime.title}, ${bench}: ${error.message}`);
    }
  }
  results.push(...measured);
  const { columns, rows } = section(options.only, [runtime], measured);
  const title = `${runtime.title} ${runtime.version}`;
  console.log(renderSection({ title, columns: brief(columns), rows: rows.map(brief) }));
}
const sections = [section(options.only, machine.runtimes, results)];
console.log(`\n${sections[0].note}`);

const everything = options.everything && !failed && machine.missing.length === 0;
if (options.json || everything) {
  writeResults(options.json ?? resultsPath("micro"), { ...machine.facts, results, sections });
}
process.exit(failed || machine.missing.length > 0 ? 1 : 0);

/** A row without the column that says what an operation is. */
function brief(cells) {
  return cells.toSpliced(1, 1);
}

async function measure(runtime, bench) {
  const run = (what, flags, env) =>
    runInside(withV8Flags(runtime, flags), PROGRAM, { pin: pins.server, args: [what, bench], env });
  return {
    nanoseconds: await run("time", ["--expose-gc"]),
    bytes: await run("bytes", V8_FLAGS, BUN_ENV),
  };
}

function readOptions(args) {
  const options = {
    help: { type: "boolean", short: "h", default: false },
    only: { type: "string", default: Object.keys(BENCHES).join() },
    runtime: { type: "string", default: Object.keys(RUNTIMES).join() },
    json: { type: "string" },
  };
  return parseOptions(args, options, (values) => {
    if (values.help) {
      console.log(HELP);
      process.exit(0);
    }
    const only = list("only", values.only, Object.keys(BENCHES));
    const runtime = list("runtime", values.runtime, Object.keys(RUNTIMES));
    const everything = only.length === Object.keys(BENCHES).length &&
      runtime.length === Object.keys(RUNTIMES).length;
    return { only, runtime, json: values.json, everything };
  });
}
