/**
 * Some thousand runs of the real engine in a simulated world: clients of HTTP/1.1 and of HTTP/2, transports, handlers
 * and operators that do everything right and wrong, and one seed that decides it all. `npm run fuzz` goes on from there
 * for hours.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { Child, command } from "../support/child.ts";
import { REGRESSIONS } from "./regressions.ts";
import { run } from "./run.ts";

/** Of each test, which has a minute, on a machine that does other things too. */
const RUNS = 700;
/** Where each test begins; the runs of one do not meet those of another. */
const FIRST_SEEDS = [1, 1_000_001, 2_000_001];

for (const [name, plan] of Object.entries(REGRESSIONS)) {
  test(`HttpServer: ${name}`, async () => {
    const log: string[] = [];
    const { fault } = await run(plan, log);
    assert.equal(fault, null, log.join("\n"));
  });
}

for (const seed of FIRST_SEEDS) {
  test(`HttpServer keeps its promises in ${RUNS} simulated runs from seed ${seed} on`, async () => {
    // A process of its own, so that what would end it is known with the seed that does.
    await using fuzz = await Child.start([
      ...command("tests/simulation/fuzz"),
      `--seed=${seed}`,
      `--runs=${RUNS}`,
    ]);
    assert.equal(await fuzz.ended, 0, `${fuzz.log}${fuzz.errors}`);
    console.log(`figures: ${fuzz.log.trim().split("\n").at(-1)}`);
  });
}
