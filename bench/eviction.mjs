#!/usr/bin/env node
// What it costs to let in a newcomer at `maxConnections`, where the longest idle connection makes room, against the
// number of connections: it must not grow. In memory, so that the engine alone is measured.
// Usage: node bench/eviction.mjs [--runtime=LIST]

import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { MemoryTransport } from "../src/adapters/memory.ts";
import { HttpServer } from "../src/server/http_server.ts";
import { serveSettings } from "../src/settings.ts";
import { pinning } from "./lib/cpu.mjs";
import { describeMachine } from "./lib/machine.mjs";
import { RUNTIMES } from "./lib/roster.mjs";

const SIZES = [100, 1_000, 10_000];
/** Evictions that are measured at each size, in as many rounds as that takes. */
const EVICTIONS = 36_000;
/** Newcomers that are timed together: few enough that a collection of garbage spoils few of the samples. */
const SAMPLE = 15;
/** Below the share of the cap from which on new connections are not kept alive. */
const IDLE_SHARE = 0.85;

const { values } = parseArgs({
  options: { runtime: { type: "string", default: Object.keys(RUNTIMES).join() }, here: { type: "boolean" } },
});
if (values.here) measureHere();
else measureAll(values.runtime.split(","));

function measureAll(runtimes) {
  const pins = pinning();
  const machine = describeMachine({ runtimes, load: "this process", pins });
  for (const line of machine.lines) console.log(line);
  console.log("\nns for a newcomer, by connections: below the cap, and at it, where one is evicted");
  for (const { title, path, flags } of machine.runtimes) {
    const [command, ...args] = [...pins.server, path, ...flags, fileURLToPath(import.meta.url), "--here"];
    const { stdout, stderr, status } = spawnSync(command, args, { encoding: "utf8" });
    console.log(status === 0 ? `${title.padEnd(6)}${stdout.trim()}` : `${title}: failed\n${stderr}`);
  }
}

function measureHere() {
  for (const size of SIZES) measure(size, Math.ceil(2_000 / size)); // for the compiler
  const cells = SIZES.map((size) => {
    const rounds = Math.ceil(EVICTIONS / (size * IDLE_SHARE));
    const { below, at } = measure(size, rounds);
    return `${String(size).padStart(8)}: ${below.toFixed(0).padStart(5)} below, ${
      at.toFixed(0).padStart(5)
    } at it`;
  });
  console.log(cells.join(" ·"));
  process.exit(0);
}

/** Medians over the samples of `rounds` servers, in ns for one newcomer. */
function measure(size, rounds) {
  const below = [];
  const at = [];
  for (let i = 0; i < rounds; i++) {
    const options = { exchange: (x) => x.respond(200), maxConnections: size };
    const server = new HttpServer(options, serveSettings(options));
    const idle = Math.floor(size * IDLE_SHARE);
    for (let n = 0; n < idle; n++) makeIdle(server);
    const rest = size - idle;
    below.push(...timed(rest, () => server.accept(new MemoryTransport())));
    at.push(...timed(idle, () => server.accept(new MemoryTransport())));
    const { evicted, rejected } = server.stats();
    if (evicted !== idle || rejected !== 0) throw new Error(`${evicted} evicted, ${rejected} rejected`);
    void server.close();
  }
  return { below: median(below), at: median(at) };
}

function makeIdle(server) {
  const client = new MemoryTransport();
  server.accept(client);
  client.send("GET / HTTP/1.1\r\nHost: bench\r\n\r\n");
}

/** Samples of the ns that `act` takes, `times` times in all. */
function timed(times, act) {
  const samples = [];
  for (let done = 0; done < times; done += SAMPLE) {
    const start = performance.now();
    for (let i = 0; i < SAMPLE && done + i < times; i++) act();
    samples.push((performance.now() - start) * 1e6 / Math.min(SAMPLE, times - done));
  }
  return samples;
}

function median(numbers) {
  return numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}
