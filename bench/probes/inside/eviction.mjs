// Inside of a runtime: servers that fill up with idle connections to their cap, and newcomers beyond it.

import process from "node:process";
import { MemoryTransport } from "../../../src/adapters/memory.ts";
import { HttpServer } from "../../../src/server/http_server.ts";
import { serveSettings } from "../../../src/options/settings.ts";
import { median } from "../../lib/stats.mjs";

const SIZES = [100, 1_000, 10_000];
/** Evictions that are measured at each size, in as many rounds as that takes. */
const EVICTIONS = 36_000;
/** Newcomers that are timed together: few enough that a collection of garbage spoils few of the samples. */
const SAMPLE = 15;
/** Below the share of the cap from which on new connections are not kept alive. */
const IDLE_SHARE = 0.85;

for (const size of SIZES) measure(size, Math.ceil(2_000 / size)); // for the compiler
const points = SIZES.map((size) => ({
  connections: size,
  ...measure(size, Math.ceil(EVICTIONS / (size * IDLE_SHARE))),
}));
console.log(JSON.stringify(points));
process.exit(0);

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
