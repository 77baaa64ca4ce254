/** Whether objects are collected, on each runtime. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const { Bun } = globalThis as { Bun?: { gc(force: boolean): void } };

function collector(): () => void {
  if (Bun !== undefined) return () => Bun.gc(true);
  setFlagsFromString("--expose-gc");
  return (globalThis as { gc?: () => void }).gc ?? runInNewContext("gc") as () => void;
}

/** Collections until what can be collected is: what one frees may hold more, and what a job has looked at lives until its end. */
const COLLECTIONS = 30;

/** Overwrites the stack, on which the collector of Bun takes what looks like a reference for one. */
function overwriteStack(depth: number): number {
  return depth === 0 ? 0 : 1 + overwriteStack(depth - 1);
}

/** How many of `refs` are left when all was collected that can be. */
export async function countAlive(refs: readonly WeakRef<object>[]): Promise<number> {
  const collect = collector();
  let alive = refs.length;
  for (let i = 0; i < COLLECTIONS && alive > 0; i++) {
    await new Promise((resolve) => setTimeout(resolve));
    overwriteStack(1_000);
    collect();
    await new Promise((resolve) => setTimeout(resolve));
    alive = refs.filter((ref) => ref.deref() !== undefined).length;
  }
  return alive;
}
