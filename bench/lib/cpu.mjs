// CPU of a process and the cores to pin to, as Linux tells them.
// Elsewhere CPU times are NaN and nothing is pinned; the table then shows requests per second alone.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import process from "node:process";

const hasProc = existsSync("/proc/self/stat");
const ticksPerSecond = hasProc ? Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" })) : NaN;

/** CPU seconds of a process so far. */
export function cpuSeconds(pid) {
  const { user, system } = cpuTimes(pid);
  return user + system;
}

/** CPU seconds of a process so far in its own code and in the kernel's, over all its threads, those that ended
 * included (proc(5)). The kernel counts their sum; how it splits that is sampled. */
export function cpuTimes(pid) {
  if (!hasProc) return { user: NaN, system: NaN };
  let stat;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    throw new Error("the server process has ended");
  }
  // the name in parentheses may hold anything, so count from the last ")": state is field 3, utime 14, stime 15
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { user: Number(fields[11]) / ticksPerSecond, system: Number(fields[12]) / ticksPerSecond };
}

/** Command prefixes that pin the server to one core and the client to another; empty, with the reason, where not. */
export function pinning() {
  const cores = allowedCores();
  const unpinned = (note) => ({ server: [], client: [], cores: cores.length, note });
  if (cores.length < 2) return unpinned("NOT PINNED: there is only one core, server and client share it");
  try {
    execFileSync("taskset", ["--version"], { stdio: "ignore" });
  } catch {
    return unpinned("NOT PINNED: taskset is missing");
  }
  const pin = (core) => ["taskset", "-c", String(core)];
  return {
    server: pin(cores[0]),
    client: pin(cores[1]),
    cores: cores.length,
    note: `server pinned to core ${cores[0]}, client to core ${cores[1]}`,
  };
}

/** Moves this process to where a prefix of `pinning()` would have started it. */
export function pinSelf(prefix) {
  if (prefix.length > 0) {
    execFileSync("taskset", ["-acp", prefix.at(-1), String(process.pid)], { stdio: "ignore" });
  }
}

/** The cores that this process may run on: a container's need not begin at 0. */
function allowedCores() {
  if (!hasProc) return Array.from({ length: availableParallelism() }, (_, core) => core);
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync("/proc/self/status", "latin1"))[1];
  return list.split(",").flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
