/** A short soak. `npm run soak` is the long one. */
import assert from "node:assert/strict";
import test from "node:test";
import { soak } from "./soak.ts";

test("all kinds of clients at once get what they ask for, restarts included, and nothing piles up", async () => {
  const { answers, faults } = await soak({ duration: 10_000, clients: 12, seed: 1 });
  console.log(`figures: ${answers} right answers in a soak of 10 s`);
  assert.deepEqual(faults, []);
  assert.ok(answers > 50, `there were ${answers} answers`);
});
