/**
 * Waits for what no event tells: looks again and again.
 */
import { setTimeout as delay } from "node:timers/promises";

/** Longer than anything here takes on a slow machine, in milliseconds. */
const PATIENCE = 30_000;
/** Between two looks, in milliseconds. */
const INTERVAL = 5;

/** Resolves once `look` answers `wanted`; rejects with its last answer when that takes too long. */
export async function until(look: () => unknown, wanted: unknown, what: string): Promise<void> {
  const since = performance.now();
  for (;;) {
    const found = look();
    if (found === wanted) return;
    if (performance.now() - since > PATIENCE) throw new Error(`${what}: ${found}, not ${wanted}`);
    await delay(INTERVAL);
  }
}
