/**
 * Memory of bodies that was freed is used again without page faults, where glibc keeps it, and the process does not grow
 * by being told so.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { keepFreedMemory } from "../../src/adapters/freed_memory.ts";
import { free } from "../../src/wire/bytes.ts";

const MIB = 1024 * 1024;
const BODY_BYTES = 64 * 1024;
const PAGE_BYTES = 4096;
/** Bodies that are freed together. */
const BODIES = 512;
const ROUNDS = 5;

/** Whether the collector's work can be done here: Bun has another allocator, and Node 20 cannot free a buffer. */
const CAN_FREE = process.platform === "linux" && !("Bun" in globalThis) &&
  "transfer" in ArrayBuffer.prototype;

/** Page faults of this process that needed no disk (proc_pid_stat(5), `minflt`). */
function pageFaults(): number {
  const stat = readFileSync("/proc/self/stat", "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[7]);
}

function fillAndFree(): void {
  const bodies = Array.from({ length: BODIES }, () => new Uint8Array(BODY_BYTES).fill(1));
  for (const body of bodies) free(body);
}

test("the process does not grow", () => {
  const before = process.memoryUsage().rss;
  keepFreedMemory();
  const growth = process.memoryUsage().rss - before;
  assert.ok(growth < 10 * MIB, `it grew by ${growth} bytes`);
});

test("bodies that follow freed ones do not fault their pages in again", () => {
  keepFreedMemory();
  fillAndFree();
  const before = pageFaults();
  for (let i = 0; i < ROUNDS; i++) fillAndFree();
  const faults = pageFaults() - before;
  if (CAN_FREE) {
    assert.ok(faults < BODIES * BODY_BYTES / PAGE_BYTES, `${faults} page faults in ${ROUNDS} rounds`);
  }
});
