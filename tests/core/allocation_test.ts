/**
 * What a request on a reused connection allocates, to the byte: a closure, an object or a number that somebody adds
 * to the way of every request is found here. Each measurement is a program of its own, started for it.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import type { Allocation } from "../support/allocation.ts";
import { Child, command } from "../support/child.ts";
import { BUN_ENV, V8_FLAGS } from "../support/without_collection.ts";

/** Fails where a request that is answered by `handler`, at the time of `clock`, allocates more than `most` bytes. */
async function assertAllocates(most: number, handler: string, clock: string): Promise<void> {
  const program = command("tests/support/allocation");
  const flags = "Bun" in globalThis
    ? []
    : "Deno" in globalThis
    ? [`--v8-flags=${V8_FLAGS.join()}`]
    : V8_FLAGS;
  await using child = await Child.start(
    [...program.slice(0, -1), ...flags, ...program.slice(-1), handler, clock],
    BUN_ENV,
  );
  const [{ heap, external }]: Allocation[] = child.told;
  const found = `${heap.toFixed(2)} bytes on the heap and ${external.toFixed(2)} beside it`;
  console.log(`figures: a request (${handler}, ${clock} clock) allocates ${found}`);
  assert.ok(heap + external <= most, `it allocates ${found}; the most is ${most}`);
}

/** The number object that the clock of Node 20 makes whenever it is read. */
const CLOCK_OF_NODE_20 = process.versions.node.startsWith("20.") ? 16 : 0;

test("a request allocates nothing where an exchange handler answers it", async () => {
  await assertAllocates(1, "exchange", "still");
});

test("a request's look at the clock allocates nothing", async () => {
  await assertAllocates(1 + CLOCK_OF_NODE_20, "exchange", "system");
});

test("a request allocates at most 512 bytes where a fetch handler answers it with a FastResponse", async () => {
  await assertAllocates(512 + CLOCK_OF_NODE_20, "fetch", "system");
});
