/**
 * Servers on everything that `serve()` listens on, for suites that each of them must pass.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { serve } from "../../mod.ts";
import { serve as serveOnNode } from "../../src/adapters/node.ts";
import type { NetAddr } from "../../src/api/transport.ts";
import type { ConnectionOptions, ServeOptions } from "../../src/api/options.ts";
import type { Server } from "../../src/api/server.ts";
import { connectTcp, connectTls, connectUnix } from "./byte_streams.ts";
import { FIRST } from "./certificates.ts";
import type { ByteStream } from "./wire_client.ts";

/** A server on some transport. */
export interface Opened {
  /** A new connection, the client's side. */
  connect(): Promise<ByteStream>;
  /** Lets what is under way finish; resolves when all connections are over. */
  shutdown(): Promise<unknown>;
  /** Ends all connections at once. */
  close(): Promise<unknown>;
}

/** Opens a server that answers as the options say. */
export type OpenServer = (options: ConnectionOptions) => Opened | Promise<Opened>;

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

/** TCP, by what the runtime has. */
export const onTcp: OpenServer = opener(serve, tcp, toPort);

/** TCP by the Node adapter; the same as `onTcp` on Node. */
export const onNodeTcp: OpenServer = opener(serveOnNode, tcp, toPort);

/** TLS. */
export const onTls: OpenServer = opener(
  serve,
  { ...tcp, tls: FIRST },
  (server) => connectTls(portOf(server)),
);

// Not next to the tests: the path of a Unix socket must be short.
const folder = mkdtempSync(join(tmpdir(), "mooring-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
let sockets = 0;

/** A Unix socket, each on a path of its own. */
export const onUnix: OpenServer = (options) => {
  const path = join(folder, String(sockets++));
  return opener(serve, { path }, () => connectUnix(path))(options);
};
