/**
 * The contract on what `serve()` listens on: TCP, TLS and Unix sockets, and TCP by the Node adapter where
 * another runtime stands in for `node:net`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { serve } from "../../mod.ts";
import { serve as serveOnNode } from "../../src/adapters/node.ts";
import type { NetAddr } from "../../src/conn.ts";
import type { ServeOptions } from "../../src/options.ts";
import type { Server } from "../../src/server/server.ts";
import { connectTcp, connectTls, connectUnix } from "../support/byte_streams.ts";
import { FIRST } from "../support/certificates.ts";
import type { ByteStream } from "../support/wire_client.ts";
import { contract, type OpenServer } from "./contract.ts";

/** Opens servers in one way. */
function opener(
  how: typeof serve,
  place: ServeOptions,
  connect: (server: Server) => Promise<ByteStream>,
): OpenServer {
  return async (options) => {
    const server = await how({ ...options, ...place });
    return {
      connect: () => connect(server),
      shutdown: () => server.shutdown({ idleGrace: 0 }),
      close: () => server.close(),
    };
  };
}

const portOf = ({ addr }: Server): number => (addr as NetAddr).port;
const tcp = { port: 0, hostname: "127.0.0.1" };
const toPort = (server: Server): Promise<ByteStream> => connectTcp(portOf(server));

// Deno's own connections have no call for that.
contract("serve()", opener(serve, tcp, toPort), { canReset: !("Deno" in globalThis) });
if ("Deno" in globalThis || "Bun" in globalThis) {
  contract("serve() of the Node adapter", opener(serveOnNode, tcp, toPort));
}

const toTlsPort = (server: Server): Promise<ByteStream> => connectTls(portOf(server));
contract("serve() with TLS", opener(serve, { ...tcp, tls: FIRST }, toTlsPort), {
  canReset: false,
  tellsGone: false,
});

// Not next to the tests: the path of a Unix socket must be short.
const folder = mkdtempSync(join(tmpdir(), "mooring-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
let sockets = 0;
const onUnix: OpenServer = (options) => {
  const path = join(folder, String(sockets++));
  return opener(serve, { path }, () => connectUnix(path))(options);
};
contract("serve() on a Unix socket", onUnix, {
  canReset: false,
  tellsGone: false,
});
