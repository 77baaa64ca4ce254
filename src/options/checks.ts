/**
 * Checks of single values.
 */
import { describe, rangeError, typeError, wrongType } from "./option_error.ts";
import type { Bounds, NumberRow, OptionScope } from "./rows.ts";
import { MAX_TIME, type NameOf, ROWS, TABLE } from "./table.ts";

/**
 * Checks that `options` is an object with no other names than `known`.
 *
 * @throws {TypeError} where it is not
 */
export function checkNames(options: unknown, known: readonly string[], prefix = ""): void {
  if (typeof options !== "object" || options === null) {
    const some = known.slice(0, 2).map(describe).join(", ");
    throw typeError("options", `options must be an object (with ${some} …), not ${describe(options)}`);
  }
  for (const name in options) {
    if (known.includes(name)) continue;
    const list = known.join(", ");
    const unknown = prefix + name;
    throw typeError(unknown, `option ${JSON.stringify(unknown)} is unknown; the options are ${list}`);
  }
}

/**
 * Checks that the option `name` is an object, with no other members than the table's. `what` is what it must be.
 *
 * @throws {TypeError} where it is not
 */
export function checkObject(name: NameOf<"object">, value: unknown, what: string): void {
  if (typeof value !== "object" || value === null) throw wrongType(name, what, value);
  checkNames(value, Object.keys(TABLE[name].members), `${name}.`);
}

/**
 * Checks that the options of `scope` that are functions are functions, where they are given.
 *
 * @throws {TypeError} where one is not
 */
export function checkFunctions<S extends OptionScope>(
  options: { readonly [name in NameOf<"function", S>]?: unknown },
  scope: S,
): void {
  const given: Readonly<Record<string, unknown>> = options;
  for (const [name, row] of ROWS) {
    if (row.scope !== scope || row.kind !== "function") continue;
    const value = given[name];
    if (value !== undefined && typeof value !== "function") throw wrongType(name, "a function", value);
  }
}

/**
 * The value of a boolean option.
 *
 * @throws {TypeError} where it is no boolean
 */
export function flag(name: string, value: unknown, otherwise: boolean): boolean {
  if (value === undefined) return otherwise;
  if (typeof value === "boolean") return value;
  throw wrongType(name, "true or false", value);
}

/**
 * The value of an option, or of a member of one, that is a number; `otherwise` where it is left out.
 *
 * @throws {TypeError} where it is no number
 * @throws {RangeError} where it is out of the row's bounds
 */
export function number(
  name: string,
  value: unknown,
  row: NumberRow,
  otherwise: number = row.default,
): number {
  return value === undefined ? otherwise : checkNumber(name, value, row);
}

/** As `number`, of a value that was given. */
export function checkNumber(name: string, value: unknown, { kind, min = 0, max }: Bounds): number {
  if (typeof value !== "number") throw wrongType(name, "a number", value);
  if (kind === "ratio") {
    if (value >= 0 && value <= 1) return value;
    throw rangeError(name, `option "${name}" must be a number from 0 to 1, not ${value}`);
  }
  const most = max ?? (kind === "time" ? MAX_TIME : Number.MAX_SAFE_INTEGER);
  if (Number.isInteger(value) && value >= min && value <= most) return value;
  throw rangeError(name, `option "${name}" must be a whole number from ${min} to ${most}, not ${value}`);
}
