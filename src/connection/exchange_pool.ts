/**
 * Exchanges that nobody uses, of all servers of this thread. An exchange comes back only when it is over,
 * nobody was cut off with it, and its handler has ended: whoever may still hold it keeps it for good.
 */
import { HttpExchange } from "./exchange.ts";

/** How many are kept: more than are ever under way at once in one burst of input. */
const MAX_POOLED = 256;

const pool: HttpExchange[] = [];

/** An exchange to use. */
export function acquireExchange(): HttpExchange {
  return pool.pop() ?? new HttpExchange();
}

/** Takes back an exchange. */
export function releaseExchange(exchange: HttpExchange): void {
  exchange.head.reset();
  if (pool.length < MAX_POOLED) pool.push(exchange);
}
