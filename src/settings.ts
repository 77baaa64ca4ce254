/**
 * The options, checked when given, and every default filled in.
 */
import type {
  ConnectionOptions,
  DrainBody,
  MinBodyRate,
  ProxyProtocolOptions,
  ServeOptions,
  Timeouts,
  TlsOptions,
} from "./options.ts";

/** The times that hold for one request, and the idle time after it. */
export interface TimeLimits {
  readonly idleTimeout: number;
  readonly requestTimeout: number;
  /** Bytes a second, over the whole body. */
  readonly minBodyRate: number;
  /** Milliseconds for which the rate does not count. */
  readonly bodyRateGrace: number;
  readonly writeTimeout: number;
}

/** The settings of a connection: every option has its value. */
export interface Settings extends TimeLimits {
  readonly keepAlive: boolean;
  readonly keepAliveHint: boolean;
  readonly idleTimeoutBuffer: number;
  readonly headerTimeout: number;
  readonly maxRequests: number;
  readonly maxAge: number;
  readonly jitter: number;
  readonly maxHeaderBytes: number;
  readonly maxHeaders: number;
  readonly maxTargetBytes: number;
  readonly maxBodyBytes: number;
  readonly drainBytes: number;
  readonly drainTimeout: number;
  readonly lingerTimeout: number;
  readonly highWaterMark: number;
  /** The peers that send a PROXY header, as they were named; `null` where nobody does. */
  readonly proxies: readonly string[] | null;
  /** Whether a `fetch` handler replaces the globals `fetch`, `Request` and `Response`. */
  readonly globals: boolean;
}

/** A port of one address. */
export interface TcpPlace {
  readonly kind: "tcp";
  readonly port: number;
  /** `ALL_ADDRESSES` where none was named. */
  readonly hostname: string;
  readonly reusePort: boolean;
}

/** Every address of this machine, of IPv6 and of IPv4. */
export const ALL_ADDRESSES = "";

/** Where a server listens. */
export type ListenAt =
  | TcpPlace
  | { readonly kind: "unix"; readonly path: string; readonly mode: number | undefined }
  | { readonly kind: "fd"; readonly fd: number | "systemd" };

/** The settings of a listener. */
export interface ListenSettings {
  readonly at: ListenAt;
  readonly backlog: number;
  readonly tls: TlsOptions | undefined;
}

/** Who is let in. */
export interface AdmissionSettings {
  readonly maxConnections: number;
  readonly maxConnectionsPerIp: number;
}

const CONNECTION_OPTIONS = [
  "fetch",
  "exchange",
  "onError",
  "onRefused",
  "onStateChange",
  "keepAlive",
  "keepAliveHint",
  "idleTimeout",
  "idleTimeoutBuffer",
  "headerTimeout",
  "requestTimeout",
  "minBodyRate",
  "writeTimeout",
  "maxRequests",
  "maxAge",
  "jitter",
  "maxHeaderBytes",
  "maxHeaders",
  "maxTargetBytes",
  "maxBodyBytes",
  "drainBody",
  "lingerTimeout",
  "highWaterMark",
  "proxyProtocol",
  "globals",
] as const satisfies readonly (keyof ConnectionOptions)[];

const DRAIN_BODY_OPTIONS = ["bytes", "timeout"] as const satisfies readonly (keyof DrainBody)[];

const MIN_BODY_RATE_OPTIONS = ["bytesPerSecond", "grace"] as const satisfies readonly (keyof MinBodyRate)[];

const PROXY_PROTOCOL_OPTIONS = ["allow"] as const satisfies readonly (keyof ProxyProtocolOptions)[];

const TLS_OPTIONS = ["key", "cert", "passphrase", "ca"] as const satisfies readonly (keyof TlsOptions)[];

const TIMEOUTS = [
  "idleTimeout",
  "requestTimeout",
  "minBodyRate",
  "writeTimeout",
] as const satisfies readonly (keyof Timeouts)[];

const SERVE_OPTIONS = [
  ...CONNECTION_OPTIONS,
  "port",
  "hostname",
  "path",
  "mode",
  "fd",
  "tls",
  "reusePort",
  "backlog",
  "maxConnections",
  "maxConnectionsPerIp",
  "signal",
  "onListen",
] as const satisfies readonly (keyof ServeOptions)[];

/** A timer of a platform holds 31 bits of milliseconds, and fires at once on more. */
export const MAX_TIME: number = 2 ** 31 - 1;
const MAX_PORT = 65_535;

/**
 * Checks the options of one connection and fills in the defaults.
 *
 * @throws {TypeError} on a wrong type, an unknown option, or not exactly one handler
 * @throws {RangeError} on a number out of range
 */
export function connectionSettings(options: ConnectionOptions): Settings & AdmissionSettings {
  checkNames(options, CONNECTION_OPTIONS);
  return { ...settings(options), ...NO_CAPS };
}

/** Who accepts connections elsewhere counts them there. */
const NO_CAPS: AdmissionSettings = { maxConnections: 0, maxConnectionsPerIp: 0 };

/** Checks the options of a server and fills in the defaults. Throws as `connectionSettings` does. */
export function serveSettings(options: ServeOptions): Settings & ListenSettings & AdmissionSettings {
  checkNames(options, SERVE_OPTIONS);
  const { signal } = options;
  checkType("onListen", options.onListen, "function");
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`option "signal" must be an AbortSignal, not ${show(signal)}`);
  }
  if (options.proxyProtocol !== undefined && options.tls !== undefined) {
    throw new TypeError(
      'option "proxyProtocol" does not go with option "tls", since a PROXY header comes before the TLS ' +
        "handshake: let the proxy speak TLS with the clients, and plain HTTP with this server",
    );
  }
  return {
    ...settings(options),
    at: listenAt(options),
    tls: options.tls === undefined ? undefined : checkTls(options.tls),
    backlog: number("backlog", options.backlog, 1024, 1, MAX_TIME),
    maxConnections: number("maxConnections", options.maxConnections, 0),
    maxConnectionsPerIp: number("maxConnectionsPerIp", options.maxConnectionsPerIp, 0),
  };
}

/** Options that say where to listen, with those that go along. */
const PLACES = { port: ["hostname", "reusePort"], path: ["mode"], fd: [] } as const;

function listenAt(options: ServeOptions): ListenAt {
  const { hostname, path, fd } = options;
  const place = path !== undefined ? "path" : fd !== undefined ? "fd" : "port";
  for (const [other, along] of Object.entries(PLACES)) {
    const stray = other === place ? undefined : [other, ...along].find((name) => name in options);
    if (stray !== undefined && options[stray as keyof ServeOptions] !== undefined) {
      throw new TypeError(`option "${stray}" does not go with option "${place}": give one of them`);
    }
  }
  if (place === "path") {
    if (typeof path !== "string" || path === "") {
      throw new TypeError(`option "path" must be the path of a socket, not ${show(path)}`);
    }
    if (path.includes("\0", 1)) {
      throw new TypeError(`option "path" must have no NUL but as its first character, unlike ${show(path)}`);
    }
    if (path.startsWith("\0") && options.mode !== undefined) {
      throw new TypeError('option "mode" does not go with an option "path" that names no file');
    }
    const mode = options.mode === undefined ? undefined : number("mode", options.mode, 0, 0, 0o777);
    return { kind: "unix", path, mode };
  }
  if (place === "fd") {
    return { kind: "fd", fd: fd === "systemd" ? fd : number("fd", fd, 0, 0, MAX_TIME) };
  }
  if (hostname !== undefined && (typeof hostname !== "string" || !/^[^\s\0]+$/.test(hostname))) {
    throw new TypeError(`option "hostname" must be an address or a host name, not ${show(hostname)}`);
  }
  return {
    kind: "tcp",
    port: number("port", portNumber(options.port), 8000, 0, MAX_PORT),
    hostname: hostname === undefined ? ALL_ADDRESSES : withoutBrackets(hostname),
    reusePort: flag("reusePort", options.reusePort, false),
  };
}

/** A port as the environment has it is text. */
function portNumber(port: number | string | undefined): number | undefined {
  if (typeof port !== "string") return port;
  if (!/^[0-9]+$/.test(port)) {
    throw new TypeError(`option "port" must be a number, also as a string of digits, not ${show(port)}`);
  }
  return Number(port);
}

/** An IPv6 address, also as a URL writes it (RFC 3986 §3.2.2). */
function withoutBrackets(hostname: string): string {
  return /^\[([^\]]*:[^\]]*)\]$/.exec(hostname)?.[1] ?? hostname;
}

/** What PEM must hold to be used. */
const PEM = {
  key: ["private key", /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/],
  cert: ["certificate", /-----BEGIN (?:[A-Z0-9]+ )?CERTIFICATE-----/],
  ca: ["certificate", /-----BEGIN (?:[A-Z0-9]+ )?CERTIFICATE-----/],
} as const;

/** Checks a certificate's options; `prefix` is what they are called by. Throws as `serveSettings`. */
export function checkTls(tls: TlsOptions, name = "tls"): TlsOptions {
  if (typeof tls !== "object" || tls === null) {
    throw new TypeError(`option "${name}" must be an object like { key, cert }, not ${show(tls)}`);
  }
  checkNames(tls, TLS_OPTIONS, `${name}.`);
  for (const part of ["key", "cert", "ca"] as const) {
    const value = tls[part];
    if (typeof value === "string" || value instanceof Uint8Array) continue;
    if (part === "ca" && value === undefined) continue;
    throw new TypeError(`option "${name}.${part}" must be PEM, as a string or bytes, not ${show(value)}`);
  }
  for (const part of ["key", "cert", "ca"] as const) {
    const value = tls[part];
    if (value === undefined) continue;
    const [what, pattern] = PEM[part];
    const text = typeof value === "string" ? value : new TextDecoder().decode(value);
    if (!pattern.test(text)) throw new TypeError(`option "${name}.${part}" holds no ${what} as PEM`);
  }
  if (tls.passphrase !== undefined && typeof tls.passphrase !== "string") {
    throw new TypeError(`option "${name}.passphrase" must be a string, not ${show(tls.passphrase)}`);
  }
  return tls;
}

/** The limits that hold once a handler set `timeouts` in place of some of `limits`. Throws as `serve` does. */
export function limitsWith(timeouts: Timeouts, limits: TimeLimits): TimeLimits {
  checkNames(timeouts, TIMEOUTS);
  return timeLimits(timeouts, limits);
}

/** The times in force where nothing else is said. */
const DEFAULT_TIMES: TimeLimits = {
  idleTimeout: 60_000,
  requestTimeout: 300_000,
  minBodyRate: 240,
  bodyRateGrace: 60_000,
  writeTimeout: 60_000,
};

function timeLimits(given: Timeouts, otherwise: TimeLimits): TimeLimits {
  return {
    idleTimeout: time("idleTimeout", given.idleTimeout, otherwise.idleTimeout),
    requestTimeout: time("requestTimeout", given.requestTimeout, otherwise.requestTimeout),
    ...bodyRate(given.minBodyRate, otherwise),
    writeTimeout: time("writeTimeout", given.writeTimeout, otherwise.writeTimeout),
  };
}

function bodyRate(
  given: number | MinBodyRate | undefined,
  { minBodyRate, bodyRateGrace }: TimeLimits,
): Pick<TimeLimits, "minBodyRate" | "bodyRateGrace"> {
  if (given === undefined) return { minBodyRate, bodyRateGrace };
  if (typeof given === "number") return { minBodyRate: number("minBodyRate", given, 0), bodyRateGrace };
  if (typeof given !== "object" || given === null) {
    throw new TypeError(
      `option "minBodyRate" must be a number, or an object like { bytesPerSecond, grace }, not ${
        show(given)
      }`,
    );
  }
  checkNames(given, MIN_BODY_RATE_OPTIONS, "minBodyRate.");
  return {
    minBodyRate: number("minBodyRate.bytesPerSecond", given.bytesPerSecond, minBodyRate),
    bodyRateGrace: number("minBodyRate.grace", given.grace, bodyRateGrace, 1, MAX_TIME),
  };
}

function settings(options: ConnectionOptions): Settings {
  const { fetch, exchange, drainBody = {} } = options;
  checkType("fetch", fetch, "function");
  checkType("exchange", exchange, "function");
  if ((fetch === undefined) === (exchange === undefined)) {
    throw new TypeError(
      fetch === undefined
        ? 'a handler is missing: give option "fetch", or option "exchange"'
        : 'options "fetch" and "exchange" exclude each other: give one of them',
    );
  }
  checkType("onError", options.onError, "function");
  checkType("onRefused", options.onRefused, "function");
  checkType("onStateChange", options.onStateChange, "function");
  if (typeof drainBody !== "object" || drainBody === null) {
    throw new TypeError(
      `option "drainBody" must be an object like { bytes, timeout }, not ${show(drainBody)}`,
    );
  }
  checkNames(drainBody, DRAIN_BODY_OPTIONS, "drainBody.");
  return {
    keepAlive: flag("keepAlive", options.keepAlive, true),
    keepAliveHint: flag("keepAliveHint", options.keepAliveHint, true),
    ...timeLimits(options, DEFAULT_TIMES),
    idleTimeoutBuffer: time("idleTimeoutBuffer", options.idleTimeoutBuffer, 5_000),
    headerTimeout: time("headerTimeout", options.headerTimeout, 30_000),
    maxRequests: number("maxRequests", options.maxRequests, 0),
    maxAge: time("maxAge", options.maxAge, 0),
    jitter: share("jitter", options.jitter, 0.1),
    maxHeaderBytes: number("maxHeaderBytes", options.maxHeaderBytes, 16_384),
    maxHeaders: number("maxHeaders", options.maxHeaders, 100),
    maxTargetBytes: number("maxTargetBytes", options.maxTargetBytes, 8_192),
    maxBodyBytes: number("maxBodyBytes", options.maxBodyBytes, 128 * 1024 * 1024),
    drainBytes: number("drainBody.bytes", drainBody.bytes, 256 * 1024),
    drainTimeout: time("drainBody.timeout", drainBody.timeout, 500),
    lingerTimeout: time("lingerTimeout", options.lingerTimeout, 5_000),
    highWaterMark: number("highWaterMark", options.highWaterMark, 64 * 1024, 1),
    proxies: proxies(options.proxyProtocol),
    globals: flag("globals", options.globals, true),
  };
}

/** The peers' names; who reads them checks what they name. */
function proxies(given: ProxyProtocolOptions | undefined): readonly string[] | null {
  if (given === undefined) return null;
  if (typeof given !== "object" || given === null) {
    throw new TypeError(
      `option "proxyProtocol" must be an object like { allow: ["10.0.0.0/8"] }, not ${show(given)}`,
    );
  }
  checkNames(given, PROXY_PROTOCOL_OPTIONS, "proxyProtocol.");
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
      `option "proxyProtocol.allow[${stranger}]" must be a string, not ${show(allow[stranger])}`,
    );
  }
  return allow;
}

function checkNames(options: unknown, known: readonly string[], prefix = ""): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(
      `options must be an object (with ${known.slice(0, 2).map(show).join(", ")} …), not ${show(options)}`,
    );
  }
  for (const name in options) {
    if (!known.includes(name)) {
      throw new TypeError(
        `option ${JSON.stringify(prefix + name)} is unknown; the options are ${known.join(", ")}`,
      );
    }
  }
}

function checkType(name: string, value: unknown, type: "function"): void {
  if (value !== undefined && typeof value !== type) {
    throw new TypeError(`option "${name}" must be a ${type}, not ${show(value)}`);
  }
}

function flag(name: string, value: boolean | undefined, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value !== "boolean") {
    throw new TypeError(`option "${name}" must be true or false, not ${show(value)}`);
  }
  return value;
}

function time(name: string, value: number | undefined, fallback: number): number {
  return number(name, value, fallback, 0, MAX_TIME);
}

function share(name: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  checkNumber(name, value);
  if (!(value >= 0 && value <= 1)) {
    throw new RangeError(`option "${name}" must be a number from 0 to 1, not ${value}`);
  }
  return value;
}

function number(
  name: string,
  value: number | undefined,
  fallback: number,
  min = 0,
  max = Number.MAX_SAFE_INTEGER,
): number {
  if (value === undefined) return fallback;
  checkNumber(name, value);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`option "${name}" must be a whole number from ${min} to ${max}, not ${value}`);
  }
  return value;
}

function checkNumber(name: string, value: unknown): void {
  if (typeof value !== "number") throw new TypeError(`option "${name}" must be a number, not ${show(value)}`);
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : value === null ? "null" : typeof value;
}
