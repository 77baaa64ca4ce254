#!/usr/bin/env node
// Writes bench/RESULTS.md, bench/charts/*.svg and the figures in README.md from what lies in bench/results/.
// The same results give the same files, byte for byte; what has not been measured is left out.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readResults } from "./lib/results.mjs";
import { reportFiles } from "./report/files.mjs";

const BENCHES = ["apps", "servers", "micro", "probes", "load", "attacks", "http2"];

const bench = new URL("./", import.meta.url);
const directory = new URL("charts/", bench);
const readmePath = new URL("../README.md", bench);

const results = Object.fromEntries(BENCHES.map((name) => [name, readResults(name)]));
const { page, readme, charts } = reportFiles(results, readFileSync(readmePath, "utf8"));

writeFileSync(new URL("RESULTS.md", bench), page);
writeFileSync(readmePath, readme);
mkdirSync(directory, { recursive: true });
for (const [name, svg] of charts) writeFileSync(new URL(name, directory), svg);
for (const name of readdirSync(directory)) if (!charts.has(name)) rmSync(new URL(name, directory));
console.log(`wrote ${fileURLToPath(new URL("RESULTS.md", bench))} and ${charts.size} charts`);
