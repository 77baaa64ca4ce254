/**
 * How a server starts, whatever it listens on.
 */
import type { Transport } from "../conn.ts";
import type { Clock } from "../connection/clock.ts";
import type { ServeOptions } from "../options.ts";
import { type ListenAt, type ListenSettings, serveSettings, type Settings } from "../settings.ts";
import { HttpServer, type Listener } from "./http_server.ts";
import type { Server } from "./server.ts";

/** Listens; calls `accept` with the transport of each connection. */
export type Listen = (
  settings: ListenSettings & Settings,
  accept: (transport: Transport) => void,
) => Listener | Promise<Listener>;

/**
 * Starts a server on what `listen` opens.
 *
 * @throws {TypeError} and {RangeError} on options that are wrong
 * @throws {Error} when the address cannot be listened on; `cause` is the system's error
 */
export async function startServer(options: ServeOptions, listen: Listen, clock: Clock): Promise<Server> {
  const settings = serveSettings(options);
  const { signal } = options;
  signal?.throwIfAborted();
  const server = new HttpServer(options, settings, clock);
  let listener: Listener;
  try {
    listener = await listen(settings, (transport) => server.take(transport));
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
    [/ENOTFOUND|EAI_|resolve|lookup/i, 'the host name is not known; check option "hostname"'],
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
      return `${at.hostname}:${at.port}`;
    case "unix":
      return JSON.stringify(at.path);
    case "fd":
      return typeof at.fd === "number" ? `file descriptor ${at.fd}` : "the socket of systemd";
  }
}

function listenError(settings: ListenSettings, cause: unknown): Error {
  const { name = "", code = "", message = "" } = cause as { name?: string; code?: string; message?: string };
  const isTls = cause instanceof TlsError;
  const text = isTls ? "" : `${name} ${code} ${message}`;
  const why = REASONS[settings.at.kind].find(([pattern]) => pattern.test(text))?.[1] ?? message;
  return new Error(`cannot listen on ${placeName(settings)}: ${why}`, { cause: isTls ? cause.cause : cause });
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
