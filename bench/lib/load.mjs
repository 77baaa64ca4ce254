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

/**
 * A job says where to (`port`, and whether over `tls`), what is sent (`payloads`) and for how long. With `refused` the
 * answers are to have a status above 399, which is none of the errors then.
 *
 * @returns {{ version: string, run(job: { port: number, payloads: string[], seconds: number, tls?: boolean,
 *   refused?: boolean }): Promise<{ requests: number, seconds: number, errors: string[] }> }}
 */
export function createLoad({ connections, pin }) {
  const wrk = wrkVersion();
  const command = ({ port, payloads, seconds, tls }) =>
    wrk
      ? [
        "wrk",
        "-t1",
        `-c${connections}`,
        `-d${Math.ceil(seconds)}s`, // whole seconds are all it takes
        `--timeout=${TIMEOUT}s`,
        "-s",
        SCRIPT,
        `${tls ? "https" : "http"}://127.0.0.1:${port}/`,
        "--",
        ...payloads,
      ]
      : [process.execPath, CLIENT, port, connections, seconds, ...payloads];
  return {
    version: wrk ?? "the built-in client (wrk is not installed)",
    async run(job) {
      if (job.tls && !wrk) throw new Error("the built-in client knows no TLS: install wrk");
      const [program, ...args] = [...pin, ...command(job)].map(String);
      const run = () => {
        const running = promisify(execFile)(program, args);
        if (wrk) endAfter(running, job.seconds);
        return running;
      };
      const { stdout } = await run().catch((error) => {
        if (error.signal === "SIGINT") return run(); // it came before wrk, on a busy machine, was ready for it
        throw error;
      });
      const { requests, micros, ...errors } = JSON.parse(stdout.trim().split("\n").pop());
      if (job.refused) errors.status = requests - errors.status;
      return {
        requests,
        seconds: micros / 1e6,
        errors: Object.entries(errors).filter(([, count]) => count > 0).map(([kind, count]) =>
          kind === "status" ? `${count} answers of the wrong status` : `${count} ${kind} errors`
        ),
      };
    },
  };
}

/** Ends wrk after a fraction of a second, as Ctrl-C does: it prints what it has by then. */
function endAfter(running, seconds) {
  if (Number.isInteger(seconds)) return;
  const timer = setTimeout(() => running.child.kill("SIGINT"), seconds * 1000);
  running.child.once("exit", () => clearTimeout(timer));
}

function wrkVersion() {
  const { error, stdout } = spawnSync("wrk", ["--version"], { encoding: "utf8" }); // it exits with 1
  return error ? undefined : /^wrk \S+/.exec(stdout)?.[0] ?? "wrk";
}
