// Runs tests/**/*_test.ts on Deno, Bun, Node 26 and Node 20, one process a file: two at a time, but for those that measure.
// Usage: npm test -- [--runtime=deno,bun,node,node20] [--verbose] [part of a file's path ...]
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";
import { buildTests } from "./build.mjs";
import { fail, install, root, runtimes } from "./tools.mjs";

const TEST_TIMEOUT = 60_000; // ms, for one test, where the runtime has such a setting
const FILE_TIMEOUT = 120_000; // ms, for one file: a test, or what it left open, hangs
/** Tests that measure, or whose times are short on a real clock: nothing runs beside them. */
const ALONE = ["adapters/", "bench/", "limits/real_sockets_", "memory/", "proxies/", "soak/"]
  .concat(["http2_latency", "http2_load", "idle_hint", "load"].map((name) => `clients/${name}_test`))
  .map((start) => `tests/${start}`);
/** How many of the others run at a time. */
const AT_A_TIME = Math.min(2, availableParallelism());
const OUTPUT_SHOWN = 60; // lines of a file's own output shown when it fails

/** How each runtime runs one test file and reports to `report` as JUnit, which all of them write. */
const commands = {
  deno: (file, report) => ["test", "-A", "--no-check", `--junit-path=${report}`, file],
  bun: (file, report) => [
    "test",
    `--timeout=${TEST_TIMEOUT}`,
    "--reporter=junit",
    `--reporter-outfile=${report}`,
    `./${file}`,
  ],
  node: (file, report) => [
    `--test-timeout=${TEST_TIMEOUT}`,
    "--test-reporter=junit",
    `--test-reporter-destination=${report}`,
    "--test-reporter=spec", // so that the output tells how far a file came that hangs
    "--test-reporter-destination=stdout",
    file,
  ],
  node20: (file, report) => commands.node(`.build/${file.replace(/\.ts$/, ".js")}`, report),
};

const { chosen, filters, verbose } = readArguments(process.argv.slice(2));
install();
const files = readdirSync(path.join(root, "tests"), { recursive: true, encoding: "utf8" })
  .map((name) => path.posix.join("tests", name.replaceAll("\\", "/")))
  .filter((name) => name.endsWith("_test.ts"))
  .filter((name) => filters.length === 0 || filters.some((part) => name.includes(part)))
  .sort();
if (files.length === 0) fail(`no test file matches: ${filters.join(" ")}`);
if (chosen.includes("node20")) buildTests();

const running = new Set(); // child processes, to be ended with this one
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    for (const child of running) killGroup(child);
    process.exit(1);
  });
}

const scratch = mkdtempSync(path.join(tmpdir(), "mooring-test-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));

const total = { passed: 0, failed: 0 };
for (const runtime of chosen) {
  const { passed, failed } = await runAll(runtime);
  total.passed += passed;
  total.failed += failed;
}
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 ? 0 : 1);

async function runAll(runtime) {
  const start = performance.now();
  const sum = { passed: 0, failed: 0, skipped: 0 };
  const run = async (file) => {
    const { failures, ...counts } = await runFile(runtime, file);
    for (const key of Object.keys(sum)) sum[key] += counts[key];
    for (const { name, reason } of failures) {
      console.log(`\nFAILED on ${runtime}: ${file}: ${name}\n${reason.replace(/^/gm, "    ")}`);
    }
    if (process.env.CI && counts.skipped > 0) {
      console.log(`\nFAILED on ${runtime}: ${file}: ${counts.skipped} skipped, which CI does not allow`);
      sum.failed += counts.skipped;
    }
  };
  const isAlone = (file) => ALONE.some((start) => file.startsWith(start));
  const next = files.filter((file) => !isAlone(file)).values();
  await Promise.all(Array.from({ length: AT_A_TIME }, async () => {
    for (const file of next) await run(file);
  }));
  for (const file of files.filter(isAlone)) await run(file);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const skipped = sum.skipped > 0 ? `, ${sum.skipped} skipped` : "";
  console.log(`${runtime.padEnd(6)}  ${sum.passed} passed, ${sum.failed} failed${skipped} in ${seconds} s`);
  return sum;
}

/** One file on one runtime. What is no test's failure (a crash, a hang, no test at all) counts as one failure. */
async function runFile(runtime, file) {
  const report = path.join(scratch, `${file.replaceAll("/", "-")}.xml`);
  rmSync(report, { force: true });
  const { output, problem } = await execute(runtimes[runtime], commands[runtime](file, report));
  const { passed, skipped, failures } = existsSync(report)
    ? readReport(readFileSync(report, "utf8"))
    : { passed: 0, skipped: 0, failures: [] };
  if (failures.length === 0) {
    const reason = problem ?? (passed + skipped === 0 ? "no test was executed" : undefined);
    if (reason) {
      failures.push({ name: reason, reason: output.trimEnd().split("\n").slice(-OUTPUT_SHOWN).join("\n") });
    }
  }
  for (const [, figures] of output.matchAll(/^figures: (.*)$/gm)) {
    console.log(`${runtime.padEnd(6)}  ${figures}`);
  }
  if (verbose) console.log(`${runtime}: ${file}: ${passed} passed, ${failures.length} failed\n${output}`);
  return { passed, skipped, failed: failures.length, failures };
}

/** Runs a command in a process group of its own, so that nothing that a test started outlives its file. */
function execute(command, args) {
  return new Promise((resolve) => {
    const env = { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
    const child = spawn(command, args, { cwd: root, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    running.add(child);
    let output = "";
    let problem;
    const timer = setTimeout(() => {
      problem = `did not end within ${FILE_TIMEOUT / 1000} s: does a test hang, or leave something open?`;
      killGroup(child);
    }, FILE_TIMEOUT);
    child.stdout.setEncoding("utf8").on("data", (text) => output += text);
    child.stderr.setEncoding("utf8").on("data", (text) => output += text);
    child.on("error", (error) => fail(error.message));
    child.on("exit", (code, signal) => {
      clearTimeout(timer);
      running.delete(child);
      killGroup(child);
      if (code !== 0) problem ??= `ended with ${signal ?? `exit code ${code}`}`;
    });
    child.on("close", () => resolve({ output, problem }));
  });
}

function killGroup(child) {
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // Nothing of the group is left.
  }
}

/** Counts the test cases of a JUnit report. */
function readReport(xml) {
  const failures = [];
  let passed = 0;
  let skipped = 0;
  const cases = /<testcase((?:\s+[\w-]+="[^"]*")*)\s*(?:\/>|>([\s\S]*?)<\/testcase>)/g;
  for (const [, attributes, body = ""] of xml.matchAll(cases)) {
    const failure = body.match(/<(?:failure|error)((?:\s+[\w-]+="[^"]*")*)\s*(?:\/>|>([\s\S]*?)<\/)/);
    if (failure) {
      const reason = failure[2]?.trim() || attribute(failure[1], "message");
      failures.push({ name: attribute(attributes, "name"), reason: unescape(reason).trim() });
    } else if (body.includes("<skipped")) {
      skipped++;
    } else {
      passed++;
    }
  }
  return { passed, skipped, failures };
}

function attribute(attributes, name) {
  return unescape(attributes.match(new RegExp(`\\b${name}="([^"]*)"`))?.[1] ?? "");
}

function unescape(text) {
  const named = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replace(
    /&(?:#(\d+)|(lt|gt|quot|apos|amp));/g,
    (_, code, name) => code ? String.fromCodePoint(Number(code)) : named[name],
  );
}

function readArguments(args) {
  const names = Object.keys(runtimes);
  let chosen = names;
  let verbose = false;
  const filters = [];
  for (const arg of args) {
    if (arg.startsWith("--runtime=")) chosen = arg.slice("--runtime=".length).split(",");
    else if (arg === "--verbose") verbose = true;
    else if (arg.startsWith("-")) {
      fail(`unknown option ${arg}; there are --runtime=${names.join(",")} and --verbose`);
    } else filters.push(arg);
  }
  const unknown = chosen.find((name) => !names.includes(name));
  if (unknown !== undefined) fail(`unknown runtime "${unknown}"; there are ${names.join(", ")}`);
  return { chosen, filters, verbose };
}
