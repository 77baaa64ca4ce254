// A server process whose memory can be looked at, as its runtime counts it and as the system does.

import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { serverPath } from "./roster.mjs";
import { startServer } from "./server_process.mjs";
import { withV8Flags } from "./v8_flags.mjs";

const WRAPPER = { name: "inspected server", file: () => "../lib/inspected.mjs" };

/**
 * As `startServer`. What it starts has two more functions: `memory()` resolves to bytes, `resident` ones as the system
 * counts them and `used`, `capacity` and `external` as the runtime does, after a full collection or, for "look", as it
 * is; `stop()` ends the server.
 */
export async function startInspected(runtime, spec, pin, extra = [], v8Flags = ["--expose-gc"]) {
  const directory = mkdtempSync(join(tmpdir(), "mooring-bench-"));
  const path = join(directory, "control");
  const args = [serverPath(runtime, spec), path, ...extra];
  const server = await startServer(withV8Flags(runtime, v8Flags), WRAPPER, pin, args);
  const control = connect(path);
  await once(control, "connect");
  rmSync(directory, { recursive: true });
  const lines = createInterface({ input: control })[Symbol.asyncIterator]();
  return {
    ...server,
    async memory(command = "collect") {
      control.write(command);
      const { value } = await lines.next();
      return { ...JSON.parse(value), resident: residentBytes(server.pid) };
    },
    stop() {
      control.destroy();
      server.stop();
    },
  };
}

/** Bytes of a process that are in memory: its own, and its share of those that it shares (proc(5), smaps_rollup). */
export function residentBytes(pid) {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "latin1");
  return Number(/^Pss:\s*(\d+) kB/m.exec(rollup)[1]) * 1024;
}
