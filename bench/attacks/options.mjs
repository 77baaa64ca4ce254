// The command line of the attack bench.

import { count, list, parseOptions } from "../lib/options.mjs";
import { RUNTIMES } from "../lib/roster.mjs";
import { ATTACKS } from "./roster.mjs";

export const HELP = `node bench/attacks.mjs [options]
  --runtime=LIST   of ${Object.keys(RUNTIMES).join(", ")} (all)
  --attack=LIST    of ${Object.keys(ATTACKS).join(", ")} (all)
  --rounds=N       of each attack on each server (3)
  --seconds=N      length of a round, whole seconds (2)
  --json=FILE      where to write what was measured (bench/results/attacks.json, if that was everything)`;

/** @returns {{ help: boolean, runtime: string[], attack: string[], rounds: number, seconds: number, json?: string,
 *   everything: boolean }} */
export function readOptions(args) {
  const options = {
    help: { type: "boolean", short: "h", default: false },
    runtime: { type: "string", default: Object.keys(RUNTIMES).join() },
    attack: { type: "string", default: Object.keys(ATTACKS).join() },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "2" },
    json: { type: "string" },
  };
  return parseOptions(args, options, (values) => {
    const runtime = list("runtime", values.runtime, Object.keys(RUNTIMES));
    const attack = list("attack", values.attack, Object.keys(ATTACKS));
    return {
      help: values.help,
      runtime,
      attack,
      rounds: count("rounds", values.rounds),
      seconds: count("seconds", values.seconds),
      json: values.json,
      everything: runtime.length === Object.keys(RUNTIMES).length &&
        attack.length === Object.keys(ATTACKS).length,
    };
  });
}
