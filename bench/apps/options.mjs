// The command line of the application bench.

import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { count, list, parseOptions } from "../lib/options.mjs";
import { RUNTIMES } from "../lib/roster.mjs";
import { COLD_START } from "./cold_start.mjs";
import { DEFAULT_IDS, ROOT, SERVER_IDS } from "./roster.mjs";
import { ROWS } from "./rows.mjs";

/** What is measured of requests, and starts. */
const ROW_NAMES = [...Object.keys(ROWS), COLD_START];

export const HELP = `node bench/apps.mjs [options]
  --runtime=LIST      of ${Object.keys(RUNTIMES).join(", ")} (all)
  --row=LIST          of ${ROW_NAMES.join(", ")} (all)
  --server=LIST       of ${SERVER_IDS.join(", ")}
                      (${DEFAULT_IDS.join()}); the peer of each is measured too
  --mooring=LIST      directories of other checkouts of Mooring, measured beside this one (none)
  --here=DIR          the checkout that is measured as this one, and that others are set beside (this tree)
  --rounds=N          measurements of each server (5)
  --seconds=N         length of each (1)
  --connections=N     open at once (32)
  --out=FILE          where to write what was measured (bench/results/apps.json, if that was everything)`;

/** @returns {{ help: boolean, runtime: string[], row: string[], coldStart: boolean, server: string[], checkouts: string[],
 *   here: string, rounds: number, seconds: number, connections: number, out?: string, everything: boolean }} */
export function readOptions(args) {
  const options = {
    help: { type: "boolean", short: "h", default: false },
    runtime: { type: "string", default: Object.keys(RUNTIMES).join() },
    row: { type: "string", default: ROW_NAMES.join() },
    server: { type: "string", default: DEFAULT_IDS.join() },
    mooring: { type: "string", default: "" },
    here: { type: "string", default: ROOT },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "1" },
    connections: { type: "string", default: "32" },
    out: { type: "string" },
  };
  return parseOptions(args, options, (values) => {
    const runtime = list("runtime", values.runtime, Object.keys(RUNTIMES));
    const names = list("row", values.row, ROW_NAMES);
    const row = names.filter((name) => name !== COLD_START);
    const coldStart = names.includes(COLD_START);
    const server = list("server", values.server, SERVER_IDS);
    const checkouts = values.mooring.split(",").filter(Boolean).map((name) => checkout("mooring", name));
    const places = new Set(checkouts.map((directory) => basename(directory)));
    if (places.size < checkouts.length) throw new Error("--mooring: two directories have the same name");
    const here = checkout("here", values.here);
    return {
      help: values.help,
      runtime,
      row,
      coldStart,
      server,
      checkouts,
      here,
      rounds: count("rounds", values.rounds),
      seconds: positive("seconds", values.seconds),
      connections: count("connections", values.connections),
      out: values.out,
      everything: checkouts.length === 0 && here === ROOT &&
        runtime.length === Object.keys(RUNTIMES).length &&
        names.length === ROW_NAMES.length && DEFAULT_IDS.every((id) => server.includes(id)),
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
