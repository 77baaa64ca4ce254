/**
 * What the system knows of the connections of a server on 127.0.0.1, where it tells (Linux).
 */
import { existsSync, readFileSync } from "node:fs";
import { until } from "./until.ts";

const TABLE = "/proc/net/tcp";

/** Why the tests that look are skipped, if they are. */
export const NO_TABLE: string | false = existsSync(TABLE) ? false : `the system has no ${TABLE}`;

/** The state of a socket that listens, as the table writes it. */
const LISTENS = "0A";

/** A connection that the server has a descriptor of. */
export interface ServerSocket {
  /** Which timer runs: 2 is that of the keep-alive probes, while nothing is being sent. */
  readonly timer: number;
}

/** The connections of the server on `port` that it has not closed. */
export function serverSockets(port: number): ServerSocket[] {
  return readFileSync(TABLE, "utf8").split("\n").slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state, , , , , , inode]) =>
      local?.endsWith(`:${port.toString(16).toUpperCase().padStart(4, "0")}`) && state !== LISTENS &&
      inode !== "0" // that of a socket which no process has any more
    )
    .map(([, , , , , timer]) => ({ timer: parseInt(timer, 16) }));
}

/** Resolves once the server on `port` has `count` connections open. */
export function haveSockets(port: number, count: number): Promise<void> {
  return until(() => serverSockets(port).length, count, "open connections");
}
