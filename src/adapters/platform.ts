/**
 * What servers need of a runtime, listeners aside, which is the same on all of them.
 */
import type { Listen } from "../server/listener.ts";
import type { Platform } from "../server/platform.ts";
import { inOwnContext } from "./async_context.ts";
import { rememberServer } from "./bun_hot.ts";
import { tracer } from "./diagnostics.ts";
import { runtimeClock } from "./runtime_clock.ts";
import { transportOf } from "./streams.ts";

/** The runtime at hand, with these listeners. */
export function platformWith(listen: Listen): Platform {
  return { clock: runtimeClock, inOwnContext, tracer, onServer: rememberServer, listen, transportOf };
}
