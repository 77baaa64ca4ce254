// Servers measured in turn, round after round, so that drift of the machine hits all alike. Only one of them is under
// load at a time.

import process from "node:process";
import { cpuTimes } from "./cpu.mjs";

/**
 * Puts `job` on every entry without an error, first for `warmUp` seconds, and adds what each round measured to the
 * entry's `rounds`. An entry has a `name` and its `process`.
 */
export async function measureInTurn(entries, load, job, { rounds, seconds, warmUp, title }) {
  for (const entry of alive(entries)) {
    await guarded(entry, () => put(entry, load, { ...job, seconds: warmUp }));
  }
  await inTurn(entries, { rounds, title }, async (entry) => {
    entry.rounds.push(await measure(entry, load, { ...job, seconds }));
  });
}

/** Takes `step` with every entry without an error, round after round. */
export async function inTurn(entries, { rounds, title }, step) {
  for (let round = 0; round < rounds; round++) {
    progress(`${title}: round ${round + 1} of ${rounds}`);
    const order = alive(entries);
    for (let i = 0; i < order.length; i++) {
      const entry = order[(i + round) % order.length]; // nobody always comes after the same neighbour
      await guarded(entry, () => step(entry));
    }
  }
  progress("");
}

const alive = (entries) => entries.filter((entry) => !entry.error);

/** One run of load against one server: what it answered, and the CPU that it took for it, unless the load tells that. */
async function measure(entry, load, job) {
  const { pid } = entry.process;
  const before = cpuTimes(pid);
  const run = await put(entry, load, job);
  const after = cpuTimes(pid);
  if (run.requests === 0) throw new Error("no request was answered");
  const user = run.cpu?.user ?? after.user - before.user;
  const kernel = run.cpu?.system ?? after.system - before.system;
  return {
    cpuMicros: (user + kernel) * 1e6 / run.requests,
    userMicros: user * 1e6 / run.requests,
    kernelMicros: kernel * 1e6 / run.requests,
    requestsPerSecond: run.requests / run.seconds,
    busy: (user + kernel) / run.seconds,
  };
}

async function put({ process: { pid, port } }, load, job) {
  const run = await load.run({ ...job, pid, port });
  if (run.errors.length > 0) throw new Error(run.errors.join(", "));
  return run;
}

/** Runs a step of one server. What goes wrong is said loudly and ends this server's row, not the comparison. */
export async function guarded(entry, step) {
  try {
    await step();
  } catch (error) {
    progress("");
    entry.error = error.message;
    const stderr = entry.process?.stderr() ?? error.stderr;
    console.error(`!! ${entry.name}: ${error.message}${stderr ? "\n" + stderr.replace(/^/gm, "   | ") : ""}`);
  }
}

function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
