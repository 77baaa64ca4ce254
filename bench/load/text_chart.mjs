// @ts-self-types="./text_chart.d.mts"
// The distributions of latency for the terminal, one line each over one logarithmic axis.

import { time } from "./format.mjs";

const WIDTH = 60; // columns
const BLOCKS = " ▁▂▃▄▅▆▇█";
const TICKS = 4;

/** @param {{ name: string, curve: [percentile: number, milliseconds: number][] }[]} series */
export function renderDistributions(series) {
  const drawn = series.filter(({ curve }) => curve.length > 0);
  if (drawn.length === 0) return [];
  const all = drawn.flatMap(({ curve }) => curve.map(([, ms]) => ms));
  const low = Math.log(Math.min(...all));
  const high = Math.max(Math.log(Math.max(...all)), low + 1); // an axis has a length
  const column = (ms) => Math.min(WIDTH - 1, Math.floor((Math.log(ms) - low) / (high - low) * WIDTH));
  const margin = Math.max(...drawn.map(({ name }) => name.length)) + 2;
  const lines = drawn.map(({ name, curve }) => name.padEnd(margin) + blocks(weigh(curve, column)));
  let axis = "";
  for (let i = 0; i < TICKS; i++) {
    axis = axis.padEnd(Math.round(i * WIDTH / TICKS)) + time(Math.exp(low + (high - low) * i / TICKS));
  }
  return [...lines, " ".repeat(margin) + axis];
}

/** The share of the requests in each column: two neighbours on the curve lie as many percent apart. */
function weigh(curve, column) {
  const weights = new Array(WIDTH).fill(0);
  let before = 0;
  for (const [percentile, ms] of curve) {
    weights[column(ms)] += percentile - before;
    before = percentile;
  }
  return weights;
}

function blocks(weights) {
  const most = Math.max(...weights);
  return weights.map((weight) => BLOCKS[Math.ceil(weight / most * (BLOCKS.length - 1))]).join("").trimEnd();
}
