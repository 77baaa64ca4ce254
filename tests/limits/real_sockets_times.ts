/**
 * Waiting on real time: for what nobody tells, and that something takes its time and not much longer.
 */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";

/** How much later than its time a limit may strike on a machine that is busy, in milliseconds. */
export const SLACK: number = 5_000;

/** Waits until something is so of which nobody tells. */
export async function until(isSo: () => boolean): Promise<void> {
  for (const start = performance.now(); !isSo();) {
    assert.ok(performance.now() - start < 2 * SLACK, `still not: ${isSo}`);
    await delay(5);
  }
}

/** Does all of these at the same time. */
export async function together(...doings: (() => Promise<unknown>)[]): Promise<void> {
  await Promise.all(doings.map((doing) => doing()));
}

/** Fails unless it takes at least `least` ms, and not very much longer. */
export async function assertTakes<T>(least: number, what: string, doing: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await doing();
  const took = Math.round(performance.now() - start);
  assert.ok(took >= least && took < least + SLACK, `${what} took ${took} ms, not ${least}`);
  return result;
}
