/**
 * The options that are booleans or numbers: all that the table has of a scope, read by one loop. A new row needs nothing
 * here.
 */
import { flag, number } from "./checks.ts";
import type { NumberKind, OptionScope } from "./rows.ts";
import { type NameOf, ROWS } from "./table.ts";

/** The values of the options of these scopes that are booleans or numbers. */
export type Scalars<S extends OptionScope> =
  & { readonly [name in NameOf<"boolean", S>]: boolean }
  & { readonly [name in NameOf<NumberKind, S>]: number };

/**
 * Checks the options of `scope` that are booleans or numbers, and fills in their defaults. To be spread into an object
 * literal: V8 makes a dictionary of an object to which many names were added one by one, and fast properties of a
 * literal's.
 *
 * @throws {TypeError} on a wrong type
 * @throws {RangeError} on a number out of range
 */
export function readScalars<S extends OptionScope>(options: Partial<Scalars<S>>, scope: S): Scalars<S> {
  const given: Readonly<Record<string, unknown>> = options;
  const values: Record<string, boolean | number> = {};
  for (const [name, row] of ROWS) {
    if (row.scope !== scope) continue;
    switch (row.kind) {
      case "function":
      case "object":
      case "other":
        break; // has a check of its own
      case "boolean":
        values[name] = flag(name, given[name], row.default);
        break;
      default:
        values[name] = number(name, given[name], row);
    }
  }
  return values as Scalars<S>;
}
