/**
 * What the documentation points at is there: files and headings, the pages of the index, and the tests that SECURITY.md names.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { pages } from "./blocks.ts";
import { repository as root } from "../support/repository.ts";

const PAGES = [...pages(), "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md", "bench/README.md"];

const read = (page: string): string => readFileSync(new URL(page, root), "utf8");

/** A page without its code. */
const prose = (page: string): string => read(page).replace(/^```[^]*?^```$/gm, "");

/** The anchors that GitHub gives to the headings of a page. */
function anchorsOf(page: string): string[] {
  return Array.from(
    prose(page).matchAll(/^#+ (.*)$/gm),
    ([, heading]) =>
      heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-"),
  );
}

for (const page of PAGES) {
  test(`${page}: its links lead to files and headings that exist`, () => {
    for (const [, target] of prose(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^\w+:/.test(target)) continue;
      const [path, anchor] = target.split("#");
      const url = path === "" ? new URL(page, root) : new URL(path, new URL(page, root));
      assert.ok(existsSync(url), `${page} points at ${target}`);
      if (anchor === undefined) continue;
      const to = url.href.slice(root.href.length);
      assert.ok(
        anchorsOf(to).includes(anchor),
        `${page} points at ${target}: there are ${anchorsOf(to).join(", ")}`,
      );
    }
  });
}

test("docs/README.md has every page of docs/", () => {
  const index = read("docs/README.md");
  for (const page of pages()) {
    if (page === "README.md" || page === "docs/README.md") continue;
    assert.ok(index.includes(`](${page.slice("docs/".length)})`), page);
  }
});

test("SECURITY.md names tests that exist", () => {
  let named = 0;
  for (const [, file, name] of read("SECURITY.md").matchAll(/\]\((tests\/[^)]*)\): (.*?) *\|$/gm)) {
    assert.ok(read(file).includes(name), `${file} has no test "${name}"`);
    named++;
  }
  assert.ok(named >= 15, `only ${named} were found`);
});
