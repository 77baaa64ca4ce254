/**
 * The options of connections and servers: checked, and every default filled in.
 */
import type { ConnectionOptions, DrainBody, ServeOptions, ServerOptions } from "../api/options.ts";
import type { ForwardedField, ProxyProtocolOptions, TrustProxyOptions } from "../api/proxies.ts";
import { checkFunctions, checkNames, checkObject, number } from "./checks.ts";
import { checkNoTls, type ListenSettings, readListenSettings } from "./listen_settings.ts";
import { describe, typeError, wrongType } from "./option_error.ts";
import { type ProtocolSettings, readProtocols } from "./protocols.ts";
import { readScalars, type Scalars } from "./scalars.ts";
import { optionNames, TABLE } from "./table.ts";
import { DEFAULT_BODY_RATE, readBodyRate, type TimeLimits } from "./time_limits.ts";

/** The settings of a connection. */
export interface Settings extends TimeLimits, Scalars<"connection">, ProtocolSettings {
  /** `drainBody.bytes` */
  readonly drainBytes: number;
  /** `drainBody.timeout` */
  readonly drainTimeout: number;
  /** The peers that send a PROXY header, as they were named; `null` for none. */
  readonly proxyProtocol: readonly string[] | null;
  /** The peers that are believed, as they were named, and by which fields; `null` for none. */
  readonly trustProxy: Required<TrustProxyOptions> | null;
}

/** How many connections are let in. */
export type AdmissionSettings = Scalars<"server">;

/**
 * Checks the options of one connection. Those of servers have their defaults, which cap nothing.
 *
 * @throws {TypeError} on a wrong type, an unknown option, or not exactly one handler
 * @throws {RangeError} on a number out of range
 */
export function connectionSettings(options: ConnectionOptions): Settings & AdmissionSettings {
  checkNames(options, optionNames("connection"));
  return { ...readSettings(options), ...readScalars({}, "server") };
}

/** Checks the options of a server. Throws as `connectionSettings` does. */
export function serverSettings(options: ServerOptions): Settings & AdmissionSettings {
  checkNames(options, optionNames("connection", "server"));
  return { ...readSettings(options), ...readScalars(options, "server") };
}

/** Checks the options of a server and of where it listens. Throws as `connectionSettings` does. */
export function serveSettings(options: ServeOptions): Settings & ListenSettings & AdmissionSettings {
  checkNames(options, optionNames("connection", "server", "listen", "serve"));
  const { signal } = options;
  checkFunctions(options, "serve");
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw wrongType("signal", "an AbortSignal", signal);
  }
  if (options.proxyProtocol !== undefined) checkNoTls(options);
  return { ...readSettings(options), ...readScalars(options, "server"), ...readListenSettings(options) };
}

function readSettings(options: ConnectionOptions): Settings {
  checkHandlers(options);
  return {
    ...readScalars(options, "connection"),
    ...readProtocols(options),
    ...readBodyRate(options.minBodyRate, DEFAULT_BODY_RATE),
    ...readDrainBody(options.drainBody),
    proxyProtocol: readProxies(options.proxyProtocol),
    trustProxy: readTrustProxy(options.trustProxy),
  };
}

function checkHandlers(options: ConnectionOptions): void {
  checkFunctions(options, "connection");
  const { fetch, exchange } = options;
  if ((fetch === undefined) !== (exchange === undefined)) return;
  throw typeError(
    "fetch",
    fetch === undefined
      ? 'a handler is missing: give option "fetch", or option "exchange"'
      : 'options "fetch" and "exchange" exclude each other: give one of them',
  );
}

function readDrainBody(given: DrainBody = {}): Pick<Settings, "drainBytes" | "drainTimeout"> {
  checkObject("drainBody", given, "an object like { bytes, timeout }");
  const { bytes, timeout } = TABLE.drainBody.members;
  return {
    drainBytes: number("drainBody.bytes", given.bytes, bytes),
    drainTimeout: number("drainBody.timeout", given.timeout, timeout),
  };
}

function readProxies(given: ProxyProtocolOptions | undefined): readonly string[] | null {
  if (given === undefined) return null;
  checkObject("proxyProtocol", given, 'an object like { allow: ["10.0.0.0/8"] }');
  return readAllow("proxyProtocol", given.allow, "no proxy sends a PROXY header");
}

/** What nearly all proxies set. Fields that one does not know it passes on as the client has sent them. */
const DEFAULT_FIELDS: readonly ForwardedField[] = ["x-forwarded-for", "x-forwarded-proto"];
const FORWARDED_FIELDS: readonly string[] = [
  "forwarded",
  ...DEFAULT_FIELDS,
  "x-forwarded-host",
  "x-forwarded-port",
];

function readTrustProxy(given: TrustProxyOptions | undefined): Required<TrustProxyOptions> | null {
  if (given === undefined) return null;
  checkObject("trustProxy", given, 'an object like { allow: ["10.0.0.0/8"] }');
  const { fields = DEFAULT_FIELDS } = given;
  const allow = readAllow("trustProxy", given.allow, "no proxy is in front");
  const known = FORWARDED_FIELDS.map(describe).join(", ");
  if (!Array.isArray(fields)) throw wrongType("trustProxy.fields", `an array of ${known}`, fields);
  if (fields.length === 0) {
    throw typeError(
      "trustProxy.fields",
      `option "trustProxy.fields" is empty, and must name at least one field: ${known}`,
    );
  }
  const stranger = fields.findIndex((name) => !FORWARDED_FIELDS.includes(name));
  if (stranger >= 0) {
    throw wrongType(
      `trustProxy.fields[${stranger}]`,
      `one of ${known}`,
      fields[stranger],
    );
  }
  return { allow, fields };
}

/** The entries of a list of peers; what they name is checked where they are parsed. `otherwise`: where it is not needed. */
function readAllow(option: string, allow: unknown, otherwise: string): readonly string[] {
  if (!Array.isArray(allow) || allow.length === 0) {
    throw typeError(
      `${option}.allow`,
      `option "${option}.allow" must be an array that names at least one peer, such as ["10.0.0.0/8"]; ` +
        `where ${otherwise}, leave out option "${option}"`,
    );
  }
  const stranger = allow.findIndex((entry) => typeof entry !== "string");
  if (stranger >= 0) {
    throw typeError(
      `${option}.allow`,
      `option "${option}.allow[${stranger}]" must be a string, not ${describe(allow[stranger])}`,
    );
  }
  return allow;
}
