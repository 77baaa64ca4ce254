/**
 * The timeouts that a handler may change for its request.
 */
import type { MinBodyRate, Timeouts } from "../api/timeouts.ts";
import { checkNames, checkObject, limit, member, number } from "./checks.ts";
import { MEMBERS, NUMBERS } from "./table.ts";

/** The times in force for one request, and the idle time after it. */
export interface TimeLimits {
  readonly idleTimeout: number;
  readonly requestTimeout: number;
  /** Bytes a second, over the whole body. */
  readonly minBodyRate: number;
  /** Milliseconds for which the rate does not count. */
  readonly bodyRateGrace: number;
  readonly writeTimeout: number;
}

const NAMES = [
  "idleTimeout",
  "requestTimeout",
  "minBodyRate",
  "writeTimeout",
] as const satisfies readonly (keyof Timeouts)[];

/** The times in force where no others are given. */
export const DEFAULT_TIMES: TimeLimits = {
  idleTimeout: NUMBERS.idleTimeout.default,
  requestTimeout: NUMBERS.requestTimeout.default,
  minBodyRate: MEMBERS["minBodyRate.bytesPerSecond"].default,
  bodyRateGrace: MEMBERS["minBodyRate.grace"].default,
  writeTimeout: NUMBERS.writeTimeout.default,
};

/**
 * `limits`, but for what `timeouts` name.
 *
 * @throws {TypeError} on a wrong type, or an unknown name
 * @throws {RangeError} on a number out of range
 */
export function timeLimitsWith(timeouts: Timeouts, limits: TimeLimits): TimeLimits {
  checkNames(timeouts, NAMES);
  return readTimeLimits(timeouts, limits);
}

/** As `timeLimitsWith`, where other options may stand beside. */
export function readTimeLimits(given: Timeouts, otherwise: TimeLimits): TimeLimits {
  return {
    idleTimeout: limit(given, "idleTimeout", otherwise.idleTimeout),
    requestTimeout: limit(given, "requestTimeout", otherwise.requestTimeout),
    ...bodyRate(given.minBodyRate, otherwise),
    writeTimeout: limit(given, "writeTimeout", otherwise.writeTimeout),
  };
}

function bodyRate(
  given: number | MinBodyRate | undefined,
  { minBodyRate, bodyRateGrace }: TimeLimits,
): Pick<TimeLimits, "minBodyRate" | "bodyRateGrace"> {
  if (given === undefined) return { minBodyRate, bodyRateGrace };
  if (typeof given === "number") {
    return { minBodyRate: number("minBodyRate", given, minBodyRate), bodyRateGrace };
  }
  checkObject("minBodyRate", given, "a number, or an object like { bytesPerSecond, grace }");
  return {
    minBodyRate: member("minBodyRate.bytesPerSecond", given.bytesPerSecond, minBodyRate),
    bodyRateGrace: member("minBodyRate.grace", given.grace, bodyRateGrace),
  };
}
