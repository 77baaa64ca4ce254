/**
 * How a test says which limits it pins: its name begins with them. `every_limit_test.ts` reads the names in
 * the other files without running their tests.
 */
import { readdirSync } from "node:fs";
import { test as register } from "node:test";

type Body = () => void | Promise<void>;

/** What the files that are being read pin; undefined where their tests are to run. */
let pinned: Set<string> | undefined;

/** As `test` of `node:test`, for files that are read too. */
export function test(name: string, ...rest: [Body] | [options: { skip: string | false }, Body]): void {
  if (pinned !== undefined) return;
  if (rest.length === 1) register(name, rest[0]);
  else register(name, ...rest);
}

/** A test that pins the limits with which its name begins, like "maxAge, jitter: …". Nowhere skipped. */
export function limit(name: string, body: Body): void {
  for (const limit of name.match(/^[\w.]+(, [\w.]+)*/)![0].split(", ")) pinned?.add(limit);
  test(name, body);
}

/** The limits that the tests of these files pin: of all in this folder whose names begin with `place`. */
export async function pinnedIn(place: string): Promise<string[]> {
  const folder = new URL(".", import.meta.url);
  // Where they were compiled, they are called .js.
  const files = readdirSync(folder).filter((name) => new RegExp(`^${place}_.+_test\\.[jt]s$`).test(name));
  const found = pinned = new Set<string>();
  try {
    for (const name of files) await import(new URL(name, folder).href);
  } finally {
    pinned = undefined;
  }
  return [...found];
}
