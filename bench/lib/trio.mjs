// The three servers of a runtime that most probes set side by side: Mooring with an `exchange` handler, the runtime's
// own, and the raw loop, which is the limit.

import { MOORING, raw } from "./roster.mjs";
import { startServer } from "./server_process.mjs";

/** Each with its role, as charts know it, and its arguments for `workload`. */
export function trioOf(runtime, workload) {
  const closing = workload.closes ? ["close"] : [];
  const extra = [String(workload.size), ...closing];
  return [
    { name: "Mooring", role: "mooring", spec: MOORING[0], extra },
    { name: runtime.peer.name, role: "peer", spec: runtime.peer, extra },
    {
      name: "raw TCP",
      role: "limit",
      spec: raw,
      extra: [workload.sampleAnswer.toString("base64"), ...closing],
    },
  ];
}

/** Starts them; each has its `process` then. */
export async function startTrio(runtime, workload, pins) {
  const servers = trioOf(runtime, workload);
  for (const server of servers) {
    server.process = await startServer(runtime, server.spec, pins.server, server.extra);
  }
  return servers;
}

const ROLES = { mooring: "Mooring", peer: "the runtime's own", limit: "raw TCP" };

/** A panel of a chart of stacked bars: a bar for each server, in the colour of its role. */
export function panelOf(runtime, servers, valueOf) {
  return {
    title: runtime.title,
    categories: servers.map(({ name }) => name),
    series: Object.entries(ROLES).map(([role, name]) => ({
      name,
      role,
      data: servers.map((server) => server.role === role ? valueOf(server) : null),
    })),
  };
}
