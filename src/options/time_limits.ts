/**
 * The timeouts that a handler may change for its request.
 */
import type { MinBodyRate, Timeouts } from "../api/timeouts.ts";
import { checkNames, checkObject, number } from "./checks.ts";
import { TABLE } from "./table.ts";

/** How fast a request body must come. */
export interface BodyRate {
  /** Bytes a second, over the whole body. */
  readonly minBodyRate: number;
  /** Milliseconds for which the rate does not count. */
  readonly bodyRateGrace: number;
}

/** The times in force for one request, and the idle time after it. */
export interface TimeLimits extends BodyRate {
  readonly idleTimeout: number;
  readonly requestTimeout: number;
  readonly writeTimeout: number;
}

const NAMES = [
  "idleTimeout",
  "requestTimeout",
  "minBodyRate",
  "writeTimeout",
] as const satisfies readonly (keyof Timeouts)[];

const { bytesPerSecond, grace } = TABLE.minBodyRate.members;

/** The rate where none is given. */
export const DEFAULT_BODY_RATE: BodyRate = {
  minBodyRate: bytesPerSecond.default,
  bodyRateGrace: grace.default,
};

/**
 * `limits`, but for what `timeouts` name.
 *
 * @throws {TypeError} on a wrong type, or an unknown name
 * @throws {RangeError} on a number out of range
 */
export function timeLimitsWith(timeouts: Timeouts, limits: TimeLimits): TimeLimits {
  checkNames(timeouts, NAMES);
  const { idleTimeout, requestTimeout, writeTimeout } = timeouts;
  return {
    idleTimeout: number("idleTimeout", idleTimeout, TABLE.idleTimeout, limits.idleTimeout),
    requestTimeout: number("requestTimeout", requestTimeout, TABLE.requestTimeout, limits.requestTimeout),
    ...readBodyRate(timeouts.minBodyRate, limits),
    writeTimeout: number("writeTimeout", writeTimeout, TABLE.writeTimeout, limits.writeTimeout),
  };
}

/** `otherwise`, but for what is `given`. */
export function readBodyRate(given: number | MinBodyRate | undefined, otherwise: BodyRate): BodyRate {
  const { minBodyRate, bodyRateGrace } = otherwise;
  if (given === undefined) return { minBodyRate, bodyRateGrace };
  if (typeof given === "number") {
    return { minBodyRate: number("minBodyRate", given, bytesPerSecond), bodyRateGrace };
  }
  checkObject("minBodyRate", given, "a number, or an object like { bytesPerSecond, grace }");
  return {
    minBodyRate: number("minBodyRate.bytesPerSecond", given.bytesPerSecond, bytesPerSecond, minBodyRate),
    bodyRateGrace: number("minBodyRate.grace", given.grace, grace, bodyRateGrace),
  };
}
