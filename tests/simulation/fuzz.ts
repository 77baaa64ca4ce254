/**
 * Makes runs until one fails, or their number or time is over: run i has the seed `--seed` + i. Prints the plan of
 * one that fails, made as small as it gets, and how to repeat it.
 *
 * Options: --seed=N --runs=K --minutes=M; --log prints what happens in each run; --no-shrink leaves a plan that
 * fails as it is; --keep-going only counts those that fail.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { generate } from "./generate.ts";
import type { Plan } from "./plan.ts";
import { type Outcome, run, watchProcess } from "./run.ts";
import { shrink } from "./shrink.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    runs: { type: "string", default: "Infinity" },
    minutes: { type: "string", default: "Infinity" },
    log: { type: "boolean", default: false },
    "keep-going": { type: "boolean", default: false },
    "no-shrink": { type: "boolean", default: false },
  },
});
const first = Number(values.seed);
const runs = Number(values.runs);
const end = performance.now() + Number(values.minutes) * 60_000;

console.log(`from seed ${first} on`);
watchProcess();
const sum = { runs: 0, connections: 0, requests: 0, faults: 0 };
const start = performance.now();
for (let seed = first; seed < first + runs && performance.now() < end; seed++) {
  const plan = generate(seed);
  const log: string[] | null = values.log ? [] : null;
  const outcome = await run(plan, log);
  if (log !== null) console.log(told(log));
  sum.runs++;
  sum.connections += outcome.connections;
  sum.requests += outcome.requests;
  if (outcome.fault !== null) {
    sum.faults++;
    if (values["keep-going"]) {
      console.log(`seed ${seed}: ${outcome.fault.split("\n").slice(0, 3).join(" | ")}`);
    } else {
      await tell(plan, outcome);
      process.exit(1);
    }
  }
}
const seconds = (performance.now() - start) / 1000;
console.log(
  `${sum.runs} runs, ${sum.connections} connections, ${sum.requests} requests in ${seconds.toFixed(1)} s, ` +
    `${Math.round(sum.runs / seconds)} runs/s: ${sum.faults === 0 ? "no fault" : `${sum.faults} faults`}`,
);
process.exit(sum.faults === 0 ? 0 : 1);

async function tell(plan: Plan, { fault }: Outcome): Promise<void> {
  console.log(`seed ${plan.seed} fails: ${fault}\n`);
  if (values["no-shrink"]) return;
  const kind = kindOf(fault!);
  const smallest = await shrink(plan, async (smaller) => {
    const { fault } = await run(smaller);
    return fault !== null && kindOf(fault) === kind;
  });
  const log: string[] = [];
  const again = await run(smallest, log);
  console.log(`as small as it gets: ${JSON.stringify(smallest)}\n`);
  console.log(`${told(log)}\n\n${again.fault}\n`);
  console.log(`again: npm run fuzz -- --runtime=${runtimeName()} --seed=${plan.seed} --runs=1`);
}

/** A log as lines; those that repeat the one before them are counted. */
function told(log: readonly string[]): string {
  const lines: string[] = [];
  for (let i = 0; i < log.length;) {
    let next = i + 1;
    while (log[next] === log[i]) next++;
    lines.push(next - i === 1 ? log[i] : `${log[i]} (${next - i} times)`);
    i = next;
  }
  return lines.join("\n");
}

/** A fault without the numbers in it. */
function kindOf(fault: string): string {
  return fault.split("\n")[0].replace(/\d+/g, "0");
}

function runtimeName(): string {
  return "Deno" in globalThis
    ? "deno"
    : "Bun" in globalThis
    ? "bun"
    : process.version.startsWith("v20.")
    ? "node20"
    : "node";
}
