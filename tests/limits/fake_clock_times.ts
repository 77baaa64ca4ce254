/**
 * Times of the limits on the fake clock: how late they may strike, and what outlasts them.
 */
import { TIMER_RESOLUTION_MS } from "../../src/core/deadline_queue.ts";

/** How much later than its time a deadline may strike: a tick, and for a moment the sockets are heard first. */
export const LATE: number = TIMER_RESOLUTION_MS + 50;
/** Longer than any limit in a test. */
export const LONG: number = 10 ** 8;

/** It is looked at several times in the time, and cut off up to one part of it later. */
export function cutOffBy(writeTimeout: number): number {
  return writeTimeout + writeTimeout / 4 + LATE;
}

/** The lowest rate of a body in most tests. */
export const RATE: { bytesPerSecond: number; grace: number } = { bytesPerSecond: 1_000, grace: 1_000 };
