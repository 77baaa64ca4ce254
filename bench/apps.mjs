#!/usr/bin/env node
// The application bench: one application as people write it, plain and on Hono, on Mooring and on what else serves it,
// as server CPU of a request. Exits with 1 when a server did not start or gave a wrong answer.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { BYTES_64K } from "./apps/content.ts";
import { meansOf } from "./apps/figures.mjs";
import { HELP, readOptions } from "./apps/options.mjs";
import { PARTS } from "./apps/parts.mjs";
import { ROOT, serversOf } from "./apps/roster.mjs";
import { runtimeSection } from "./apps/sections.mjs";
import { pinning } from "./lib/cpu.mjs";
import { createLoad } from "./lib/load.mjs";
import { describeMachine } from "./lib/machine.mjs";
import { resultsPath, writeResults } from "./lib/results.mjs";
import { PACKAGES } from "./lib/roster.mjs";
import { stopAll } from "./lib/server_process.mjs";
import { renderSection } from "./lib/table.mjs";

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

const { rounds, seconds, warmUp, connections } = options;
const pins = pinning();
const load = createLoad({ connections, pin: pins.client });
const machine = describeMachine({ runtimes: options.runtime, load: load.version, pins, packages: PACKAGES });
for (const line of machine.lines) console.log(line);
console.log(
  `${rounds} rounds of ${seconds} s after ${warmUp} s, ${connections} connections, about ${estimateMinutes()} min`,
);

buildPackage();
const results = Object.fromEntries(options.part.map((name) => [name, []]));
for (const runtime of machine.runtimes) {
  for (const name of options.part) await measurePart(runtime, name);
}

if (options.out || (options.everything && machine.missing.length === 0)) {
  const settings = { rounds, seconds, warmUp, connections };
  const { rows = [], ...others } = results;
  const measured = { results: rows, means: means(rows), ...others };
  writeResults(options.out ?? resultsPath("apps"), { ...machine.facts, settings, ...measured });
}
const failed = Object.values(results).flat().flatMap(({ servers }) => servers.filter(({ error }) => error));
if (failed.length > 0) console.error(`!! ${failed.length} server(s) are invalid in a row, see above`);
process.exit(failed.length > 0 || machine.missing.length > 0 ? 1 : 0);

/** Prints each row as it is measured. */
async function measurePart(runtime, name) {
  const { rowsOf, optionsOf, measure, section } = PARTS[name];
  const measured = [];
  for (const row of rowsOf(options.row)) {
    const result = await measure(runtime, row, optionsOf(options), { load, pins, scratch });
    measured.push(result);
    console.log(renderSection(section(result)));
  }
  if (name === "rows") console.log(renderSection(runtimeSection(measured)));
  results[name].push(...measured);
}

function estimateMinutes() {
  let total = 0;
  for (const name of options.part) {
    const { rowsOf, optionsOf, seconds } = PARTS[name];
    const ofPart = optionsOf(options);
    for (const runtime of machine.runtimes) {
      const servers = serversOf(runtime, ofPart).length;
      for (const row of rowsOf(options.row)) {
        total += (servers + (row.raw && ofPart.server.includes("raw") ? 1 : 0)) * seconds(row, ofPart);
      }
    }
  }
  return Math.ceil(total / 60);
}

/** The geometric means of each runtime's servers. */
function means(rows) {
  return Object.fromEntries(machine.runtimes.map(({ title }) => {
    const ofRuntime = rows.filter(({ runtime }) => runtime === title);
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
