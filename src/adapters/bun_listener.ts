/**
 * Listening on Bun: on ports by `Bun.listen`, with TLS where all clients get one certificate; the rest as on Node.
 */
import type { TlsOptions } from "../api/tls.ts";
import type { Addr } from "../api/transport.ts";
import type { Listen } from "../server/listener.ts";
import { replaceGrowingBytes } from "../wire/growing_bytes.ts";
import { isSpecified, sharedAddr, tcpAddr } from "./addresses.ts";
import { sinkBytes } from "./bun_growing_bytes.ts";
import { replaceServers } from "./bun_hot.ts";
import { type BunSocket, type BunSocketHandlers, BunSocketTransport, HANDLERS } from "./bun_socket.ts";

/** What is used of Bun. */
interface BunListener {
  readonly hostname: string;
  readonly port: number;
  stop(closeConnections: boolean): void;
  ref(): void;
  unref(): void;
}
interface BunListenOptions {
  hostname: string;
  port: number;
  reusePort: boolean;
  allowHalfOpen: boolean;
  socket: BunSocketHandlers;
}
interface BunRuntime {
  listen(options: BunListenOptions): BunListener;
}

/** Listens by `Bun.listen`, or as on Node. */
export const listenOnBun: Listen = async (settings, accept) => {
  replaceServers();
  replaceGrowingBytes(sinkBytes);
  const { at, tls, alpnProtocols } = settings;
  if (at.kind !== "tcp" || asksClients(tls) || tls?.serverNames !== undefined) {
    const { listenOnNode } = await import("./node_listener.ts");
    return await listenOnNode(settings, accept);
  }
  const acceptor = tls && new (await import("./bun_tls.ts")).BunTlsAcceptor(tls, alpnProtocols);
  let shared: Addr | undefined;
  /** Where `socket` was accepted: on one address the same for all, which spares the calls of the system. */
  const localAddr = (socket: BunSocket): Addr | undefined => {
    if (shared === undefined || !isOneAddress) {
      shared = sharedAddr(tcpAddr(socket.localAddress, listener.port));
    }
    return shared;
  };
  const open = (socket: BunSocket): void => {
    // A socket that its peer has reset before the accept has no address.
    if (socket.remoteAddress === undefined) return socket.terminate();
    const transport = new BunSocketTransport(socket, localAddr(socket), acceptor?.secure);
    if (acceptor === undefined) socket.data = transport;
    accept(transport);
  };
  const { hostname, port, reusePort } = at;
  const isOneAddress = isSpecified(hostname);
  const listener = listenTcp({
    hostname,
    port,
    reusePort,
    allowHalfOpen: true,
    // What TLS takes is not told as data, too.
    socket: acceptor === undefined ? { ...HANDLERS, open } : { binaryType: "uint8array", open, drain() {} },
  });
  return {
    isSecure: acceptor !== undefined,
    addr: { transport: "tcp", hostname: listener.hostname, port: listener.port },
    close: () => listener.stop(false),
    ref: () => listener.ref(),
    unref: () => listener.unref(),
    ...acceptor && { prepareTls: (options) => acceptor.prepare(options) },
  };
};

/** Whether clients are asked for certificates, which only `node:tls` verifies. */
function asksClients(tls: TlsOptions | undefined): boolean {
  return tls?.ca !== undefined || tls?.caFile !== undefined;
}

/** As `Bun.listen`, whose error tells no code where the host name cannot be resolved. */
function listenTcp(options: BunListenOptions): BunListener {
  const { Bun } = globalThis as unknown as { Bun: BunRuntime };
  try {
    return Bun.listen(options);
  } catch (error) {
    const { code = "ENOTFOUND" } = error as { code?: string };
    throw Object.assign(error as Error, { code });
  }
}
