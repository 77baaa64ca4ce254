/**
 * How a server starts, whatever it listens on.
 */
import type { Transport } from "../conn.ts";
import type { Clock } from "../connection/clock.ts";
import type { ExchangeHandler } from "../exchange.ts";
import type { ServeOptions } from "../options.ts";
import {
  ALL_ADDRESSES,
  type ListenAt,
  type ListenSettings,
  serveSettings,
  type Settings,
} from "../settings.ts";
import { HttpServer, type Listener } from "./http_server.ts";
import type { Server } from "./server.ts";

/** Takes the transport of each connection. */
type Accept = (transport: Transport) => void;

/** Listens; calls `accept` with the transport of each connection. */
export type Listen = (settings: ListenSettings & Settings, accept: Accept) => Listener | Promise<Listener>;

/**
 * Starts a server on what `listen` opens.
 *
 * @throws {TypeError} and {RangeError} on options that are wrong
 * @throws {Error} when the address cannot be listened on; `code` is the system's, such as `EADDRINUSE`, and
 * `cause` its error
 */
export async function startServer(
  options: ServeOptions,
  listen: Listen,
  clock: Clock,
  inOwnContext?: (handler: ExchangeHandler) => ExchangeHandler,
): Promise<Server> {
  const settings = serveSettings(options);
  const { signal } = options;
  signal?.throwIfAborted();
  const server = new HttpServer(options, settings, clock, inOwnContext);
  let listener: Listener;
  try {
    listener = await listenAt(settings, listen, (transport) => server.take(transport));
  } catch (error) {
    throw listenError(settings, error);
  }
  server.listen(listener);
  const onAbort = (): void => void server.shutdown();
  signal?.addEventListener("abort", onAbort);
  void server.finished.then(() => signal?.removeEventListener("abort", onAbort));
  if (signal?.aborted) onAbort();
  try {
    server.watch(options.onListen?.(server.addr));
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}

/** The unspecified addresses of IPv6 and IPv4: a socket that listens on the first takes IPv4 clients too (RFC 4291). */
const ANY_IPV6 = "::";
const ANY_IPV4 = "0.0.0.0";

/** Listens where the settings say; without an address on all of IPv6 and IPv4, or on IPv4 where IPv6 fails. */
async function listenAt(
  settings: ListenSettings & Settings,
  listen: Listen,
  accept: Accept,
): Promise<Listener> {
  const { at } = settings;
  if (at.kind !== "tcp" || at.hostname !== ALL_ADDRESSES) return await listen(settings, accept);
  const on = (hostname: string): ListenSettings & Settings => ({ ...settings, at: { ...at, hostname } });
  try {
    return await listen(on(ANY_IPV6), accept);
  } catch (error) {
    // A port that somebody has on one of both would answer some clients only.
    if (codeOf(error) === "EADDRINUSE") throw error;
    return await listen(on(ANY_IPV4), accept);
  }
}

/** A pattern of what the runtimes say, and what it means and what to do about it. */
type Reason = readonly [pattern: RegExp, why: string];

/** The usual reasons. */
const REASONS: Readonly<Record<ListenAt["kind"], readonly Reason[]>> = {
  tcp: [
    [
      /EADDRINUSE|address (already )?in use|AddrInUse/i,
      'the address is in use; choose another option "port"',
    ],
    [/EACCES|permission/i, 'not permitted; choose an option "port" from 1024 on'],
    [
      /EADDRNOTAVAIL|not available|AddrNotAvailable/i,
      'this machine has no such address; check option "hostname"',
    ],
    [/ENOTFOUND|EAI_/, 'the host name is not known; check option "hostname"'],
  ],
  unix: [
    [/EADDRINUSE|address (already )?in use/i, 'somebody listens there already; choose another option "path"'],
    // Node calls a folder that does not exist not permitted.
    [
      /EACCES|ENOENT|ENOTDIR|EROFS/,
      'its folder does not exist, or is not this process\'s to write to; check option "path"',
    ],
  ],
  fd: [
    [/EINVAL|EBADF|ENOTSOCK|EOPNOTSUPP/, 'it is no socket that could listen; check option "fd"'],
  ],
};

/** For people: the address, path or descriptor. */
function placeName({ at }: ListenSettings): string {
  switch (at.kind) {
    case "tcp":
      if (at.hostname === ALL_ADDRESSES) return `port ${at.port}`;
      return at.hostname.includes(":") ? `[${at.hostname}]:${at.port}` : `${at.hostname}:${at.port}`;
    case "unix":
      return JSON.stringify(at.path);
    case "fd":
      return typeof at.fd === "number" ? `file descriptor ${at.fd}` : "the socket of systemd";
  }
}

function listenError(settings: ListenSettings, cause: unknown): Error {
  const { name = "", message = "" } = cause as Error;
  const isTls = cause instanceof TlsError;
  const code = codeOf(isTls ? cause.cause : cause);
  const text = isTls ? "" : `${name} ${code} ${message}`;
  const why = REASONS[settings.at.kind].find(([pattern]) => pattern.test(text))?.[1] ?? message;
  const error = new Error(`cannot listen on ${placeName(settings)}: ${why}`, {
    cause: isTls ? cause.cause : cause,
  });
  return code === undefined ? error : Object.assign(error, { code });
}

/** What the system calls an error, such as `EADDRINUSE`. */
function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}

/**
 * What this server speaks over TLS, the better one first (RFC 7301 §6). A client that offers only something else
 * is refused; one that offers nothing is not.
 */
export const ALPN_PROTOCOLS: string[] = ["http/1.1", "http/1.0"];

/** A key or a certificate that the runtime refuses; `cause` is its error. */
export class TlsError extends Error {
  /** Says what is wrong, as far as `cause` tells. */
  constructor(cause: unknown) {
    const { code = "", message = "" } = cause as { code?: string; message?: string };
    const isMismatch = /key.?values.?mismatch|KeyMismatch/i.test(`${code} ${message}`);
    super(`option "tls" cannot be used: ${isMismatch ? "the key is not that of the certificate" : message}`, {
      cause,
    });
  }
}
