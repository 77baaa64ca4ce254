// Requests at a constant rate on kept connections (see open_loop.mjs). Runs on Bun.
//
// Arguments: the port, the server's PID, connections, requests a second, seconds, the payload's file. Prints as JSON the
// percentiles in µs, how many were not answered, and the share of its time in which the server was busy.

import { readFileSync } from "node:fs";
import { createHistogram } from "node:perf_hooks";
import process from "node:process";
import { cpuSeconds } from "../../lib/cpu.mjs";
import { openConnections } from "./connections.mjs";
import { OpenLoop } from "./open_loop.mjs";

/** Milliseconds at the beginning that do not count. */
const LEAD = 200;
/** Milliseconds after the last request was due at which what is not answered is given up. */
const PATIENCE = 3_000;

const [port, pid, count, rate, seconds] = process.argv.slice(2, 7).map(Number);
const connections = await openConnections(port, count, readFileSync(process.argv[7]));

const time = LEAD + seconds * 1000;
const start = performance.now();
const end = start + time + PATIENCE;
const cpuBefore = cpuSeconds(pid);
const latencies = createHistogram();
const loop = new OpenLoop({
  connections,
  rate,
  total: Math.round(rate * time / 1000),
  clock: () => performance.now(),
  record(latency, due) {
    if (due >= LEAD) latencies.record(Math.max(1, Math.round(latency * 1e6)));
  },
});
turn();

/** Looks at the clock each turn of the event loop: a timer would be late by up to a millisecond. */
function turn() {
  loop.sendDue();
  if (loop.unanswered > 0 && performance.now() < end) setImmediate(turn);
  else finish();
}

function finish() {
  const { unanswered } = loop;
  const busy = (cpuSeconds(pid) - cpuBefore) * 1000 / (performance.now() - start);
  loop.giveUp();
  const micros = (percentile) => latencies.percentile(percentile) / 1000;
  console.log(JSON.stringify({ p50: micros(50), p99: micros(99), unanswered, busy }));
  process.exit();
}
