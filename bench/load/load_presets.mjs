// Runs presets: Mooring and the platform's server on each runtime, started for each preset and pinned, with the load
// on another core, and prints a table of each.

import process from "node:process";
import { cpuSeconds, pinning, pinSelf } from "../lib/cpu.mjs";
import { describeMachine } from "../lib/machine.mjs";
import { resultsPath, writeResults } from "../lib/results.mjs";
import { MOORING, packageVersion } from "../lib/roster.mjs";
import { startServer, stopAll } from "../lib/server_process.mjs";
import { renderSection } from "../lib/table.mjs";
import { PRESETS } from "./presets.mjs";
import { showProgress } from "./progress.mjs";
import { runLoad } from "./run.mjs";
import { toFailedRow, toRow, toSection } from "./section.mjs";
import { toolVersion } from "./tools.mjs";

const mooring = MOORING.find(({ id }) => id === "exchange");

/** Seconds of load on a server that is new, in each of the two ways, for the compilers to settle. */
const WARM_UP = { connections: 10, seconds: 0.5, timeout: 5_000 };
/** Exit code of a process that was asked to end: 128 and the number of SIGTERM. */
const TERMINATED = 143;

/**
 * Resolves to whether everything that was sent was answered. A preset that cannot run here is a failure only when it
 * was asked for by its name.
 */
export async function loadPresets({ presets, isAll, runtimes: ids, seconds, json, report }, signal) {
  process.on("exit", stopAll);
  process.on("SIGTERM", () => process.exit(TERMINATED));
  const pins = pinning();
  const machine = describeMachine({ runtimes: ids, load: describeTools(), pins });
  for (const line of machine.lines) console.log(line);
  pinSelf(pins.client);

  const sections = [];
  const show = (section) => {
    sections.push(section);
    console.log(renderSection(section));
  };
  let complete = machine.missing.length === 0;
  for (const name of presets) {
    if (signal.aborted) break;
    const preset = PRESETS[name];
    const unavailable = preset.unavailable?.();
    if (unavailable) {
      show({ title: preset.title, note: "", columns: ["not run"], rows: [[unavailable]] });
      complete &&= isAll;
      continue;
    }
    const rows = await measureAll(preset, { runtimes: machine.runtimes, pins, seconds, signal });
    show(toSection(preset, rows));
    complete &&= rows.every((row) => row.complete);
  }
  const results = { ...machine.facts, sections };
  if (json) writeResults(json, results);
  if (report && !signal.aborted) writeResults(resultsPath("load"), results);
  return complete;
}

async function measureAll({ loads }, { runtimes, pins, seconds, signal }) {
  const rows = [];
  for (const runtime of runtimes) {
    for (const spec of [mooring, runtime.peer]) {
      const name = spec === mooring ? `Mooring on ${runtime.title}` : spec.name;
      try {
        const server = await startServer(runtime, spec, pins.server);
        const url = `http://127.0.0.1:${server.port}/`;
        await warmUp(url, signal);
        for (const load of loads) {
          if (signal.aborted) return rows;
          rows.push(await measure(name, server.pid, load, { url, pin: pins.client, seconds, signal }));
        }
      } catch (error) {
        console.error(`!! ${name}: ${[error.message, error.stderr].filter(Boolean).join("\n")}`);
        rows.push(toFailedRow(name, error.message));
      } finally {
        stopAll();
      }
    }
  }
  return rows;
}

async function warmUp(url, signal) {
  for (const reconnect of [false, true]) await runLoad({ ...WARM_UP, url, reconnect }, { signal });
}

async function measure(name, pid, load, { url, pin, seconds, signal }) {
  const progress = showProgress(`${name}: ${load.name}`);
  const before = cpuSeconds(pid);
  const result = await load.run({ url, pin, seconds, hooks: { ...progress, signal } });
  const cpu = cpuSeconds(pid) - before;
  progress.clear();
  return toRow(name, load, result, cpu);
}

function describeTools() {
  const tools = [["ab", toolVersion("ab", "-V")], ["wrk", toolVersion("wrk", "-v")]].filter(([, found]) =>
    found
  );
  return [["undici", packageVersion("undici")], ...tools].map((tool) => tool.join(" ")).join(", ");
}
