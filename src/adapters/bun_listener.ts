/**
 * Listening on Bun: TCP by `Bun.listen`, the rest as on Node.
 */
import type { Listen } from "../server/listener.ts";
import { replaceServers } from "./bun_hot.ts";
import { type BunSocket, BunSocketTransport } from "./bun_socket.ts";

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
  socket: {
    binaryType: "uint8array";
    open(socket: BunSocket): void;
    data(socket: BunSocket, chunk: Uint8Array): void;
    drain(socket: BunSocket): void;
    end(socket: BunSocket): void;
    close(socket: BunSocket, error?: unknown): void;
    error(socket: BunSocket, error: unknown): void;
  };
}
interface BunRuntime {
  listen(options: BunListenOptions): BunListener;
}

/** Listens by `Bun.listen`, or as on Node. */
export const listenOnBun: Listen = async (settings, accept) => {
  replaceServers();
  const { at, tls } = settings;
  if (at.kind !== "tcp" || tls !== undefined) {
    const { listenOnNode } = await import("./node_listener.ts");
    return await listenOnNode(settings, accept);
  }
  const { hostname, port, reusePort } = at;
  const listener = listenTcp({
    hostname,
    port,
    reusePort,
    allowHalfOpen: true,
    socket: {
      binaryType: "uint8array", // cheaper to make, and to copy from, than a Buffer
      open(socket) {
        const transport = new BunSocketTransport(socket);
        // A socket that its peer has reset before the accept has no address.
        if (transport.remoteAddr === undefined) return socket.terminate();
        socket.data = transport;
        accept(transport);
      },
      data: ({ data }, chunk) => data?.received(chunk),
      drain: ({ data }) => data?.flush(),
      end: ({ data }) => data?.peerEnded(),
      close: ({ data }, error) => data?.closed(error),
      error: ({ data }, error) => data?.closed(error),
    },
  });
  return {
    isSecure: false,
    addr: { transport: "tcp", hostname: listener.hostname, port: listener.port },
    close: () => listener.stop(false),
    ref: () => listener.ref(),
    unref: () => listener.unref(),
  };
};

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
