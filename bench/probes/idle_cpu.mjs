// What idle connections cost: CPU of a server that holds many of them for ten seconds, beside the same server before it
// had any, and how late each is closed after its time.

import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { cpuSeconds } from "../lib/cpu.mjs";
import { checkOpenFiles, openAll } from "../lib/kept_clients.mjs";
import { startServer } from "../lib/server_process.mjs";
import { thousands } from "../lib/table.mjs";

const CONNECTIONS = 5_000;
/** Milliseconds over which CPU is measured. */
const MEASURED = 10_000;
/** Milliseconds that a connection may be idle: long enough to open them all, and measure, before the first ends. */
const IDLE = 20_000;
/** Milliseconds of quiet before a measurement, for the runtime to do what it does after some work. */
const SETTLE = 2_000;

const SERVER = { name: "Mooring", file: () => "mooring_idle.ts" };

export async function measure({ runtimes, pins }) {
  checkOpenFiles(CONNECTIONS);
  const rows = [];
  for (const runtime of runtimes) {
    const { none, all, late } = await measureRuntime(runtime, pins);
    rows.push([runtime.title, ms(none), ms(all), thousands(late.length), `${least(late)}..${most(late)}`]);
  }
  return [{
    title: `CPU of ${thousands(CONNECTIONS)} idle connections over ${MEASURED / 1000} s (ms)`,
    note:
      "And how late they are closed, in ms after their time, by the client, which begins to count when it gets the " +
      "answer, a little after the server.",
    columns: ["runtime", "without connections", "with all", "closed", "late"],
    rows,
  }];
}

async function measureRuntime(runtime, pins) {
  const server = await startServer(runtime, SERVER, pins.server, [String(IDLE)]);
  await sleep(SETTLE);
  const none = await cpuOver(server.pid, MEASURED);
  const late = [];
  const closings = [];
  await openAll(server.port, CONNECTIONS, (client) => closings.push(closing(client, late)));
  await sleep(SETTLE);
  const all = await cpuOver(server.pid, MEASURED);
  if (late.length > 0) throw new Error(`${late.length} connections ended while they were measured`);
  await Promise.all(closings);
  server.stop();
  return { none, all, late };
}

/** Adds to `late` how many milliseconds after its time the server closes a connection that is idle from now on. */
async function closing(client, late) {
  const idleSince = performance.now();
  await once(client, "end");
  late.push(performance.now() - idleSince - IDLE);
  client.destroy();
}

async function cpuOver(pid, time) {
  const before = cpuSeconds(pid);
  await sleep(time);
  return cpuSeconds(pid) - before;
}

const ms = (seconds) => (seconds * 1000).toFixed(0);
const least = (values) => Math.min(...values).toFixed(0);
const most = (values) => Math.max(...values).toFixed(0);
