// CPU that the server takes for a connection that comes, asks once and is closed by the server's answer; beside the
// runtime's own server and a raw loop that closes likewise.

import { cpuMicros } from "../lib/cpu_micros.mjs";
import { createLoad } from "../lib/load.mjs";
import { withPayloads } from "../lib/payload_files.mjs";
import { median } from "../lib/stats.mjs";
import { panelOf, startTrio } from "../lib/trio.mjs";
import { WORKLOADS } from "../lib/workloads.mjs";

const CONNECTIONS = 64;
/** The first round is for the compilers. */
const ROUNDS = 6;
const SECONDS = 1;

export async function measure({ runtimes, pins }) {
  const load = createLoad({ connections: CONNECTIONS, pin: pins.client });
  const results = await withPayloads(WORKLOADS.connect, async (payloads) => {
    const results = [];
    for (const runtime of runtimes) {
      results.push({ runtime, servers: await measureRuntime(runtime, load, payloads, pins) });
    }
    return results;
  });
  return [{
    title: "Server CPU for a connection with one request (µs)",
    note: "×: how many connections the server takes for the CPU that the runtime's own takes for one.",
    columns: ["runtime", "server", "CPU µs", "× own"],
    rows: results.flatMap(({ runtime, servers }) => {
      const own = servers.find(({ role }) => role === "peer");
      return servers.map(({ name, micros }) => [
        runtime.title,
        name,
        micros.toFixed(1),
        (own.micros / micros).toFixed(2),
      ]);
    }),
    chart: {
      kind: "bar",
      file: "probe-churn",
      title: "Server CPU for a connection with one request",
      xLabel: "",
      yLabel: "CPU µs",
      stack: true,
      panels: results.map(({ runtime, servers }) => panelOf(runtime, servers, ({ micros }) => micros)),
    },
  }];
}

/** The servers of a runtime in turn, round after round. */
async function measureRuntime(runtime, load, payloads, pins) {
  const servers = await startTrio(runtime, WORKLOADS.connect, pins);
  const rounds = servers.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, server] of servers.entries()) {
      rounds[i].push(await cpuMicros(load, server.process, { payloads, seconds: SECONDS }));
    }
  }
  for (const server of servers) server.process.stop();
  return servers.map((server, i) => ({ ...server, micros: median(rounds[i].slice(1)) }));
}
