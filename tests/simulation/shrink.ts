/**
 * Makes a failing plan smaller: leaves out parts of its lists, wherever they are in it, as long as it fails.
 */
import type { Plan } from "./plan.ts";

/** How often a plan is tried at the most. */
const MAX_TRIES = 2_000;

type Path = readonly (string | number)[];

/** The smallest plan found for which `fails`. */
export async function shrink(plan: Plan, fails: (plan: Plan) => Promise<boolean>): Promise<Plan> {
  let smallest = plan;
  let tries = 0;
  /** Tries to leave out `count` items of the list at `path` from `from` on. */
  const leaveOut = async (path: Path, from: number, count: number): Promise<boolean> => {
    if (tries++ >= MAX_TRIES) return false;
    const smaller = structuredClone(smallest);
    (at(smaller, path) as unknown[]).splice(from, count);
    if (!await fails(smaller)) return false;
    smallest = smaller;
    return true;
  };
  for (let found = true; found && tries < MAX_TRIES;) {
    found = false;
    for (const path of listsIn(smallest)) {
      // A list may have gone together with what it was in.
      let length = lengthAt(smallest, path);
      for (let count = length; count > 0; count >>= 1) {
        for (let from = 0; from < length;) {
          if (await leaveOut(path, from, count)) {
            found = true;
            length = lengthAt(smallest, path);
          } else from += count;
        }
      }
    }
  }
  return smallest;
}

function at(value: unknown, path: Path): unknown {
  // deno-lint-ignore no-explicit-any
  return path.reduce((inner: any, key) => inner?.[key], value);
}

function lengthAt(plan: Plan, path: Path): number {
  const list = at(plan, path);
  return Array.isArray(list) ? list.length : 0;
}

/** Where the lists in `value` are, the outer before the inner. Pairs are no lists. */
function* listsIn(value: unknown, path: Path = []): Generator<Path> {
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    if (value.length === 2 && typeof value[0] !== "object") return;
    yield path;
  }
  for (const [key, inner] of Object.entries(value)) {
    yield* listsIn(inner, [...path, Array.isArray(value) ? Number(key) : key]);
  }
}
