/**
 * Mooring on Deno: TCP by `Deno.listen`.
 *
 * @module
 */
import type { NetAddr } from "../conn.ts";
import type { ServeOptions } from "../options.ts";
import { type Listen, startServer } from "../server/start.ts";
import type { Server } from "../server/server.ts";
import { type DenoConn, DenoConnTransport } from "./deno_conn.ts";

/** What is used of Deno. */
interface DenoListener {
  readonly addr: NetAddr;
  accept(): Promise<DenoConn>;
  close(): void;
}
interface DenoRuntime {
  listen(options: { hostname: string; port: number; tcpBacklog: number }): DenoListener;
}

/**
 * Starts a server on Deno. As {@linkcode serve} of the package's main entry, without its choice of runtime.
 *
 * @throws {TypeError} and {RangeError} (rejects) on options that are wrong
 * @throws {Error} (rejects) when the address cannot be listened on
 *
 * @example
 * ```ts ignore
 * import { serve } from "@mooring/http/deno";
 *
 * const server = await serve({ port: 0, fetch: () => new Response("hello") });
 * await server.close();
 * ```
 */
export function serve(options: ServeOptions): Promise<Server> {
  return startServer(options, listen);
}

const listen: Listen = ({ hostname, port, backlog }, accept) => {
  const { Deno } = globalThis as unknown as { Deno: DenoRuntime };
  const listener = Deno.listen({ hostname, port, tcpBacklog: backlog });
  let open = true;
  const acceptAll = async (): Promise<void> => {
    while (open) {
      const transport = await listener.accept().then((conn) => new DenoConnTransport(conn)).catch(() => null);
      if (transport !== null) accept(transport);
      // One accept failed (too many open files, say), or the listener was closed; the former passes.
      else if (open) await new Promise((resolve) => setTimeout(resolve, ACCEPT_RETRY));
    }
  };
  void acceptAll();
  return {
    addr: listener.addr,
    close() {
      open = false;
      listener.close();
    },
  };
};

/** How long to wait after an accept that failed, in milliseconds. */
const ACCEPT_RETRY = 50;
