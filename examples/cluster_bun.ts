// More than one core on Bun: several processes listen on one port (SO_REUSEPORT), among which the system spreads
// connections; each drains on SIGTERM. PORT chooses the port, WORKERS how many there are; without it there are as
// many as cores. Of the systems only Linux spreads them.
import process from "node:process";
import { fileURLToPath } from "node:url";
import { supervise } from "./cluster_processes.ts";
import { work } from "./cluster_worker.ts";

if (!("Bun" in globalThis)) {
  console.error("This example is for Bun; there are cluster_node.ts and cluster_deno.ts, too");
  process.exit(1);
}

if (process.env.WORKER) await work(true);
else await supervise(process.execPath, fileURLToPath(import.meta.url));
