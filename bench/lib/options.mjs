// The command line of the comparison: names are checked against what exists, numbers against their range.
// A mistake ends the run with one line that names the option.

import process from "node:process";
import { parseArgs } from "node:util";
import { MOORING, RUNTIMES } from "./roster.mjs";
import { WORKLOADS } from "./workloads.mjs";

const HANDLERS = MOORING.map((spec) => spec.handler);

export const HELP = `node bench/servers.mjs [options]
  --runtime=LIST      of ${Object.keys(RUNTIMES).join(", ")} (all)
  --workload=LIST     of ${Object.keys(WORKLOADS).join(", ")} (all)
  --handler=LIST      Mooring's handlers to measure, of ${HANDLERS.join(", ")} (all)
  --rounds=N          measurements of each server (5)
  --seconds=N         length of each, whole seconds (2)
  --connections=N     open at once (64)
  --json=FILE         write everything measured to FILE as well`;

/** @returns {{ help: boolean, runtime: string[], workload: string[], handler: string[], rounds: number,
 *   seconds: number, connections: number, json?: string }} */
export function readOptions(args) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        help: { type: "boolean", short: "h", default: false },
        runtime: { type: "string", default: Object.keys(RUNTIMES).join() },
        workload: { type: "string", default: Object.keys(WORKLOADS).join() },
        handler: { type: "string", default: HANDLERS.join() },
        rounds: { type: "string", default: "5" },
        seconds: { type: "string", default: "2" },
        connections: { type: "string", default: "64" },
        json: { type: "string" },
      },
    });
    return {
      help: values.help,
      runtime: list("runtime", values.runtime, Object.keys(RUNTIMES)),
      workload: list("workload", values.workload, Object.keys(WORKLOADS)),
      handler: list("handler", values.handler, HANDLERS),
      rounds: count("rounds", values.rounds),
      seconds: count("seconds", values.seconds),
      connections: count("connections", values.connections),
      json: values.json,
    };
  } catch (error) {
    console.error(error.message);
    process.exit(2);
  }
}

function list(option, text, known) {
  const names = [...new Set(text.split(",").map((name) => name.trim()).filter(Boolean))];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0 || names.length === 0) {
    throw new Error(`--${option}: "${unknown[0] ?? text}" is none of ${known.join(", ")}`);
  }
  return names;
}

function count(option, text) {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new Error(`--${option}: "${text}" is not a whole number above 0`);
  return Number(text);
}
