#!/usr/bin/env node
// The soak: all kinds of clients at once, for minutes, on servers that are restarted and replaced meanwhile. Exits with
// 1 when an answer was wrong, a connection did not end, or memory, descriptors or timers grew.

import process from "node:process";
import { parseArgs } from "node:util";
import { soak } from "../tests/soak/soak.ts";

const HELP = `npm run soak -- [options]
  --on=RUNTIME     node, deno or bun: runs the servers and the clients (node)
  --minutes=N      how long clients come (10)
  --clients=N      how many at a time (24)
  --seed=N         decides what they do (the time)`;

const { values } = parseArgs({
  options: {
    help: { type: "boolean", short: "h", default: false },
    minutes: { type: "string", default: "10" },
    clients: { type: "string", default: "24" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const [minutes, clients, seed] = [values.minutes, values.clients, values.seed].map(Number);
if (!(minutes > 0 && clients > 0 && Number.isInteger(clients) && Number.isInteger(seed))) {
  console.error("--minutes, --clients and --seed are numbers; see --help");
  process.exit(2);
}

console.log(`seed ${seed}, ${clients} clients, ${minutes} minutes`);
const { lines, faults } = await soak({ duration: minutes * 60_000, clients, seed });
console.log(lines.join("\n"));
for (const fault of faults) console.error(`FAULT: ${fault}`);
console.log(faults.length === 0 ? "no faults" : "faults, the first of them above");
process.exit(faults.length === 0 ? 0 : 1);
