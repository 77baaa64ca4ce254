/**
 * How a server starts, whatever it listens on.
 */
import type { Transport } from "../conn.ts";
import type { ServeOptions } from "../options.ts";
import { type ListenSettings, serveSettings } from "../settings.ts";
import { HttpServer, type Listener } from "./http_server.ts";
import type { Server } from "./server.ts";

/** Listens; calls `accept` with the transport of each connection. */
export type Listen = (
  settings: ListenSettings,
  accept: (transport: Transport) => void,
) => Listener | Promise<Listener>;

/**
 * Starts a server on what `listen` opens.
 *
 * @throws {TypeError} and {RangeError} on options that are wrong
 * @throws {Error} when the address cannot be listened on; `cause` is the system's error
 */
export async function startServer(options: ServeOptions, listen: Listen): Promise<Server> {
  const settings = serveSettings(options);
  const { signal } = options;
  signal?.throwIfAborted();
  const server = new HttpServer(options, settings);
  let listener: Listener;
  try {
    listener = await listen(settings, (transport) => void server.accept(transport));
  } catch (error) {
    throw listenError(settings, error);
  }
  server.listen(listener);
  const onAbort = (): void => void server.shutdown();
  signal?.addEventListener("abort", onAbort);
  void server.finished.then(() => signal?.removeEventListener("abort", onAbort));
  if (signal?.aborted) onAbort();
  try {
    options.onListen?.(server.addr);
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}

/** What the system calls the usual reasons, and what to do about them. */
const REASONS: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/EADDRINUSE|address (already )?in use|AddrInUse/i, 'the address is in use; choose another option "port"'],
  [/EACCES|permission/i, 'not permitted; choose an option "port" from 1024 on'],
  [
    /EADDRNOTAVAIL|not available|AddrNotAvailable/i,
    'this machine has no such address; check option "hostname"',
  ],
  [/ENOTFOUND|EAI_|resolve|lookup/i, 'the host name is not known; check option "hostname"'],
];

function listenError({ hostname, port }: ListenSettings, cause: unknown): Error {
  const { name = "", code = "", message = "" } = cause as { name?: string; code?: string; message?: string };
  const text = `${name} ${code} ${message}`;
  const why = REASONS.find(([pattern]) => pattern.test(text))?.[1] ?? message;
  return new Error(`cannot listen on ${hostname}:${port}: ${why}`, { cause });
}
