/**
 * Where a server listens: the options checked, and every default filled in.
 */
import type { ListenOptions } from "../api/options.ts";
import type { TlsOptions } from "../api/tls.ts";
import { checkNames, checkNumber, number } from "./checks.ts";
import { describe, typeError, wrongType } from "./option_error.ts";
import { readScalars, type Scalars } from "./scalars.ts";
import { MAX_INT, optionNames, TABLE } from "./table.ts";
import { checkTls } from "./tls_settings.ts";

const MAX_PORT = 65_535;

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
export interface ListenSettings extends Omit<Scalars<"listen">, "reusePort"> {
  readonly at: ListenAt;
  readonly tls: TlsOptions | undefined;
}

/**
 * Checks that a server that takes PROXY headers listens without TLS.
 *
 * @throws {TypeError} where that is with TLS
 */
export function checkNoTls({ tls }: ListenOptions): void {
  if (tls === undefined) return;
  throw typeError(
    "proxyProtocol",
    'option "proxyProtocol" does not go with option "tls", since a PROXY header comes before the TLS ' +
      "handshake: let the proxy speak TLS with the clients, and plain HTTP with this server",
  );
}

/**
 * Checks the options of a listener of a server that takes PROXY headers (`hasProxies`), or none.
 *
 * @throws {TypeError} on a wrong type, or an unknown option
 * @throws {RangeError} on a number out of range
 */
export function listenSettings(options: ListenOptions, hasProxies = false): ListenSettings {
  checkNames(options, optionNames("listen"));
  if (hasProxies) checkNoTls(options);
  return readListenSettings(options);
}

/** As `listenSettings`, where other options may stand beside. */
export function readListenSettings(options: ListenOptions): ListenSettings {
  const { reusePort, ...scalars } = readScalars(options, "listen");
  return {
    ...scalars,
    at: listenAt(options, reusePort),
    tls: options.tls === undefined ? undefined : checkTls(options.tls),
  };
}

/** Options that say where to listen, with those that go along. */
const PLACES = { port: ["hostname", "reusePort"], path: ["mode"], fd: [] } as const;

function listenAt(options: ListenOptions, reusePort: boolean): ListenAt {
  const { path, fd } = options;
  const place = path !== undefined ? "path" : fd !== undefined ? "fd" : "port";
  checkPlace(options, place);
  if (place === "path") return { kind: "unix", path: checkPath(options), mode: checkMode(options.mode) };
  if (place === "port") return tcpPlace(options, reusePort);
  return { kind: "fd", fd: fd === "systemd" ? fd : checkNumber("fd", fd, { kind: "count", max: MAX_INT }) };
}

/** Checks that nothing is given that belongs to another place. */
function checkPlace(options: ListenOptions, place: keyof typeof PLACES): void {
  for (const [other, along] of Object.entries(PLACES)) {
    const stray = other === place ? undefined : [other, ...along].find((name) => name in options);
    if (stray !== undefined && options[stray as keyof ListenOptions] !== undefined) {
      throw typeError(stray, `option "${stray}" does not go with option "${place}": give one of them`);
    }
  }
}

function checkPath({ path, mode }: ListenOptions): string {
  if (typeof path !== "string" || path === "") throw wrongType("path", "the path of a socket", path);
  if (path.includes("\0", 1)) {
    throw typeError(
      "path",
      `option "path" must have no NUL but as its first character, unlike ${describe(path)}`,
    );
  }
  if (path.startsWith("\0") && mode !== undefined) {
    throw typeError("mode", 'option "mode" does not go with an option "path" that names no file');
  }
  return path;
}

function checkMode(mode: number | undefined): number | undefined {
  return mode === undefined ? undefined : checkNumber("mode", mode, { kind: "count", max: 0o777 });
}

function tcpPlace({ hostname, port }: ListenOptions, reusePort: boolean): TcpPlace {
  if (hostname !== undefined && (typeof hostname !== "string" || !/^[^\s\0]+$/.test(hostname))) {
    throw wrongType("hostname", "an address or a host name", hostname);
  }
  return {
    kind: "tcp",
    port: number("port", portNumber(port), { kind: "count", max: MAX_PORT, default: TABLE.port.default }),
    hostname: hostname === undefined ? ALL_ADDRESSES : withoutBrackets(hostname),
    reusePort,
  };
}

/** A port as the environment has it is text. */
function portNumber(port: number | string | undefined): number | undefined {
  if (typeof port !== "string") return port;
  if (!/^[0-9]+$/.test(port)) {
    throw wrongType("port", "a number, also as a string of digits", port);
  }
  return Number(port);
}

/** An IPv6 address, also as a URL writes it (RFC 3986 §3.2.2). */
function withoutBrackets(hostname: string): string {
  return /^\[([^\]]*:[^\]]*)\]$/.exec(hostname)?.[1] ?? hostname;
}
