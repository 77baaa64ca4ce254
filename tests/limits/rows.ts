/**
 * Every limit that there is, taken from the options that the engine itself knows.
 */
import assert from "node:assert/strict";
import type { ServeOptions } from "../../src/api/options.ts";
import type { Timeouts } from "../../src/api/timeouts.ts";
import { serveSettings } from "../../src/options/settings.ts";
import { timeLimitsWith } from "../../src/options/time_limits.ts";

/** Options that limit nothing. Every other one is a limit. */
const NO_LIMITS: readonly (keyof ServeOptions)[] = [
  "fetch",
  "exchange",
  "onError",
  "onRefused",
  "onStateChange",
  "http1",
  // Its members limit what HTTP/2 alone has, and are tested with it.
  "http2",
  "port",
  "hostname",
  "path",
  "mode",
  "fd",
  "tls",
  "reusePort",
  "proxyProtocol",
  "trustProxy",
  "globals",
  "signal",
  "onListen",
];

/** A limit that follows from another one, and has no option. */
const PRESSURE = "pressure";

const HANDLER = { fetch: () => new Response() };
/** No option is called that. */
const UNKNOWN = "?";

/**
 * Every limit by its name: an option, or a part of one ("drainBody.bytes"); "pressure"; and what a handler
 * may set for its own request ("setTimeouts.writeTimeout").
 */
export const LIMITS: readonly string[] = allLimits();

function allLimits(): string[] {
  const options = namesKnownTo(() => serveSettings({ ...HANDLER, [UNKNOWN]: 0 } as ServeOptions), UNKNOWN);
  for (const name of NO_LIMITS) assert.ok(options.includes(name), `${name} is no option any more`);
  const settable = namesKnownTo(
    () => timeLimitsWith({ [UNKNOWN]: 0 } as Timeouts, serveSettings(HANDLER)),
    UNKNOWN,
  );
  return [
    ...options.filter((name) => !(NO_LIMITS as readonly string[]).includes(name)).flatMap(parts),
    PRESSURE,
    ...settable.map((name) => `setTimeouts.${name}`),
  ];
}

/** An option, or the parts that it has. */
function parts(option: string): string[] {
  const settings = () => serveSettings({ ...HANDLER, [option]: { [UNKNOWN]: 0 } } as ServeOptions);
  const names = namesKnownTo(settings, `${option}.${UNKNOWN}`);
  return names.length === 0 ? [option] : names.map((name) => `${option}.${name}`);
}

/** The names that `check` knows, as it tells them where it refuses `unknown`; none where it does not. */
function namesKnownTo(check: () => unknown, unknown: string): string[] {
  const refusal = `option ${JSON.stringify(unknown)} is unknown; the options are `;
  try {
    check();
  } catch (error) {
    const { message } = error as Error;
    if (message.startsWith(refusal)) return message.slice(refusal.length).split(", ");
  }
  return [];
}
