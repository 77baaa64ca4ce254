// CPU that the server takes for a request against the number of connections, all of them busy; beside the runtime's own
// server, and the raw loop, which shows what of a growth is the runtime's. Opening the connections is in it, which with
// 10 000 of them is a few percent.

import { cpuMicros } from "../lib/cpu_micros.mjs";
import { checkOpenFiles } from "../lib/kept_clients.mjs";
import { createLoad } from "../lib/load.mjs";
import { withPayloads } from "../lib/payload_files.mjs";
import { median } from "../lib/stats.mjs";
import { thousands } from "../lib/table.mjs";
import { startTrio } from "../lib/trio.mjs";
import { WORKLOADS } from "../lib/workloads.mjs";

/** Seconds of a run by the number of connections: the more, the longer they take to open. */
const RUNS = [
  { connections: 10, seconds: 1 },
  { connections: 100, seconds: 1 },
  { connections: 1_000, seconds: 2 },
  { connections: 10_000, seconds: 6 },
];
const ROUNDS = 3;

export async function measure({ runtimes, pins }) {
  checkOpenFiles(RUNS.at(-1).connections);
  return await withPayloads(WORKLOADS.get, async (payloads) => {
    const sections = [];
    for (const runtime of runtimes) {
      sections.push(section(runtime, await measureRuntime(runtime, payloads, pins)));
    }
    return sections;
  });
}

function section(runtime, servers) {
  return {
    title: `Server CPU for a small GET on ${runtime.title}, by busy connections (µs)`,
    note: "",
    columns: ["server", ...RUNS.map(({ connections }) => thousands(connections))],
    rows: servers.map(({ name, micros }) => [name, ...micros.map((value) => value.toFixed(2))]),
    chart: {
      kind: "line",
      file: `probe-connections-${runtime.id}`,
      title: `${runtime.title}: server CPU for a small GET, by busy connections`,
      xLabel: "connections",
      yLabel: "CPU µs",
      logX: true,
      categories: null,
      series: servers.map(({ name, role, micros }) => ({
        name,
        role,
        data: micros.map((value, i) => [RUNS[i].connections, value]),
      })),
    },
  };
}

/** The servers of a runtime in turn, round after round. */
async function measureRuntime(runtime, payloads, pins) {
  const servers = await startTrio(runtime, WORKLOADS.get, pins);
  const run = ({ process }, connections, seconds) =>
    cpuMicros(createLoad({ connections, pin: pins.client }), process, { payloads, seconds });
  for (const server of servers) {
    await run(server, RUNS[0].connections, RUNS[0].seconds); // for the compilers
    server.micros = [];
  }
  for (const { connections, seconds } of RUNS) {
    const rounds = servers.map(() => []);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, server] of servers.entries()) rounds[i].push(await run(server, connections, seconds));
    }
    for (const [i, server] of servers.entries()) server.micros.push(median(rounds[i]));
  }
  for (const server of servers) server.process.stop();
  return servers;
}
