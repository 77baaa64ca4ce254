// Load of other kinds than wrk's, with the same form: clients that are processes of their own, on the client's core.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { comesToRest } from "../attacks/watch.mjs";
import { cpuTimes } from "../lib/cpu.mjs";
import { checkOpenFiles } from "../lib/kept_clients.mjs";
import { locateRuntime } from "../lib/roster.mjs";

/** Milliseconds that a client may take beyond its time: to open thousands of connections, and for what comes late. */
const PATIENCE = 30_000;
/** Milliseconds that a server gets to forget the connections of a client that has gone. */
const REST = 3_000;

/** The load that a row asks for, if not that of wrk. */
export function loadOf(row, load, pins) {
  if (row.connections) return manyConnections(row.connections, pins.client);
  if (row.beside) return besideSlowReaders(load, row.beside, pins.client);
  return load;
}

/** So many connections, each kept for the time of a run. */
function manyConnections(count, pin) {
  return {
    async run({ port, pid, payloads: [payload], seconds }) {
      checkOpenFiles(count);
      const result = await runClient("many", pin, [port, pid, count, seconds, payload], seconds);
      await comesToRest(pid, REST);
      return { ...result, errors: [] };
    },
  };
}

/** A constant rate. @returns what clients/steady.mjs prints */
export async function runSteady({ port, pid, payloads: [payload], connections, rate, seconds }, pin) {
  const result = await runClient("steady", pin, [port, pid, connections, rate, seconds, payload], seconds);
  await comesToRest(pid, REST);
  return result;
}

/** Runs a client on Bun; resolves to the JSON that it prints. */
async function runClient(name, pin, args, seconds) {
  const [program, ...rest] = [...pin, locateRuntime("bun").path, clientPath(name), ...args].map(String);
  const running = promisify(execFile)(program, rest, { timeout: seconds * 1000 + PATIENCE });
  const { stdout } = await running.catch((error) => {
    throw new Error(error.killed ? "the client did not come to its end" : error.stderr || error.message);
  });
  return JSON.parse(stdout);
}

/** `load`, while so many others read what is at `target` slowly. Only the answers to `load` are counted. */
function besideSlowReaders(load, { count, target }, pin) {
  return {
    async run(job) {
      const args = [process.execPath, clientPath("slow_readers"), job.port, count, target];
      const [program, ...rest] = [...pin, ...args].map(String);
      const readers = spawn(program, rest, { stdio: ["pipe", "pipe", "inherit"] });
      try {
        const ended = once(readers, "exit").then(() => {
          throw new Error("the slow readers have ended");
        });
        ended.catch(() => {}); // in the end they do
        await Promise.race([once(readers.stdout, "data"), ended]);
        const before = cpuTimes(job.pid); // without the readers' beginning
        const run = await load.run(job);
        const { user, system } = cpuTimes(job.pid);
        return { ...run, cpu: { user: user - before.user, system: system - before.system } };
      } finally {
        readers.kill("SIGKILL");
      }
    },
  };
}

function clientPath(name) {
  return fileURLToPath(new URL(`clients/${name}.mjs`, import.meta.url));
}
