// Everything but the tests: format, lint, types, also of the programs in docs/, import direction, documentation, and
// whether JSR and npm would take it.
// Runs every step also after one failed; prints the output of those that did, and fails then.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";
import { entryPoints, install, root, runtimes, tsc } from "./tools.mjs";

const { deno, node } = runtimes;

const pages = readdirSync(path.join(root, "docs"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md")).map((name) => path.join("docs", name)).concat("README.md");

const steps = [
  ["format", deno, "fmt", "--check"],
  ["lint", deno, "lint"],
  ["types, tsc", node, tsc, "-p", "tsconfig.json"],
  ["types, deno", deno, "check"],
  ["types, pages", deno, "check", "--doc-only", ...pages],
  ["imports", node, "scripts/check_imports.mjs"],
  ["docs", deno, "doc", "--quiet", "--lint", ...entryPoints()],
  ["jsr package", deno, "publish", "--dry-run", "--allow-dirty"],
  ["npm package", node, "scripts/check_package.mjs"],
];

install();
const env = { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
const failed = [];
for (const [name, command, ...args] of steps) {
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, env, encoding: "utf8" });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${status === 0 ? "ok    " : "FAILED"}  ${name.padEnd(12)} ${seconds} s`);
  if (status === 0) continue;
  failed.push(name);
  console.log(`${stdout}${stderr}`.trim().replace(/^/gm, "    "));
}
console.log(failed.length === 0 ? "check: all ok" : `check: FAILED: ${failed.join("; ")}`);
process.exit(failed.length === 0 ? 0 : 1);
