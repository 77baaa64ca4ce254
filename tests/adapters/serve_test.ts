/**
 * The contract on TCP: by `serve()` of the runtime that runs the test, and by the Node adapter where another
 * runtime stands in for `node:net`.
 */
import { serve } from "../../mod.ts";
import { serve as serveOnNode } from "../../src/adapters/node.ts";
import type { NetAddr } from "../../src/conn.ts";
import type { ConnectionOptions } from "../../src/options.ts";
import { connectTcp } from "../support/byte_streams.ts";
import { contract, type Opened } from "./contract.ts";

/** Opens servers on TCP by one way to serve. */
function opener(how: typeof serve): (options: ConnectionOptions) => Promise<Opened> {
  return async (options) => {
    const server = await how({ ...options, port: 0, hostname: "127.0.0.1" });
    const { port } = server.addr as NetAddr;
    return {
      connect: () => connectTcp(port),
      shutdown: () => server.shutdown({ idleGrace: 0 }),
      close: () => server.close(),
    };
  };
}

// Deno's own connections have no call for that.
contract("serve()", opener(serve), { canReset: !("Deno" in globalThis) });
if ("Deno" in globalThis || "Bun" in globalThis) {
  contract("serve() of the Node adapter", opener(serveOnNode));
}
