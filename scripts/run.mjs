// Runs one file of this repository on a pinned runtime, installing it first: Node 26, or what --on= says.
// Usage: node scripts/run.mjs [file] [--on=deno|bun|node] [arguments for the file ...]; `npm start --` takes the same.
import { spawn } from "node:child_process";
import { fail, install, root, runtimes } from "./tools.mjs";

const flags = { node: [], deno: ["run", "-A", "--no-check"], bun: ["run"] };

const given = process.argv.slice(2);
const [file, ...rest] = given[0]?.startsWith("--") === false ? given : ["examples/hello.ts", ...given];
const option = rest.find((arg) => arg.startsWith("--on="));
const runtime = option?.slice("--on=".length) ?? "node";
if (!Object.hasOwn(flags, runtime)) {
  fail("usage: node scripts/run.mjs [file] [--on=deno|bun|node] [arguments ...]");
}
install();

const args = [...flags[runtime], file, ...rest.filter((arg) => arg !== option)];
const child = spawn(runtimes[runtime], args, { cwd: root, stdio: "inherit" });

// Ctrl-C reaches the child by itself; kill(1) on this process has to be passed on. Either way, wait for the child.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("error", (error) => fail(error.message));
child.on("exit", (code) => process.exit(code ?? 1));
