/**
 * The options of connections and servers: checked, and every default filled in.
 */
import type {
  ConnectionOptions,
  DrainBody,
  ProxyProtocolOptions,
  ServeOptions,
  ServerOptions,
} from "../api/options.ts";
import {
  checkFunction,
  checkNames,
  checkObject,
  describe,
  flag,
  type Flags,
  limit,
  member,
  type Numbers,
} from "./checks.ts";
import { checkNoTls, type ListenSettings, readListenSettings } from "./listen_settings.ts";
import { optionNames } from "./table.ts";
import { DEFAULT_TIMES, readTimeLimits, type TimeLimits } from "./time_limits.ts";

/** The settings of a connection. */
export interface Settings extends
  TimeLimits,
  Flags<"keepAlive" | "keepAliveHint" | "globals">,
  Numbers<
    | "idleTimeoutBuffer"
    | "headerTimeout"
    | "maxRequests"
    | "maxAge"
    | "jitter"
    | "maxHeaderBytes"
    | "maxHeaders"
    | "maxTargetBytes"
    | "maxBodyBytes"
    | "lingerTimeout"
    | "highWaterMark"
  > {
  /** `drainBody.bytes` */
  readonly drainBytes: number;
  /** `drainBody.timeout` */
  readonly drainTimeout: number;
  /** The peers that send a PROXY header, as they were named; `null` for none. */
  readonly proxies: readonly string[] | null;
}

/** How many connections are let in. */
export type AdmissionSettings = Numbers<"maxConnections" | "maxConnectionsPerIp">;

/** The caps of a server of connections that are counted elsewhere. */
const NO_CAPS: AdmissionSettings = { maxConnections: 0, maxConnectionsPerIp: 0 };

/**
 * Checks the options of one connection.
 *
 * @throws {TypeError} on a wrong type, an unknown option, or not exactly one handler
 * @throws {RangeError} on a number out of range
 */
export function connectionSettings(options: ConnectionOptions): Settings & AdmissionSettings {
  checkNames(options, optionNames("connection"));
  return { ...readSettings(options), ...NO_CAPS };
}

/** Checks the options of a server. Throws as `connectionSettings` does. */
export function serverSettings(options: ServerOptions): Settings & AdmissionSettings {
  checkNames(options, optionNames("connection", "server"));
  return { ...readSettings(options), ...readCaps(options) };
}

/** Checks the options of a server and of where it listens. Throws as `connectionSettings` does. */
export function serveSettings(options: ServeOptions): Settings & ListenSettings & AdmissionSettings {
  checkNames(options, optionNames("connection", "server", "listen", "serve"));
  const { signal } = options;
  checkFunction("onListen", options.onListen);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`option "signal" must be an AbortSignal, not ${describe(signal)}`);
  }
  if (options.proxyProtocol !== undefined) checkNoTls(options);
  return { ...readSettings(options), ...readCaps(options), ...readListenSettings(options) };
}

function readCaps(options: ServerOptions): AdmissionSettings {
  return {
    maxConnections: limit(options, "maxConnections"),
    maxConnectionsPerIp: limit(options, "maxConnectionsPerIp"),
  };
}

function readSettings(options: ConnectionOptions): Settings {
  const { fetch, exchange } = options;
  for (const name of ["fetch", "exchange", "onError", "onRefused", "onStateChange"] as const) {
    checkFunction(name, options[name]);
  }
  if ((fetch === undefined) === (exchange === undefined)) {
    throw new TypeError(
      fetch === undefined
        ? 'a handler is missing: give option "fetch", or option "exchange"'
        : 'options "fetch" and "exchange" exclude each other: give one of them',
    );
  }
  return {
    ...readTimeLimits(options, DEFAULT_TIMES),
    ...readDrainBody(options.drainBody),
    keepAlive: flag(options, "keepAlive"),
    keepAliveHint: flag(options, "keepAliveHint"),
    globals: flag(options, "globals"),
    idleTimeoutBuffer: limit(options, "idleTimeoutBuffer"),
    headerTimeout: limit(options, "headerTimeout"),
    maxRequests: limit(options, "maxRequests"),
    maxAge: limit(options, "maxAge"),
    jitter: limit(options, "jitter"),
    maxHeaderBytes: limit(options, "maxHeaderBytes"),
    maxHeaders: limit(options, "maxHeaders"),
    maxTargetBytes: limit(options, "maxTargetBytes"),
    maxBodyBytes: limit(options, "maxBodyBytes"),
    lingerTimeout: limit(options, "lingerTimeout"),
    highWaterMark: limit(options, "highWaterMark"),
    proxies: readProxies(options.proxyProtocol),
  };
}

function readDrainBody(given: DrainBody = {}): Pick<Settings, "drainBytes" | "drainTimeout"> {
  checkObject("drainBody", given, "an object like { bytes, timeout }");
  return {
    drainBytes: member("drainBody.bytes", given.bytes),
    drainTimeout: member("drainBody.timeout", given.timeout),
  };
}

/** The entries of `allow`; what they name is checked where they are parsed. */
function readProxies(given: ProxyProtocolOptions | undefined): readonly string[] | null {
  if (given === undefined) return null;
  checkObject("proxyProtocol", given, 'an object like { allow: ["10.0.0.0/8"] }');
  const { allow } = given;
  if (!Array.isArray(allow) || allow.length === 0) {
    throw new TypeError(
      'option "proxyProtocol.allow" must be an array that names at least one peer, such as ["10.0.0.0/8"]; ' +
        'where no proxy sends a PROXY header, leave out option "proxyProtocol"',
    );
  }
  const stranger = allow.findIndex((entry) => typeof entry !== "string");
  if (stranger >= 0) {
    throw new TypeError(
      `option "proxyProtocol.allow[${stranger}]" must be a string, not ${describe(allow[stranger])}`,
    );
  }
  return allow;
}
