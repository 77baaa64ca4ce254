// What a server process holds, as Linux tells it: memory and sockets (proc(5)).

import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { cpuSeconds } from "../lib/cpu.mjs";

/** Milliseconds between two looks: each takes some, where there are thousands of sockets. */
const INTERVAL = 200;
/** Milliseconds over which CPU is looked at, and the share of a core that is rest. */
const REST = { interval: 100, share: 0.3 };

export const isUp = (pid) => existsSync(`/proc/${pid}`);

/** Resident bytes. */
export const residentBytes = (pid) => statusBytes(pid, "VmRSS");

/** The most resident bytes since `forgetPeak`. */
export const peakBytes = (pid) => statusBytes(pid, "VmHWM");

/** Begins to look for the most resident bytes anew. */
export function forgetPeak(pid) {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

/** How many sockets are open; none where the process is gone. */
export function sockets(pid) {
  const directory = `/proc/${pid}/fd/`;
  const isSocket = (name) => {
    try {
      return readlinkSync(directory + name).startsWith("socket:");
    } catch {
      return false; // it has been closed meanwhile
    }
  };
  try {
    return readdirSync(directory).filter(isSocket).length;
  } catch {
    return 0;
  }
}

/** Looks at the sockets from now on. The function that it returns ends that, and gives the most there were. */
export function watchSockets(pid) {
  let most = 0;
  const look = () => most = Math.max(most, sockets(pid));
  const timer = setInterval(look, INTERVAL);
  return () => {
    look();
    clearInterval(timer);
    return most;
  };
}

/** Waits until no more than `count` sockets are open, for `patience` milliseconds; resolves to how many more there are. */
export async function socketsAbove(pid, count, patience) {
  const end = performance.now() + patience;
  for (;;) {
    const above = sockets(pid) - count;
    if (above <= 0 || performance.now() > end) return Math.max(0, above);
    await sleep(INTERVAL);
  }
}

/** Resolves to whether a process is there, and does next to nothing within `patience` milliseconds. */
export async function comesToRest(pid, patience) {
  const end = performance.now() + patience;
  try {
    for (let before = cpuSeconds(pid); performance.now() < end;) {
      await sleep(REST.interval);
      const after = cpuSeconds(pid);
      if ((after - before) * 1000 < REST.share * REST.interval) return true;
      before = after;
    }
  } catch { /* it is gone */ }
  return false;
}

function statusBytes(pid, name) {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  return Number(new RegExp(`^${name}:\\s*(\\d+) kB`, "m").exec(status)[1]) * 1024;
}
