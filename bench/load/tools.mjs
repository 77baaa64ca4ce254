// @ts-self-types="./tools.d.mts"
// ab and wrk, where they are installed: run pinned, and their reports read into the figures of a result.

import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** Milliseconds beyond its own duration after which a tool has hung. */
const GRACE = 30_000;
const TO_MS = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

/** The first line that names a tool's version, or undefined where it is not installed. */
export function toolVersion(name, option) {
  const { error, stdout, stderr } = spawnSync(name, [option], { encoding: "utf8" });
  return error ? undefined : /\d+\.\d+[\w.]*/.exec(stdout + stderr)?.[0] ?? "unknown";
}

/** `ab -k`: persistent connections in HTTP/1.0. */
export async function runAb({ url, requests, connections, pin }) {
  const scratch = mkdtempSync(join(tmpdir(), "mooring-ab-"));
  try {
    const csv = join(scratch, "percentiles.csv");
    const stdout = await run([...pin, "ab", "-k", "-q", "-n", requests, "-c", connections, "-e", csv, url]);
    return parseAb(stdout, readFileSync(csv, "utf8"), requests);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

export function parseAb(stdout, csv, sent) {
  const figure = (label) => Number(new RegExp(`^${label}: +([\\d.]+)`, "m").exec(stdout)?.[1] ?? 0);
  const percentiles = new Map(csv.trim().split("\n").slice(1).map((line) => line.split(",").map(Number)));
  const other = figure("Non-2xx responses");
  const answered = figure("Complete requests") - figure("Failed requests");
  return {
    sent,
    ok: answered - other,
    other,
    errors: {},
    timeouts: 0,
    lost: sent - answered,
    endedIdle: 0,
    kept: figure("Keep-Alive requests"),
    requestsPerSecond: figure("Requests per second"),
    seconds: figure("Time taken for tests"),
    latency: {
      mean: figure("Time per request"),
      p50: percentiles.get(50),
      p90: percentiles.get(90),
      p99: percentiles.get(99),
      max: percentiles.get(100),
    },
  };
}

export async function runWrk({ url, threads, connections, seconds, pin }) {
  const options = [`-t${threads}`, `-c${connections}`, `-d${seconds}s`, "--latency"];
  return parseWrk(await run([...pin, "wrk", ...options, url], seconds * 1000));
}

export function parseWrk(stdout) {
  const [, requests, seconds] = /^\s*(\d+) requests in ([\d.]+s)/m.exec(stdout);
  const errors =
    /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(stdout)?.slice(1).map(
      Number,
    ) ??
      [0, 0, 0, 0];
  const other = Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0);
  const [connect, read, write, timeouts] = errors;
  const failed = { connect, read, write };
  const [, mean, , max] = /^\s*Latency\s+(\S+)\s+(\S+)\s+(\S+)/m.exec(stdout);
  const percentile = (p) => parseTime(new RegExp(`^\\s*${p}%\\s+(\\S+)`, "m").exec(stdout)[1]);
  return {
    sent: Number(requests) + connect + read + write + timeouts,
    ok: Number(requests) - other,
    other,
    errors: Object.fromEntries(Object.entries(failed).filter(([, count]) => count > 0)),
    timeouts,
    lost: 0,
    endedIdle: 0,
    requestsPerSecond: Number(/^Requests\/sec:\s+([\d.]+)/m.exec(stdout)[1]),
    seconds: parseTime(seconds) / 1000,
    latency: {
      mean: parseTime(mean),
      p50: percentile(50),
      p90: percentile(90),
      p99: percentile(99),
      max: parseTime(max),
    },
  };
}

/** Milliseconds of a time as wrk writes it. */
function parseTime(text) {
  const [, number, unit] = /^([\d.]+)(us|ms|s|m)$/.exec(text);
  return Number(number) * TO_MS[unit];
}

async function run(command, duration = 0) {
  const [program, ...args] = command.map(String);
  const { stdout } = await promisify(execFile)(program, args, { timeout: duration + GRACE });
  return stdout;
}
