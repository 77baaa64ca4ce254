/**
 * The errors of options. They name the option, say what it must be, and what was given.
 */
import type { OptionError } from "../api/errors.ts";

/** A `TypeError` of the option of this name. */
export function typeError(option: string, message: string): TypeError & OptionError {
  return Object.assign(new TypeError(message), { code: "bad_option", option } as const);
}

/** A `RangeError` of the option of this name. */
export function rangeError(option: string, message: string): RangeError & OptionError {
  return Object.assign(new RangeError(message), { code: "bad_option", option } as const);
}

/** The error of a `value` of the wrong type; `what` is what it must be. */
export function wrongType(option: string, what: string, value: unknown): TypeError & OptionError {
  return typeError(option, `option "${option}" must be ${what}, not ${describe(value)}`);
}

/** For people: what kind of value it is, and text as it is. */
export function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (value === null) return "null";
  if (typeof value !== "object" || isPlainObject(value)) return typeof value;
  return value.constructor?.name || "object";
}

/** Whether `value` is what an object literal makes, also one of another realm: no array, and no instance of a class. */
export function isPlainObject(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
