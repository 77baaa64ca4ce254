#!/usr/bin/env node
// Writes bench/RESULTS.md, bench/charts/*.svg and the figures in README.md from what lies in bench/results/.
// The same results give the same files, byte for byte; what has not been measured is left out.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readResults } from "./lib/results.mjs";
import { renderChart } from "./report/chart.mjs";
import { readmePart } from "./report/readme.mjs";
import { resultsPage } from "./report/page.mjs";

const bench = new URL("./", import.meta.url);
const charts = new URL("charts/", bench);
const readme = new URL("../README.md", bench);

/** What `README.md` has to hold for its figures to be put in between. */
const MARKED = /(?<=<!-- bench -->\n)[\s\S]*?(?=<!-- \/bench -->)/;

const results = Object.fromEntries(
  ["servers", "micro", "probes", "load", "attacks"].map((name) => [name, readResults(name)]),
);
const drawn = new Map();

/** Gives a function that draws charts for a page in a directory from which `address` leads to the charts. */
const drawFor = (address) => (chart) => {
  const name = `${chart.file ?? slug(chart.title)}.svg`;
  const svg = renderChart(chart);
  if ((drawn.get(name) ?? svg) !== svg) throw new Error(`two charts are ${name}`);
  drawn.set(name, svg);
  return address + name;
};

writeFileSync(new URL("RESULTS.md", bench), resultsPage(results, drawFor("charts/")));
if (results.servers) {
  const text = readFileSync(readme, "utf8");
  if (!MARKED.test(text)) {
    throw new Error("README.md has no place for the figures: <!-- bench --> ... <!-- /bench -->");
  }
  const part = readmePart(results.servers, drawFor("bench/charts/"));
  writeFileSync(readme, text.replace(MARKED, () => `\n${part}\n\n`));
}
mkdirSync(charts, { recursive: true });
for (const [name, svg] of drawn) writeFileSync(new URL(name, charts), svg);
for (const name of readdirSync(charts)) if (!drawn.has(name)) rmSync(new URL(name, charts));
console.log(`wrote ${fileURLToPath(new URL("RESULTS.md", bench))} and ${drawn.size} charts`);

function slug(title) {
  return title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
}
