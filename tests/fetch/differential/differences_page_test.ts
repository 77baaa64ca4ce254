/**
 * `docs/differences.md` says what the differential suites find.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { rows } from "./differences_page.ts";

test("docs/differences.md has a row for each difference that is known, and no other", () => {
  const page = readFileSync("docs/differences.md", "utf8");
  const table = page.split("\n").filter((line) => line.startsWith("|")).slice(2); // behind the head
  assert.deepEqual(table.map((line) => line.replace(/ +/g, " ")), rows);
});
