// The command line of the application bench.

import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { count, list, parseOptions } from "../lib/options.mjs";
import { RUNTIMES } from "../lib/roster.mjs";
import { PARTS } from "./parts.mjs";
import { DEFAULT_IDS, ROOT, SERVER_IDS, SMALL_IDS } from "./roster.mjs";
import { ROWS } from "./rows.mjs";

/** For all of it to take less than an hour. */
const DEFAULT_ROUNDS = 3;
const DEFAULT_SECONDS = 0.4;
/** Most of what the runtimes compile of a server is compiled by then. */
const DEFAULT_WARM_UP = 4;

export const HELP = `node bench/apps.mjs [options]
  --runtime=LIST      of ${Object.keys(RUNTIMES).join(", ")} (all)
  --row=LIST          of ${Object.keys(ROWS).join(", ")} (all)
  --part=LIST         of ${Object.keys(PARTS).join(", ")} (all, but rows alone where --row names some)
  --server=LIST       of ${SERVER_IDS.join(", ")}
                      (${DEFAULT_IDS.join()}; in connections and latency ${SMALL_IDS.join()});
                      the peer of each is measured too
  --mooring=LIST      directories of other checkouts of Mooring, measured beside this one (none)
  --here=DIR          the checkout that is measured as this one, and that others are set beside (this tree)
  --rounds=N          measurements of each server (${DEFAULT_ROUNDS})
  --seconds=N         length of each (${DEFAULT_SECONDS})
  --warm-up=N         seconds of load that a server gets before its first round (${DEFAULT_WARM_UP})
  --connections=N     open at once, where a row has no number of its own (32)
  --out=FILE          where to write what was measured (bench/results/apps.json, if that was everything)`;

/** `small` are the servers of parts that are small.
 *
 * @returns {{ help: boolean, runtime: string[], row: string[], part: string[], server: string[], small: string[],
 *   checkouts: string[], here: string, rounds: number, seconds: number, warmUp: number, connections: number, out?: string, everything: boolean }} */
export function readOptions(args) {
  const options = {
    help: { type: "boolean", short: "h", default: false },
    runtime: { type: "string", default: Object.keys(RUNTIMES).join() },
    row: { type: "string" },
    part: { type: "string" },
    server: { type: "string" },
    mooring: { type: "string", default: "" },
    here: { type: "string", default: ROOT },
    rounds: { type: "string", default: String(DEFAULT_ROUNDS) },
    seconds: { type: "string", default: String(DEFAULT_SECONDS) },
    "warm-up": { type: "string", default: String(DEFAULT_WARM_UP) },
    connections: { type: "string", default: "32" },
    out: { type: "string" },
  };
  return parseOptions(args, options, (values) => {
    const runtime = list("runtime", values.runtime, Object.keys(RUNTIMES));
    const named = (option, known, otherwise) =>
      values[option] === undefined ? otherwise : list(option, values[option], known);
    const row = named("row", Object.keys(ROWS), Object.keys(ROWS));
    const part = named("part", Object.keys(PARTS), values.row === undefined ? Object.keys(PARTS) : ["rows"]);
    const server = named("server", SERVER_IDS, DEFAULT_IDS);
    const checkouts = values.mooring.split(",").filter(Boolean).map((name) => checkout("mooring", name));
    const places = new Set(checkouts.map((directory) => basename(directory)));
    if (places.size < checkouts.length) throw new Error("--mooring: two directories have the same name");
    const here = checkout("here", values.here);
    return {
      help: values.help,
      runtime,
      row,
      part,
      server,
      small: named("server", SERVER_IDS, SMALL_IDS),
      checkouts,
      here,
      rounds: count("rounds", values.rounds),
      seconds: positive("seconds", values.seconds),
      warmUp: positive("warm-up", values["warm-up"]),
      connections: count("connections", values.connections),
      out: values.out,
      everything: checkouts.length === 0 && here === ROOT &&
        runtime.length === Object.keys(RUNTIMES).length &&
        row.length === Object.keys(ROWS).length && part.length === Object.keys(PARTS).length &&
        DEFAULT_IDS.every((id) => server.includes(id)),
    };
  });
}

function checkout(option, name) {
  const directory = resolve(name);
  if (!existsSync(join(directory, "mod.ts"))) {
    throw new Error(`--${option}: there is no mod.ts in ${directory}`);
  }
  return directory;
}

function positive(option, text) {
  const value = Number(text);
  if (!(value > 0 && value < 1000)) throw new Error(`--${option}: "${text}" is no number above 0`);
  return value;
}
