// Load on one server, and the CPU that the server took for it.

import { cpuSeconds } from "./cpu.mjs";

/** Runs `job` against a server; resolves to the CPU µs of a request. Throws where an answer was wrong or missing. */
export async function cpuMicros(load, server, job) {
  const before = cpuSeconds(server.pid);
  const { requests, errors } = await load.run({ ...job, port: server.port });
  const cpu = cpuSeconds(server.pid) - before;
  if (errors.length > 0) throw new Error(errors.join(", "));
  if (requests === 0) throw new Error("no request was answered");
  return cpu * 1e6 / requests;
}
