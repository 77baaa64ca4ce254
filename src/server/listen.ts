/**
 * Opens a server's listeners, and says what to do where that fails.
 */
import { ListenError, UnsupportedError } from "../api/errors.ts";
import type { Addr } from "../api/transport.ts";
import { ALL_ADDRESSES, type ListenAt, type ListenSettings } from "../options/listen_settings.ts";
import { urlHost } from "../wire/ip_address.ts";
import type { Settings } from "../options/settings.ts";
import type { HttpServer } from "./http_server.ts";
import type { Accept, Listen, Listener } from "./listener.ts";

/**
 * Time without a byte until the first keep-alive probe of TCP (RFC 9293 §3.8.4), in milliseconds: by these the system
 * notices a client that vanished without a word while nothing is being sent.
 */
export const KEEP_ALIVE_DELAY = 60_000;

/**
 * Opens a listener of `server`; answers where it listens.
 *
 * @throws {ListenError} where that fails, or the server was closed meanwhile
 * @throws {UnsupportedError} where the runtime cannot do what an option asks for
 */
export async function listenOn(
  server: HttpServer,
  settings: ListenSettings & Settings,
  listen: Listen,
): Promise<Addr> {
  server.assertOpen();
  await server.loaded;
  let listener: Listener;
  try {
    listener = await open(settings, listen, (transport) => server.take(transport));
  } catch (error) {
    throw error instanceof UnsupportedError ? error : listenError(settings, error);
  }
  await server.addListener(listener);
  return listener.addr;
}

/** The unspecified addresses of IPv6 and IPv4: a socket that listens on the first takes IPv4 clients too (RFC 4291). */
const ANY_IPV6 = "::";
const ANY_IPV4 = "0.0.0.0";

/** Listens where the settings say; without an address on all of IPv6 and IPv4, or on IPv4 where IPv6 fails. */
async function open(
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
    // A port that is in use on one of the two would reach some clients only.
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
    [
      /EADDRINUSE|address (already )?in use/i,
      'another server listens there already; choose another option "path"',
    ],
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
      return `${urlHost(at.hostname)}:${at.port}`;
    case "unix":
      return JSON.stringify(at.path);
    case "fd":
      return typeof at.fd === "number" ? `file descriptor ${at.fd}` : "the socket of systemd";
  }
}

function listenError(settings: ListenSettings, cause: unknown): ListenError {
  const place = placeName(settings);
  if (cause instanceof ListenError) {
    return new ListenError(cause.code, `cannot listen on ${place}: ${cause.message}`, cause.cause);
  }
  const { name = "", message = "" } = cause as Error;
  const code = codeOf(cause);
  const text = `${name} ${code} ${message}`;
  const why = REASONS[settings.at.kind].find(([pattern]) => pattern.test(text))?.[1] ?? message;
  return new ListenError(
    typeof code === "string" ? code : "listen_failed",
    `cannot listen on ${place}: ${why}`,
    cause,
  );
}

/** What the system calls an error, such as `EADDRINUSE`. */
function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code;
}
