/**
 * Checks of single values. Errors name the option, say what it must be, and what was given.
 */
import {
  type FlagName,
  FLAGS,
  MAX_TIME,
  type MemberName,
  MEMBERS,
  type NumberName,
  NUMBERS,
  type OtherName,
  OTHERS,
  type ScalarKind,
} from "./table.ts";

/** For people: what kind of value it is, and text as it is. */
export function describe(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : value === null ? "null" : typeof value;
}

/**
 * Checks that `options` is an object with no other names than `known`.
 *
 * @throws {TypeError} where it is not
 */
export function checkNames(options: unknown, known: readonly string[], prefix = ""): void {
  if (typeof options !== "object" || options === null) {
    const some = known.slice(0, 2).map(describe).join(", ");
    throw new TypeError(`options must be an object (with ${some} …), not ${describe(options)}`);
  }
  for (const name in options) {
    if (known.includes(name)) continue;
    const list = known.join(", ");
    throw new TypeError(`option ${JSON.stringify(prefix + name)} is unknown; the options are ${list}`);
  }
}

/**
 * Checks that the option `name` is an object, with no other members than the table's. `what` is what it must be.
 *
 * @throws {TypeError} where it is not
 */
export function checkObject(name: OtherName, value: unknown, what: string): void {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`option "${name}" must be ${what}, not ${describe(value)}`);
  }
  checkNames(value, OTHERS[name].members ?? [], `${name}.`);
}

/**
 * Checks that `value` is a function, if it was given.
 *
 * @throws {TypeError} where it is not
 */
export function checkFunction(name: string, value: unknown): void {
  if (value === undefined || typeof value === "function") return;
  throw new TypeError(`option "${name}" must be a function, not ${describe(value)}`);
}

/** The values of these boolean options. */
export type Flags<N extends FlagName> = { readonly [name in N]: boolean };
/** The values of these options that are numbers. */
export type Numbers<N extends NumberName> = { readonly [name in N]: number };

/**
 * The value of a boolean option.
 *
 * @throws {TypeError} where it is no boolean
 */
export function flag<N extends FlagName>(options: Partial<Flags<N>>, name: N): boolean {
  const value: unknown = options[name];
  if (value === undefined) return FLAGS[name].default;
  if (typeof value === "boolean") return value;
  throw new TypeError(`option "${name}" must be true or false, not ${describe(value)}`);
}

/**
 * The value of an option that is a number, as the table bounds it; `fallback` where it is left out.
 *
 * @throws {TypeError} where it is no number
 * @throws {RangeError} where it is out of range
 */
export function limit<N extends NumberName>(
  options: Partial<Numbers<N>>,
  name: N,
  fallback: number = NUMBERS[name].default,
): number {
  const { kind, min, max } = NUMBERS[name];
  return number(name, options[name], fallback, kind, min, max);
}

/** As `limit`, of a member of an option that is an object. */
export function member(name: MemberName, value: unknown, fallback: number = MEMBERS[name].default): number {
  const { kind, min } = MEMBERS[name];
  return number(name, value, fallback, kind, min);
}

/** As `limit`, of a value that has no row in the table. */
export function number(
  name: string,
  value: unknown,
  fallback: number,
  kind: ScalarKind = "count",
  min = 0,
  max: number = kind === "time" ? MAX_TIME : Number.MAX_SAFE_INTEGER,
): number {
  if (value === undefined) return fallback;
  if (typeof value !== "number") {
    throw new TypeError(`option "${name}" must be a number, not ${describe(value)}`);
  }
  if (kind === "ratio") {
    if (value >= 0 && value <= 1) return value;
    throw new RangeError(`option "${name}" must be a number from 0 to 1, not ${value}`);
  }
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(`option "${name}" must be a whole number from ${min} to ${max}, not ${value}`);
}
