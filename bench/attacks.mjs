#!/usr/bin/env node
// Attacks, each for some seconds, on Mooring and on the runtime's own server in turn: what do good clients get meanwhile,
// and what does the server hold? Exits with 1 when something could not be measured; a missed goal is in the table.

import process from "node:process";
import { stopHelpers } from "./attacks/helper.mjs";
import { measureAttack } from "./attacks/measure.mjs";
import { HELP, readOptions } from "./attacks/options.mjs";
import { ATTACKS } from "./attacks/roster.mjs";
import { attackSections, runtimeSection } from "./attacks/sections.mjs";
import { pinning, pinSelf } from "./lib/cpu.mjs";
import { checkOpenFiles } from "./lib/kept_clients.mjs";
import { describeMachine } from "./lib/machine.mjs";
import { resultsPath, writeResults } from "./lib/results.mjs";
import { stopAll } from "./lib/server_process.mjs";
import { renderSection } from "./lib/table.mjs";

const options = readOptions(process.argv.slice(2));
if (options.help) {
  console.log(HELP);
  process.exit(0);
}
process.on("exit", () => {
  stopAll();
  stopHelpers();
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));

checkOpenFiles(Math.max(...options.attack.map((name) => ATTACKS[name].held)));
const pins = pinning();
const machine = describeMachine({ runtimes: options.runtime, load: "sockets of the harness", pins });
for (const line of machine.lines) console.log(line);
pinSelf(pins.client); // its children are attackers and good clients

const results = [];
let failed = false;
for (const runtime of machine.runtimes) {
  for (const name of options.attack) {
    try {
      const servers = await measureAttack(runtime, name, ATTACKS[name], { ...options, pins });
      const result = { runtime: runtime.id, attack: name, servers };
      results.push(result);
      console.log(renderSection({ ...runtimeSection(runtime, [result]), note: "" }));
    } catch (error) {
      failed = true;
      console.error(`!! ${runtime.title}, ${name}: ${error.stack}${error.stderr ? `\n${error.stderr}` : ""}`);
    } finally {
      stopAll();
      stopHelpers();
    }
  }
}
const measured = machine.runtimes.filter(({ id }) => results.some(({ runtime }) => runtime === id));
const { rounds, seconds } = options;
const sections = attackSections(options.attack, measured, results, { rounds, seconds });
for (const section of sections) console.log(renderSection(section));
if (options.json || (options.everything && !failed && machine.missing.length === 0)) {
  writeResults(options.json ?? resultsPath("attacks"), {
    ...machine.facts,
    settings: { rounds, seconds },
    sections,
  });
}
process.exit(failed || machine.missing.length > 0 ? 1 : 0);
