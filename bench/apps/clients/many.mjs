// Many connections that each ask again when they are answered. Runs on Bun. What opening them costs is not in the
// figures: only when each was answered once, and all have asked for a while, the server's CPU is looked at.
//
// Arguments: the port, the server's PID, connections, seconds, the payload's file. Prints what was measured as JSON.

import { readFileSync } from "node:fs";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { cpuTimes } from "../../lib/cpu.mjs";
import { openConnections } from "./connections.mjs";

/** Milliseconds until as many requests are under way at the beginning of the measurement as at its end. */
const SETTLE = 300;

const [port, pid, count, seconds] = process.argv.slice(2, 6).map(Number);
const connections = await openConnections(port, count, readFileSync(process.argv[6]));

let requests = 0;
const again = (connection) => {
  requests++;
  connection.ask(again);
};
for (const connection of connections) connection.ask(again);
await sleep(SETTLE);

const before = look(); // with the time: timers are late where thousands of sockets are ready
await sleep(seconds * 1000);
const after = look();
console.log(JSON.stringify({
  requests: after.requests - before.requests,
  seconds: (after.time - before.time) / 1000,
  cpu: { user: after.user - before.user, system: after.system - before.system },
}));
process.exit();

function look() {
  return { requests, time: performance.now(), ...cpuTimes(pid) };
}
