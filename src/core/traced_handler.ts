/**
 * A handler whose requests are traced.
 */
import type { Clock } from "./clock.ts";
import type { RequestHandler } from "./exchange.ts";
import { RequestTrace, type Tracer } from "./request_trace.ts";

/** `handler`; while a tracer listens, its requests are traced. */
export function tracedHandler(handler: RequestHandler, tracer: Tracer, clock: Clock): RequestHandler {
  return (x) =>
    tracer.isObserved ? x.trace(handler, new RequestTrace(tracer, clock, x.port, x.head)) : handler(x);
}
