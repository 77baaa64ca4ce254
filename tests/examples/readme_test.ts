/** The list of the examples is complete, and so are their tests. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { repository as root } from "../support/repository.ts";

const PARTS = ["support.ts", "cluster_processes.ts", "cluster_worker.ts", "grpc_protocol.ts"];

test("examples/README.md lists every example with its command, and each has a test", () => {
  const readme = readFileSync(new URL("examples/README.md", root), "utf8");
  const rows = [...readme.matchAll(/^\| \[(\S+)\]\((\S+)\) +\| .+? \| `(npm start.*?)` +\|$/gm)];
  const files = readdirSync(new URL("examples", root)).filter((name) => name.endsWith(".ts"));
  const examples = files.filter((name) => !PARTS.includes(name)).sort();
  assert.deepEqual(rows.map(([, name]) => name).sort(), examples);
  for (const name of PARTS) assert.ok(readme.includes(`\`${name}\``), name);
  for (const [, name, link, command] of rows) {
    assert.equal(link, name);
    const on = /_(bun|deno)\.ts$/.exec(name)?.[1];
    const usual = `npm start -- examples/${name}${on === undefined ? "" : ` --on=${on}`}`;
    assert.equal(command, name === "hello.ts" ? "npm start" : usual);
    const tested = name.replace(/^cluster_.*/, "cluster.ts").replace(".ts", "_test.ts");
    assert.ok(existsSync(new URL(`tests/examples/${tested}`, root)), tested);
  }
});
