/** Whether objects are collected, on each runtime. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const { Bun } = globalThis as { Bun?: { gc(force: boolean): void } };

function collector(): () => void {
  if (Bun !== undefined) return () => Bun.gc(true);
  setFlagsFromString("--expose-gc");
  return (globalThis as { gc?: () => void }).gc ?? runInNewContext("gc") as () => void;
}

/** How many of `refs` are left when all was collected that can be. */
export async function countAlive(refs: readonly WeakRef<object>[]): Promise<number> {
  const collect = collector();
  const alive = (): number => refs.filter((ref) => ref.deref() !== undefined).length;
  // What a job has looked at lives until its end; what one collection frees may hold more.
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setTimeout(resolve));
    collect();
  }
  return alive();
}
