/**
 * Serves a `fetch` application, which knows nothing of the server, on Mooring and on the server that its runtime's
 * users have: `Deno.serve`, `Bun.serve`, or `@hono/node-server` on Node.
 */
import { once } from "node:events";
import type { AddressInfo, Server as NodeServer } from "node:net";
import { serve } from "../../../mod.ts";
import type { NetAddr } from "../../../src/api/transport.ts";

/** An application. */
export type Application = (request: Request) => Response | Promise<Response>;

/** A server that runs one; `await using` ends it and its connections. */
export interface Serving extends AsyncDisposable {
  readonly port: number;
  /** What Mooring's `onError` was called with. */
  readonly errors: readonly unknown[];
}

const HOSTNAME = "127.0.0.1";

/** On Mooring. */
export async function onMooring(application: Application): Promise<Serving> {
  const errors: unknown[] = [];
  const server = await serve({
    port: 0,
    hostname: HOSTNAME,
    fetch: (request) => application(request),
    onError: (error) => void errors.push(error),
  });
  const port = (server.addr as NetAddr).port;
  return { port, errors, [Symbol.asyncDispose]: () => server.close() };
}

/** What is used of the runtimes. */
interface Runtimes {
  readonly Deno?: {
    serve(
      options: Record<string, unknown>,
      handler: Application,
    ): { addr: { port: number }; shutdown(): Promise<void> };
  };
  readonly Bun?: {
    serve(options: Record<string, unknown>): { port: number; stop(abruptly: boolean): Promise<void> };
  };
}

const { Deno, Bun } = globalThis as unknown as Runtimes;

/** On the server that the runtime's users have. */
export async function onPeer(application: Application): Promise<Serving> {
  if (Deno !== undefined) {
    const stopped = new AbortController();
    const options = { port: 0, hostname: HOSTNAME, onListen: () => {}, signal: stopped.signal };
    const server = Deno.serve({ ...options, automaticCompression: false }, (request) => application(request));
    const stop = async (): Promise<void> => stopped.abort();
    return { port: server.addr.port, errors: [], [Symbol.asyncDispose]: stop };
  }
  if (Bun !== undefined) {
    const fetch = (request: Request): Response | Promise<Response> => application(request);
    const server = Bun.serve({ port: 0, hostname: HOSTNAME, development: false, fetch });
    return { port: server.port, errors: [], [Symbol.asyncDispose]: () => server.stop(true) };
  }
  const { createAdaptorServer } = await import("@hono/node-server");
  const server = createAdaptorServer({ fetch: application, overrideGlobalObjects: false }) as NodeServer & {
    closeAllConnections(): void;
  };
  server.listen(0, HOSTNAME);
  await once(server, "listening");
  const stop = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
  };
  return { port: (server.address() as AddressInfo).port, errors: [], [Symbol.asyncDispose]: stop };
}
