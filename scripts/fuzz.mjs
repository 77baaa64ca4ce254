// Runs the simulation (tests/simulation/) on one runtime, for as long as it is told.
// Usage: npm run fuzz -- [--runtime=deno|bun|node|node20] [--seed=N] [--runs=K] [--minutes=M] [--log] [--no-shrink] [--keep-going]
import { spawn } from "node:child_process";
import { buildTests } from "./build.mjs";
import { fail, install, root, runtimes } from "./tools.mjs";

const FILE = "tests/simulation/fuzz";

const commands = {
  deno: ["run", "-A", "--no-check", `${FILE}.ts`],
  bun: ["run", `${FILE}.ts`],
  node: [`${FILE}.ts`],
  node20: [`.build/${FILE}.js`],
};

const args = process.argv.slice(2);
const option = args.find((arg) => arg.startsWith("--runtime="));
const runtime = option?.slice("--runtime=".length) ?? "node";
if (!Object.hasOwn(commands, runtime)) {
  fail(`unknown runtime "${runtime}"; there are ${Object.keys(commands).join(", ")}`);
}
install();
if (runtime === "node20") buildTests();

const rest = args.filter((arg) => arg !== option);
const child = spawn(runtimes[runtime], [...commands[runtime], ...rest], { cwd: root, stdio: "inherit" });

// Ctrl-C reaches the child by itself; kill(1) on this process has to be passed on.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("error", (error) => fail(error.message));
child.on("exit", (code) => process.exit(code ?? 1));
