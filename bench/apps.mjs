#!/usr/bin/env node
// The application bench: one application as people write it, plain and on Hono, on Mooring and on what else serves it,
// as server CPU of a request. Exits with 1 when a server did not start or gave a wrong answer.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { measureColdStart } from "./apps/cold_start.mjs";
import { BYTES_64K } from "./apps/content.ts";
import { meansOf } from "./apps/figures.mjs";
import { measureRow, WARM_UP_SECONDS } from "./apps/measure.mjs";
import { HELP, readOptions } from "./apps/options.mjs";
import { ROOT, serversOf } from "./apps/roster.mjs";
import { ROWS } from "./apps/rows.mjs";
import { coldStartSection, rowSection, runtimeSection } from "./apps/sections.mjs";
import { pinning } from "./lib/cpu.mjs";
import { createLoad } from "./lib/load.mjs";
import { describeMachine } from "./lib/machine.mjs";
import { resultsPath, writeResults } from "./lib/results.mjs";
import { PACKAGES } from "./lib/roster.mjs";
import { stopAll } from "./lib/server_process.mjs";
import { renderSection } from "./lib/table.mjs";

/** What starting and checking a server takes, for the estimate. */
const START_SECONDS = 0.5;

const options = readOptions(process.argv.slice(2));
if (options.help) {
  console.log(HELP);
  process.exit(0);
}

const scratch = makeScratch();
process.on("exit", () => {
  stopAll();
  rmSync(scratch, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));

const { rounds, seconds, connections } = options;
const pins = pinning();
const load = createLoad({ connections, pin: pins.client });
const machine = describeMachine({ runtimes: options.runtime, load: load.version, pins, packages: PACKAGES });
for (const line of machine.lines) console.log(line);
console.log(
  `${rounds} rounds of ${seconds} s, ${connections} connections, about ${estimateMinutes()} min`,
);

buildPackage();
const results = [];
const coldStarts = [];
for (const runtime of machine.runtimes) {
  const ofRuntime = [];
  for (const name of options.row) {
    const result = await measureRow(runtime, ROWS[name], options, { load, pins, scratch });
    ofRuntime.push(result);
    console.log(renderSection(rowSection(result)));
  }
  if (ofRuntime.length > 0) console.log(renderSection(runtimeSection(ofRuntime)));
  results.push(...ofRuntime);
  if (options.coldStart) {
    const result = await measureColdStart(runtime, options, { pins });
    console.log(renderSection(coldStartSection(result)));
    coldStarts.push(result);
  }
}

if (options.out || (options.everything && machine.missing.length === 0)) {
  const settings = { rounds, seconds, connections };
  writeResults(options.out ?? resultsPath("apps"), {
    ...machine.facts,
    settings,
    results,
    coldStarts,
    means: means(),
  });
}
const failed = [...results, ...coldStarts].flatMap(({ servers }) => servers.filter(({ error }) => error));
if (failed.length > 0) console.error(`!! ${failed.length} server(s) are invalid in a row, see above`);
process.exit(failed.length > 0 || machine.missing.length > 0 ? 1 : 0);

function estimateMinutes() {
  let servers = 0;
  for (const runtime of machine.runtimes) {
    const always = serversOf(runtime, options).length;
    for (const name of options.row) servers += ROWS[name].raw ? always + 1 : always;
  }
  const each = START_SECONDS + Math.min(WARM_UP_SECONDS, seconds) + rounds * seconds;
  return Math.ceil(servers * each / 60);
}

/** The geometric means of each runtime's servers. */
function means() {
  return Object.fromEntries(machine.runtimes.map(({ title }) => {
    const ofRuntime = results.filter(({ runtime }) => runtime === title);
    const mean = (figure) => Object.fromEntries(meansOf(ofRuntime, figure));
    return [title, { peerToThis: mean("peerToThis"), thisToHere: mean("thisToHere") }];
  }));
}

/** A directory for what lies in files: payloads, and the file that is served. */
function makeScratch() {
  const directory = mkdtempSync(join(tmpdir(), "mooring-bench-"));
  mkdirSync(join(directory, "static"));
  writeFileSync(join(directory, "static", "photo.jpg"), BYTES_64K);
  return directory;
}

/** What Node and Bun run is built of the sources as they are now. */
function buildPackage() {
  execFileSync(process.execPath, [join(ROOT, "scripts/build.mjs")], { stdio: "inherit" });
}
