// Load on one server: from wrk when it is installed, else from the built-in client, each a pinned child process
// that prints one line of JSON: requests, micros, and counts of connect, read, write, timeout and status errors.

import { execFile, spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const SCRIPT = fileURLToPath(new URL("../wrk.lua", import.meta.url));
const CLIENT = fileURLToPath(new URL("./client.mjs", import.meta.url));

/** Seconds until an answer is counted as missing: with many connections each waits for its turn. */
const TIMEOUT = 10;

/** @returns {{ version: string, run(job: { port: number, payloads: string[], seconds: number }):
 *   Promise<{ requests: number, seconds: number, errors: string[] }> }} */
export function createLoad({ connections, pin }) {
  const wrk = wrkVersion();
  const command = ({ port, payloads, seconds }) =>
    wrk
      ? [
        "wrk",
        "-t1",
        `-c${connections}`,
        `-d${seconds}s`,
        `--timeout=${TIMEOUT}s`,
        "-s",
        SCRIPT,
        `http://127.0.0.1:${port}/`,
        "--",
        ...payloads,
      ]
      : [process.execPath, CLIENT, port, connections, seconds, ...payloads];
  return {
    version: wrk ?? "the built-in client (wrk is not installed)",
    async run(job) {
      const [program, ...args] = [...pin, ...command(job)].map(String);
      const { stdout } = await promisify(execFile)(program, args);
      const { requests, micros, ...errors } = JSON.parse(stdout.trim().split("\n").pop());
      return {
        requests,
        seconds: micros / 1e6,
        errors: Object.entries(errors).filter(([, count]) => count > 0).map(([kind, count]) =>
          kind === "status" ? `${count} answers not 2xx` : `${count} ${kind} errors`
        ),
      };
    },
  };
}

function wrkVersion() {
  const { error, stdout } = spawnSync("wrk", ["--version"], { encoding: "utf8" }); // it exits with 1
  return error ? undefined : /^wrk \S+/.exec(stdout)?.[0] ?? "wrk";
}
