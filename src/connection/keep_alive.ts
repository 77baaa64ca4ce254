/**
 * The keep-alive decision (RFC 9112 §9.3), from every side that has a say: the client, the server, and the
 * body that may be left unread.
 */
import type { CloseReason } from "../conn.ts";
import type { Settings, TimeLimits } from "../settings.ts";
import { persists } from "../protocol/persistence.ts";
import type { Engine } from "./engine.ts";
import type { HttpExchange } from "./exchange.ts";

/** What of a connection matters for whether it goes on. */
export interface Persisting {
  /** Requests that it has brought, this one included. */
  readonly requests: number;
  /** Whether it was told to end with its next response. */
  readonly retiring: boolean;
  /** From when on it ends with its next response. */
  readonly retiresAt: number;
}

/** Under pressure, what of the idle time is left: one part of so many. */
const SHORTER = 4;
/** What is shortened stays at least this long, in milliseconds: the shortest time that can be told. */
const SHORTEST = 1000;

/** For how long a connection may idle that becomes idle now, as it is told to the client; 0 for ever. */
export function idleTimeNow({ pressure }: Engine, { idleTimeout }: TimeLimits): number {
  if (pressure === "none" || idleTimeout <= SHORTEST) return idleTimeout;
  return Math.max(SHORTEST, Math.floor(idleTimeout / SHORTER));
}

/** When a connection that comes at `now` has its age; each another time, so that not all retire together. */
export function retirement({ maxAge, jitter }: Settings, now: number): number {
  if (maxAge === 0) return Infinity;
  return now + maxAge * (1 + jitter * (2 * Math.random() - 1));
}

/**
 * Why a connection cannot go on after the exchange under way, or `null`. Decided as the response's head is
 * written; `whole` says that its body follows at once, so that no more of the request is read.
 */
export function whyNotPersist(
  engine: Engine,
  connection: Persisting,
  x: HttpExchange,
  whole: boolean,
): CloseReason | null {
  const { settings } = engine;
  if (!persists(x.head.minor, x.head.connection)) return "close_requested";
  if (!engine.keepAlive) return "keep_alive_off";
  if (connection.retiring) return "shutdown";
  if (engine.now >= connection.retiresAt) return "max_age";
  if (engine.pressure === "refusing" && connection.requests === 1) return "pressure";
  if (settings.maxRequests > 0 && connection.requests >= settings.maxRequests) return "max_requests";
  return mayStayUnread(x, settings.drainBytes, whole) ? "unread_body" : null;
}

/** Whether the client may never send the rest of the body, or more of it than is worth reading. */
function mayStayUnread({ head, body }: HttpExchange, budget: number, whole: boolean): boolean {
  if (body.complete) return false;
  // A client that still waits for 100 may send the body next, or not: what comes could be either.
  if (head.expectsContinue && !body.arrived) return true;
  if (body.state === "awaited" || (body.state === "resting" && !whole)) return false;
  return (body.remaining ?? 0) > budget;
}
