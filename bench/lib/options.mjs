// The command line of the comparison: names are checked against what exists, numbers against their range.
// A mistake ends the run with one line that names the option.

import process from "node:process";
import { parseArgs } from "node:util";
import { RUNTIMES, SERVER_IDS } from "./roster.mjs";
import { WORKLOADS } from "./workloads.mjs";

export const HELP = `node bench/servers.mjs [options]
  --runtime=LIST      of ${Object.keys(RUNTIMES).join(", ")} (all)
  --workload=LIST     of ${Object.keys(WORKLOADS).join(", ")} (all)
  --server=LIST       what to measure beside the runtime's own server and raw TCP (what bench/README.md says), of
                      ${SERVER_IDS.join(", ")}
  --rounds=N          measurements of each server (5)
  --seconds=N         length of each, whole seconds (1)
  --connections=N     open at once (64)
  --json=FILE         where to write what was measured (bench/results/servers.json, if that was everything)`;

/** @returns {{ help: boolean, runtime: string[], workload: string[], server?: string[], rounds: number,
 *   seconds: number, connections: number, json?: string, everything: boolean }} */
export function readOptions(args) {
  const options = {
    help: { type: "boolean", short: "h", default: false },
    runtime: { type: "string", default: Object.keys(RUNTIMES).join() },
    workload: { type: "string", default: Object.keys(WORKLOADS).join() },
    server: { type: "string" },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "1" },
    connections: { type: "string", default: "64" },
    json: { type: "string" },
  };
  return parseOptions(args, options, (values) => {
    const runtime = list("runtime", values.runtime, Object.keys(RUNTIMES));
    const workload = list("workload", values.workload, Object.keys(WORKLOADS));
    const server = values.server === undefined ? undefined : list("server", values.server, SERVER_IDS);
    return {
      help: values.help,
      runtime,
      workload,
      server,
      rounds: count("rounds", values.rounds),
      seconds: count("seconds", values.seconds),
      connections: count("connections", values.connections),
      json: values.json,
      everything: !server && runtime.length === Object.keys(RUNTIMES).length &&
        workload.length === Object.keys(WORKLOADS).length,
    };
  });
}

/** What `check` makes of the values of `args`; a mistake, which it throws, ends the run. */
export function parseOptions(args, options, check) {
  try {
    return check(parseArgs({ args, options }).values);
  } catch (error) {
    console.error(error.message);
    process.exit(2);
  }
}

export function list(option, text, known) {
  const names = [...new Set(text.split(",").map((name) => name.trim()).filter(Boolean))];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0 || names.length === 0) {
    throw new Error(`--${option}: "${unknown[0] ?? text}" is none of ${known.join(", ")}`);
  }
  return names;
}

export function count(option, text) {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new Error(`--${option}: "${text}" is not a whole number above 0`);
  return Number(text);
}
