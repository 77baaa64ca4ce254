/**
 * Sets the platform's object and Mooring's side by side: a case tells the same of both, unless the difference
 * stands in the table, in which case it must be there.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { knownDifferences, type Runtime, type Subject } from "./known_differences.ts";
import { tell } from "./plain.ts";

const runtime: Runtime = "Bun" in globalThis
  ? "Bun"
  : "Deno" in globalThis
  ? "Deno"
  : Number.parseInt(process.versions.node) < 22
  ? "Node 20"
  : "Node 26";

/** The names of all cases of this file. */
const registered = new Set<string>();

function isKnown(subject: Subject, name: string): boolean {
  const found = knownDifferences.flatMap(({ found }) => found).filter(({ subjects, runtimes, cases }) =>
    subjects.includes(subject) && runtimes.includes(runtime) && cases.includes(name)
  );
  assert.ok(found.length <= 1, "a difference stands in the table once");
  return found.length === 1;
}

/** Registers a test: what `theirs` tells of the platform's object is what `ours` tells of Mooring's. */
export function compare(subject: Subject, name: string, theirs: () => unknown, ours: () => unknown): void {
  registered.add(name);
  test(`${subject}: ${name}`, async () => {
    const expected = await tell(theirs);
    const actual = await tell(ours);
    if (!isKnown(subject, name)) return assert.deepEqual(actual, expected);
    assert.notDeepEqual(actual, expected, "what the table of differences says does not differ");
  });
}

/** Registers a test: what the table says of `subject` is about cases that exist. To be called after them. */
export function compareTable(subject: Subject): void {
  test(`${subject}: the table of differences names cases that exist`, () => {
    const named = knownDifferences.flatMap(({ found }) => found)
      .filter(({ subjects }) => subjects.includes(subject))
      .flatMap(({ cases }) => cases);
    assert.deepEqual(named.filter((name) => !registered.has(name)), []);
  });
}
