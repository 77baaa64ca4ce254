/**
 * TCP keep-alive of Bun's sockets. Its first probe is due after a minute, so that connections which end within a second
 * need not be set up for it.
 */

/** What has a socket. */
interface KeptAlive {
  /** Sets up keep-alive, unless the socket is closed. */
  keepAlive(): void;
}

/** Delay until keep-alive is set up, in milliseconds. */
const DELAY_MS = 1_000;

let fresh: KeptAlive[] = [];

/** Sets up keep-alive of `transport` within a second. */
export function keepAliveSoon(transport: KeptAlive): void {
  if (fresh.push(transport) > 1) return;
  const timer: unknown = setTimeout(keepFreshAlive, DELAY_MS);
  (timer as { unref(): void }).unref();
}

function keepFreshAlive(): void {
  const transports = fresh;
  fresh = [];
  for (const transport of transports) transport.keepAlive();
}
