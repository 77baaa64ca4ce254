/**
 * The report of a shutdown.
 */
import type { ShutdownReport } from "../api/server.ts";
import type { CloseReason } from "../api/transport.ts";

/** Connections that ended, by reason. */
export type CloseCounts = Partial<Record<CloseReason, number>>;

/** What a shutdown did: the difference between what was `closed` before and after. */
export function shutdownReport(before: CloseCounts, after: CloseCounts): ShutdownReport {
  const closed: CloseCounts = {};
  let finished = 0;
  for (const [reason, count] of Object.entries(after) as [CloseReason, number][]) {
    const since = count - (before[reason] ?? 0);
    if (since === 0) continue;
    closed[reason] = since;
    if (reason !== "shutdown_idle" && reason !== "forced") finished += since;
  }
  return { finished, idleClosed: closed.shutdown_idle ?? 0, forced: closed.forced ?? 0, closed };
}
