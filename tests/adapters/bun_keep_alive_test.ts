/** When TCP keep-alive is set up on Bun. */
import assert from "node:assert/strict";
import test from "node:test";
import { keepAliveSoon } from "../../src/adapters/bun_keep_alive.ts";

test("keepAliveSoon() sets up every connection once, those that are opened meanwhile included", async () => {
  const calls: string[] = [];
  // The timer by itself keeps no program alive.
  const hold = setInterval(() => {}, 1_000);
  await new Promise<void>((resolve) => {
    keepAliveSoon({
      keepAlive() {
        calls.push("first");
        keepAliveSoon({ keepAlive: () => (calls.push("third"), resolve()) });
      },
    });
    keepAliveSoon({ keepAlive: () => void calls.push("second") });
    assert.deepEqual(calls, []);
  });
  clearInterval(hold);
  assert.deepEqual(calls, ["first", "second", "third"]);
});
