/**
 * Which of the things that happened explain why a connection was closed.
 */
import type { CloseReason } from "../../src/api/transport.ts";
import type { Client } from "./client.ts";
import { Http2Client } from "./http2_client.ts";
import type { Entry } from "./ledger.ts";
import type { Plan } from "./plan.ts";

/** Whether a client does not take what comes, or something is in its way. */
export function isHindered({ isBroken, hasEnded, hasErred, reads, plan }: Client): boolean {
  return isBroken || hasEnded || hasErred || !reads || plan.transport.faults.length > 0;
}

/** Ends before which every request that a handler got is answered. */
export const FINISHED: ReadonlySet<CloseReason> = new Set<CloseReason>([
  "close_requested",
  "response_close",
  "max_requests",
  "max_age",
  "keep_alive_off",
  "pressure",
  "idle_timeout",
  "shutdown",
  "shutdown_idle",
]);

type Explains = (client: Client, plan: Plan, hasIntervened: boolean) => boolean;

const has = (plan: Plan, name: string): boolean =>
  plan.options.some(([option, value]) => option === name && value !== 0);
const some = (client: Client, is: (entry: Entry) => boolean): boolean => client.asked.some(is);

/** Whether the engine can have seen an end: the client's, or one that the transport made up. */
function mayHaveLeft({ hasEnded, isBroken, plan }: Client): boolean {
  return hasEnded || isBroken || plan.transport.faults.length > 0;
}

/** Which of the things that happened explain an end; what is left out needs no explanation. */
export const REASONS: Readonly<Partial<Record<CloseReason, Explains>>> = {
  client_closed: mayHaveLeft,
  client_gone: mayHaveLeft,
  close_requested: (client) =>
    some(
      client,
      ({ request }) => request.minor === 0 || request.fields.some(([name]) => name === "Connection"),
    ),
  max_requests: (_, plan) => has(plan, "maxRequests"),
  max_age: (_, plan) => has(plan, "maxAge"),
  keep_alive_off: (_, plan) =>
    has(plan, "keepAlive") || plan.operator.some(({ does }) => does === "keepAlive off"),
  pressure: (_, plan) => has(plan, "maxConnections"),
  slow_body: (client) => some(client, ({ request }) => request.body !== null),
  unread_body: (client) => some(client, ({ request }) => request.body !== null),
  evicted: (_, plan) => has(plan, "maxConnections"),
  rejected: (_, plan) => has(plan, "maxConnections") || has(plan, "maxConnectionsPerIp"),
  protocol_error: (client, plan) =>
    client.hasErred || has(plan, "maxBodyBytes") ||
    client instanceof Http2Client && client.circumstances.mayBeLate ||
    client.plan.steps.some((step) => step.do === "flood"),
  handler_error: (client) => some(client, ({ failed }) => failed),
  upgraded: (client) => some(client, ({ upgraded }) => upgraded),
  shutdown: (_client, _plan, hasIntervened) => hasIntervened,
  shutdown_idle: (_client, _plan, hasIntervened) => hasIntervened,
  forced: (_client, _plan, hasIntervened) => hasIntervened,
};
