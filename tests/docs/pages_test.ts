/**
 * Every program that README.md and docs/ show runs on each runtime that it is for, and answers as shown.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { needs } from "../support/tools.ts";
import { blocksOf, pages, type Program, programsOf } from "./blocks.ts";
import { cleanUp, runProgram } from "./run.ts";

/** How many programs run at a time. */
const AT_A_TIME = 3;

/** The names that a block may have for the runtime at hand. */
const here: readonly string[] = "Bun" in globalThis
  ? ["bun"]
  : "Deno" in globalThis
  ? ["deno"]
  : ["node", ...import.meta.url.endsWith(".js") ? [] : ["node26"]];
const MARKS = ["ignore", "node", "node26", "deno", "bun"];

const programs = pages().flatMap(programsOf)
  .filter(({ block: { marks } }) => marks.length === 0 || marks.some((mark) => here.includes(mark)));

/** Starts all of them, a few at a time; the tests wait for theirs. */
function startAll(): Promise<void>[] {
  const queue: (() => Promise<void>)[] = [];
  const runs = programs.map((program) =>
    new Promise<void>((resolve, reject) => queue.push(() => runProgram(program).then(resolve, reject)))
  );
  for (const run of runs) run.catch(() => {}); // its test tells
  const work = async (): Promise<void> => {
    for (let next; (next = queue.shift());) await next();
  };
  for (let i = 0; i < AT_A_TIME; i++) void work();
  return runs;
}

const curl = needs("curl");
const runs = curl.skip ? [] : startAll();
for (const [i, program] of programs.entries()) {
  test(nameOf(program), curl, () => runs[i]);
}

function nameOf({ block: { page, line } }: Program): string {
  return `${page}, line ${line}: the program runs, and answers as shown`;
}

test("blocks are marked with what the tests know", () => {
  for (const block of pages().flatMap(blocksOf)) {
    if (block.language !== "ts") assert.deepEqual(block.marks, [], `${block.page}, line ${block.line}`);
    assert.deepEqual(
      block.marks.filter((mark) => !MARKS.includes(mark)),
      [],
      `${block.page}, line ${block.line}`,
    );
    const known = [
      "ts",
      "js",
      "json",
      "sh",
      "console",
      "text",
      "nginx",
      "haproxy",
      "yaml",
      "ini",
      "dockerfile",
      "mermaid",
    ];
    assert.ok(known.includes(block.language), `${block.page}, line ${block.line}: ${block.language}`);
  }
});

after(cleanUp);
