#!/usr/bin/env node
// HTTP/2: Mooring beside node:http2, Deno.serve and Bun.serve, as server CPU per request, under the load of h2load. All
// servers of a runtime are up at once and measured in turn. Exits with 1 when a row is invalid.

import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { GOALS, PEERS, ROWS, SERVERS } from "./http2/rows.mjs";
import { http2Section } from "./http2/section.mjs";
import { pinning } from "./lib/cpu.mjs";
import { guarded, measureInTurn } from "./lib/interleaved.mjs";
import { describeMachine } from "./lib/machine.mjs";
import { count, list, parseOptions } from "./lib/options.mjs";
import { resultsPath, writeResults } from "./lib/results.mjs";
import { RUNTIMES } from "./lib/roster.mjs";
import { startServer, stopAll } from "./lib/server_process.mjs";
import { summarize } from "./lib/stats.mjs";
import { renderSection } from "./lib/table.mjs";

const HELP = `node bench/http2.mjs [options]
  --runtime=LIST   of ${Object.keys(RUNTIMES).join(", ")} (all)
  --row=LIST       of ${Object.keys(ROWS).join(", ")} (all)
  --rounds=N       measurements of each server (5)
  --json=FILE      where to write what was measured (bench/results/http2.json, if that was everything)`;

const options = parseOptions(process.argv.slice(2), {
  help: { type: "boolean", short: "h", default: false },
  runtime: { type: "string", default: Object.keys(RUNTIMES).join() },
  row: { type: "string", default: Object.keys(ROWS).join() },
  rounds: { type: "string", default: "5" },
  json: { type: "string" },
}, (values) => ({
  ...values,
  runtime: list("runtime", values.runtime, Object.keys(RUNTIMES)),
  row: list("row", values.row, Object.keys(ROWS)),
  rounds: count("rounds", values.rounds),
}));
if (options.help) {
  console.log(HELP);
  process.exit(0);
}

const version = /nghttp2\/\S+/.exec(spawnSync("h2load", ["--version"], { encoding: "utf8" }).stdout ?? "")
  ?.[0];
if (version === undefined) {
  console.error("h2load is missing: install nghttp2-client");
  process.exit(1);
}
const scratch = mkdtempSync(join(tmpdir(), "mooring-http2-"));
process.on("exit", () => {
  stopAll();
  rmSync(scratch, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));

const pins = pinning();
const machine = describeMachine({ runtimes: options.runtime, load: `h2load of ${version}`, pins });
for (const line of machine.lines) console.log(line);

/** One second, or how long is asked for, of a row's load. */
const load = {
  async run({ row, port, seconds }) {
    const { tls, clients, streams, path = "/", send = 0, paths = 0, fields = [] } = row;
    const origin = `${tls ? "https" : "http"}://127.0.0.1:${port}`;
    const args = [
      `-D${Math.ceil(seconds)}`,
      `-c${clients}`,
      `-m${streams}`,
      ...fields.map((field) => `-H${field}`),
    ];
    if (send > 0) {
      const file = join(scratch, String(send));
      writeFileSync(file, Buffer.alloc(send, "0123456789abcdef"));
      args.push(`-d${file}`);
    }
    if (paths > 0) {
      const file = join(scratch, `paths-${port}`);
      writeFileSync(
        file,
        Array.from({ length: paths }, (_, i) => `${origin}/items/${i}?page=${i % 10}\n`).join(""),
      );
      args.push("-i", file);
    } else args.push(origin + path);
    const [command, ...rest] = [...pins.client, "h2load", ...args];
    const { stdout } = await promisify(execFile)(command, rest);
    const figure = (pattern) => Number(pattern.exec(stdout)?.[1] ?? 0);
    const failed = figure(/(\d+) failed/) + figure(/(\d+) 4xx/) + figure(/(\d+) 5xx/);
    return {
      requests: figure(/(\d+) succeeded/),
      seconds: Math.ceil(seconds),
      errors: failed > 0 ? [`${failed} requests failed`] : [],
    };
  },
};

const results = [];
for (const runtime of machine.runtimes) {
  for (const name of options.row) {
    const row = ROWS[name];
    const entries = [];
    for (const spec of [...SERVERS, PEERS[runtime.id]]) {
      const entry = {
        id: spec.id,
        name: spec.name,
        role: spec.id === "own" ? "peer" : "mooring",
        rounds: [],
      };
      await guarded(entry, async () => {
        const file = { file: () => `../http2/servers/${spec.file}` };
        const extra = [row.tls ? "tls" : "plain", String(row.answer ?? 0)];
        entry.process = await startServer(runtime, file, pins.server, extra);
      });
      entries.push(entry);
    }
    const title = `${runtime.title} ${name}`;
    await measureInTurn(entries, load, { row }, { rounds: options.rounds, seconds: 1, warmUp: 2, title });
    stopAll();
    const servers = summarize(entries);
    results.push({ runtime: runtime.id, row: name, goal: GOALS[name]?.[runtime.id], servers });
    console.log(renderSection(http2Section(runtime, results.slice(-1))));
  }
}
const sections = machine.runtimes.map((runtime) =>
  http2Section(runtime, results.filter((result) => result.runtime === runtime.id))
);
for (const section of sections) console.log(renderSection(section));
const everything = options.row.length === Object.keys(ROWS).length &&
  options.runtime.length === Object.keys(RUNTIMES).length && machine.missing.length === 0;
if (options.json || everything) {
  const settings = { rounds: options.rounds, seconds: 1 };
  writeResults(options.json ?? resultsPath("http2"), { ...machine.facts, settings, sections });
}
process.exit(results.some(({ servers }) => servers.some(({ error }) => error)) ? 1 : 0);
