// What an idle connection keeps in memory, beside a bare socket of the same runtime, which is what remains when nobody
// parses or answers: the slope of the process's resident bytes over the connections.

import { startInspected } from "../lib/inspected_server.mjs";
import { checkOpenFiles, openAll } from "../lib/kept_clients.mjs";
import { median } from "../lib/stats.mjs";
import { thousands } from "../lib/table.mjs";
import { panelOf, trioOf } from "../lib/trio.mjs";
import { WORKLOADS } from "../lib/workloads.mjs";

/** Connections that are there before the first look: by then what all of them share has its size. */
const BEFORE = 2_000;
/** Connections between the two looks. */
const CONNECTIONS = 6_000;
/** Processes of each server: what is resident differs by half a MB from one to the next. */
const PROCESSES = 3;

/** Milliseconds that servers must keep them: opening and looking takes less. */
const IDLE = 120_000;
/** Forms of the runtimes' own servers that do so. Deno.serve does anyhow. */
const KEEPERS = { node: "node_http_idle.ts", bun: "bun_serve_idle.ts" };

export async function measure({ runtimes, pins }) {
  checkOpenFiles(BEFORE + CONNECTIONS);
  const results = [];
  for (const runtime of runtimes) {
    const servers = [];
    for (const server of trioOf(runtime, WORKLOADS.get)) {
      servers.push({ ...server, ...await idleBytes(runtime, keeping(runtime, server), pins) });
    }
    results.push({ runtime, servers });
  }
  return [{
    title: "Bytes in memory for an idle connection",
    note:
      "After a request, full collections and compaction. A raw loop holds its read buffer, which on Deno has " +
      "16,384 bytes. Goal: at most 1,024 over raw TCP.",
    columns: ["runtime", "server", "resident", "over raw TCP", "counted by the runtime"],
    rows: results.flatMap(({ runtime, servers }) => {
      const raw = servers.find(({ role }) => role === "limit");
      return servers.map((server) => [
        runtime.title,
        server.name,
        thousands(server.resident),
        server === raw ? "" : thousands(server.resident - raw.resident),
        thousands(server.used + server.external),
      ]);
    }),
    chart: {
      kind: "bar",
      file: "probe-idle-memory",
      title: "Bytes in memory for an idle connection",
      xLabel: "",
      yLabel: "resident bytes",
      stack: true,
      panels: results.map(({ runtime, servers }) =>
        panelOf(runtime, servers, ({ resident }) => Math.round(resident))
      ),
    },
  }];
}

function keeping(runtime, server) {
  const file = KEEPERS[runtime.id];
  if (server.role !== "peer" || file === undefined) return server;
  return { ...server, spec: { ...server.spec, file: () => file }, extra: [String(IDLE)] };
}

/** Medians over some processes. */
async function idleBytes(runtime, server, pins) {
  const results = [];
  for (let i = 0; i < PROCESSES; i++) results.push(await idleBytesOnce(runtime, server, pins));
  const of = (name) => median(results.map((result) => result[name]));
  return { resident: of("resident"), used: of("used"), external: of("external") };
}

async function idleBytesOnce(runtime, { name, spec, extra }, pins) {
  const server = await startInspected(runtime, spec, pins.server, extra);
  const clients = await openAll(server.port, BEFORE);
  const before = await server.memory();
  clients.push(...await openAll(server.port, CONNECTIONS));
  const after = await server.memory();
  if (clients.some((client) => client.readableEnded || client.destroyed)) {
    throw new Error(`${runtime.title}, ${name}: it closed idle connections while they were measured`);
  }
  server.stop();
  for (const client of clients) client.destroy();
  const slope = (name) => (after[name] - before[name]) / CONNECTIONS;
  return { resident: slope("resident"), used: slope("used"), external: slope("external") };
}
