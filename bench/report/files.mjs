// @ts-self-types="./files.d.mts"
// The files of the report, as text: what is written of given results.

import { renderChart } from "./chart.mjs";
import { resultsPage } from "./page.mjs";
import { readmePart } from "./readme.mjs";

/** What `README.md` has to hold for its figures to be put in between. */
const MARKED = /(?<=<!-- bench -->\n)[\s\S]*?(?=<!-- \/bench -->)/;

/**
 * @param results by the name of the bench, undefined where it has not been run
 * @param {string} readme what README.md holds
 * @returns {{ page: string, readme: string, charts: Map<string, string> }} the charts by their file's name
 */
export function reportFiles(results, readme) {
  const charts = new Map();
  const page = resultsPage(results, drawInto(charts, "charts/"));
  const part = readmePart(results, drawInto(charts, "bench/charts/"));
  return { page, readme: part ? withFigures(readme, part) : readme, charts };
}

/** Gives a function that draws charts for a page in a directory from which `address` leads to the charts. */
function drawInto(charts, address) {
  return (chart) => {
    const name = `${chart.file ?? slug(chart.title)}.svg`;
    const svg = renderChart(chart);
    if ((charts.get(name) ?? svg) !== svg) throw new Error(`two charts are ${name}`);
    charts.set(name, svg);
    return address + name;
  };
}

function withFigures(readme, part) {
  if (!MARKED.test(readme)) {
    throw new Error("README.md has no place for the figures: <!-- bench --> ... <!-- /bench -->");
  }
  return readme.replace(MARKED, () => `\n${part}\n\n`);
}

function slug(title) {
  return title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
}
