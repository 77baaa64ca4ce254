// The garbage-collected heap of whatever runtime runs this.

import process from "node:process";

const jsc = "Bun" in globalThis ? await import("bun:jsc") : null;

/** Bytes on the heap that are used, and those of its pages; and beside it. */
export function readHeap() {
  if (jsc !== null) {
    const { heapSize, heapCapacity, extraMemorySize } = jsc.heapStats();
    return { used: heapSize, capacity: heapCapacity, external: extraMemorySize };
  }
  const { heapUsed, heapTotal, external } = process.memoryUsage();
  return { used: heapUsed, capacity: heapTotal, external };
}
