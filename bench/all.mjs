#!/usr/bin/env node
// Everything, and then the report: `npm run bench`. Each bench runs also when one before it failed; exits with 1 then.

import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

const STEPS = [
  ["apps.mjs"],
  ["servers.mjs"],
  ["http2.mjs"],
  ["micro.mjs"],
  ["probes.mjs"],
  ["load.mjs", "--preset=all", "--report"],
  ["attacks.mjs"],
  ["report.mjs"],
];

const failed = [];
for (const [file, ...args] of STEPS) {
  console.log(`\n== ${file}\n`);
  const path = fileURLToPath(new URL(file, import.meta.url));
  const { status, signal } = spawnSync(process.execPath, [path, ...args], { stdio: "inherit" });
  if (signal) process.exit(1); // somebody ended it
  if (status !== 0) failed.push(file);
}
console.log(failed.length === 0 ? "\nbench: all ok" : `\nbench: FAILED: ${failed.join(", ")}`);
process.exit(failed.length === 0 ? 0 : 1);
