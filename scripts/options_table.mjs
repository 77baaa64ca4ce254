// Makes the table of options of docs/options.md from src/options/table.ts. As a command it rewrites that part and formats it:
// node scripts/run.mjs scripts/options_table.mjs (src/ is TypeScript, which Node 20 does not run).
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { fail, root, runtimes } from "./tools.mjs";

const BEGIN = "<!-- options -->";
const END = "<!-- /options -->";

/** What the meaning of an option begins with that `serveConn()` does not take. */
const ONLY = {
  connection: "",
  server: "`serve()` and `createServer()` only; ",
  listen: "`serve()` and `listen()` only; ",
  serve: "`serve()` only; ",
};

/**
 * The table as Markdown, one row an option; `deno fmt` pads its columns.
 *
 * @param {Iterable<[string, { scope: keyof typeof ONLY, default?: boolean | number | string, doc: string }]>} options
 * @returns {string}
 */
export function optionsTable(options) {
  const rows = Array.from(options, ([name, option]) => [
    `\`${name}\``,
    defaultText(option.default),
    ONLY[option.scope] + option.doc,
  ]);
  return [["option", "default", "meaning"], ["---", "---", "---"], ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`).join("");
}

function defaultText(value) {
  if (typeof value === "number") return value.toLocaleString("en").replaceAll(",", " ");
  return typeof value === "boolean" ? `\`${value}\`` : value ?? "";
}

/**
 * The lines between the markers of `page`.
 *
 * @param {string} page
 * @returns {{ start: number, end: number }}
 */
export function tablePlace(page) {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`docs/options.md must have ${BEGIN} and, behind it, ${END}`);
  return { start: begin + BEGIN.length, end };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { toldOptions } = await import("../src/options/table.ts");
  const file = path.join(root, "docs", "options.md");
  const page = readFileSync(file, "utf8");
  const { start, end } = tablePlace(page);
  writeFileSync(file, `${page.slice(0, start)}\n\n${optionsTable(toldOptions())}\n${page.slice(end)}`);
  const { status } = spawnSync(runtimes.deno, ["fmt", "--quiet", file], { cwd: root, stdio: "inherit" });
  if (status !== 0) fail("deno fmt failed; its message is above.");
}
