/**
 * Servers under `bun --hot`, which evaluates a program's modules again, this one included, in the same process: the
 * servers of the program before make room for those of the program as it is, and end well.
 */
import type { Server } from "../api/server.ts";
import { nodeProcess } from "./node_process.ts";

/** The servers of one evaluation of the program. */
const servers = new Set<Server>();

/** Where the next evaluation finds them. */
const KEY = Symbol.for("@mooring/http: servers of bun --hot");
const shared = globalThis as { [KEY]?: Set<Server> };

const isHot = "Bun" in globalThis && nodeProcess().execArgv.includes("--hot");

/** Shuts down the servers of the evaluation before: they accept no more when this returns. Called before each listen. */
export function replaceServers(): void {
  if (!isHot || shared[KEY] === servers) return;
  // Idle connections end at once: their next requests are for the program as it is.
  for (const server of shared[KEY] ?? []) void server.shutdown({ idleGrace: 0 });
  shared[KEY] = servers;
}

/** Keeps `server` in mind until it ends. */
export function rememberServer(server: Server): void {
  if (!isHot) return;
  servers.add(server);
  void server.finished.then(() => servers.delete(server));
}
