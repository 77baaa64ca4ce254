/**
 * Tests that pin limits on real time, and fail where one does not end in time.
 */
import { Deferred } from "../../src/core/deferred.ts";
import { inTime } from "../support/deadline.ts";
import { limit as register } from "./limit_tests.ts";

/** A test that pins the limits with which its name begins. */
export function limit(name: string, body: () => Promise<void>): void {
  register(name, () => inTime(body(), name));
}

const waiting: (() => void)[] = [];

/** As `limit`, for tests that mostly wait: they do so together, from when the first of them is run. */
export function waits(name: string, body: () => Promise<void>): void {
  const over = new Deferred<void>();
  waiting.push(() => void inTime(body(), name).then(over.resolve, over.reject));
  register(name, () => {
    for (const begin of waiting.splice(0)) begin();
    return over.promise;
  });
}
