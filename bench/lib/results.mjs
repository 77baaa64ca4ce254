// Where results are kept: `bench/results/NAME.json`, which the report is made from.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** The place of a bench's results. */
export function resultsPath(name) {
  return fileURLToPath(new URL(`../results/${name}.json`, import.meta.url));
}

/** The results of a bench, or undefined where it has not been run. */
export function readResults(name) {
  const path = resultsPath(name);
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}

/** Significant digits that are kept: more than two runs have in common. */
const DIGITS = 4;

/** Writes results to a file. */
export function writeResults(path, results) {
  const short = (_, value) =>
    typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(DIGITS)) : value;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(results, short) + "\n");
  console.log(`wrote ${path}`);
}
