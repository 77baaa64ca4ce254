/** Servers on a port of this machine, and clients of theirs. */
import { serve, type Server } from "../../mod.ts";
import type { NetAddr } from "../../src/api/transport.ts";
import type { ServeOptions } from "../../src/api/options.ts";
import { connectTcp } from "./byte_streams.ts";
import { WireClient } from "./wire_client.ts";

/** Where they listen. */
export const LOCAL = { port: 0, hostname: "127.0.0.1" } as const;
/** A handler that answers each request. */
export const fetch200 = (): Response => new Response("hello");

/** Starts a server that ends at once with `await using`, its clients' doings notwithstanding. */
export async function start(options: ServeOptions): Promise<Server & { readonly port: number }> {
  const server = await serve({ ...LOCAL, ...options });
  const { port } = server.addr as NetAddr;
  return Object.assign(server, { port, [Symbol.asyncDispose]: () => server.close() });
}

/** Connects to a port of this machine. */
export async function connect(port: number): Promise<WireClient> {
  return new WireClient(await connectTcp(port));
}
