// Inside of a runtime: measures one bench, so that what the compilers made of it is not another's. Arguments: what to
// measure, `time` or `bytes`, and the bench's name. For `bytes` it must be started as
// tests/support/without_collection.ts says.

import process from "node:process";
import { measure } from "mitata";
import { readHeap } from "../lib/heap.mjs";
import { median } from "../lib/stats.mjs";
import { BENCHES } from "./benches.mjs";

/** Operations without a turn of the event loop, or as many as have so many requests: no collection comes in between. */
const OPERATIONS = 10_000;
const REQUESTS = 100_000;
/** How often these are done until everything is compiled, and how often they are measured for `bytes`. */
const ROUNDS_TO_WARM_UP = 8;
const ROUNDS = 9;

const [what, name] = process.argv.slice(2);
const bench = BENCHES[name];
const { WORK } = await import(`./${bench.suite}.mjs`);
const act = WORK[name](bench);
const operations = Math.min(OPERATIONS, REQUESTS / bench.requests);

const rounds = [];
while (rounds.length < ROUNDS_TO_WARM_UP) rounds.push(await allocatedInRound());
console.log(JSON.stringify(what === "time" ? await time() : await bytes()));
process.exit(0);

/** Nanoseconds: mitata's samples, without what it draws of them. */
async function time() {
  const { p25, p50, p75, ticks } = await measure(act);
  return { median: p50 / bench.per, quartiles: [p25 / bench.per, p75 / bench.per], operations: ticks };
}

/** Not mitata's own count, which has collections in it, and is that of the whole process on Bun. */
async function bytes() {
  while (rounds.length < ROUNDS_TO_WARM_UP + ROUNDS) rounds.push(await allocatedInRound());
  const steady = rounds.slice(ROUNDS_TO_WARM_UP);
  return Math.max(0, median(steady)) / operations / bench.per; // a look may be cheaper than the one before
}

/** Bytes that the operations of a round allocate. */
async function allocatedInRound() {
  await new Promise((resolve) => void setImmediate(resolve)); // for what the compilers have ready
  globalThis.gc?.();
  globalThis.gc?.(); // it waits for what the first one frees in the background
  const first = allocated();
  const before = allocated();
  for (let i = 0; i < operations; i++) act();
  const after = allocated();
  return after - before - (before - first); // looking allocates too
}

/** Without collections JavaScriptCore takes new memory for whatever it allocates, and tells of it in blocks. */
function allocated() {
  const { used, capacity, external } = readHeap();
  return ("Bun" in globalThis ? capacity : used) + external;
}
