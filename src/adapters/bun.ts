/**
 * Mooring on Bun: TCP by `Bun.listen`, the rest as on Node.
 *
 * @module
 */
import type { Addr, Transport, TransportEvents } from "../conn.ts";
import type { ServeOptions } from "../options.ts";
import { type Listen, startServer } from "../server/start.ts";
import type { Server } from "../server/server.ts";

/** What is used of Bun. */
interface BunSocket {
  data: SocketTransport;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  readonly localAddress: string;
  write(bytes: Uint8Array, start: number, length: number): number;
  shutdown(): void;
  close(): void;
  terminate(): void;
  pause(): void;
  resume(): void;
  setNoDelay(noDelay: boolean): void;
}
interface BunListener {
  readonly hostname: string;
  readonly port: number;
  stop(closeConnections: boolean): void;
}
interface BunRuntime {
  listen(options: {
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
  }): BunListener;
}

/**
 * Starts a server on Bun. As {@linkcode serve} of the package's main entry, without its choice of runtime.
 *
 * @throws {TypeError} and {RangeError} (rejects) on options that are wrong
 * @throws {Error} (rejects) when the address cannot be listened on
 *
 * @example
 * ```ts ignore
 * import { serve } from "@mooring/http/bun";
 *
 * const server = await serve({ port: 0, fetch: () => new Response("hello") });
 * await server.close();
 * ```
 */
export function serve(options: ServeOptions): Promise<Server> {
  return startServer(options, listen);
}

const listen: Listen = async (settings, accept) => {
  const { at, tls } = settings;
  if (at.kind !== "tcp" || tls !== undefined) {
    const { listenOnNode } = await import("./node_listener.ts");
    return await listenOnNode(settings, accept);
  }
  const { hostname, port, reusePort } = at;
  const { Bun } = globalThis as unknown as { Bun: BunRuntime };
  const listener = Bun.listen({
    hostname,
    port,
    reusePort,
    allowHalfOpen: true,
    socket: {
      binaryType: "uint8array", // cheaper to make, and to copy from, than a Buffer
      open(socket) {
        socket.data = new SocketTransport(socket);
        accept(socket.data);
      },
      data: ({ data }, chunk) => data.events.receive(chunk, 0, chunk.length),
      drain: ({ data }) => data.flush(),
      end: ({ data }) => data.peerEnded(),
      close: ({ data }, error) => data?.gone(error),
      error: ({ data }, error) => data?.gone(error),
    },
  });
  return {
    isSecure: false,
    addr: { transport: "tcp", hostname: listener.hostname, port: listener.port },
    close: () => listener.stop(false),
  };
};

/** A Bun socket. It writes what the system takes, and leaves keeping the rest to us. */
class SocketTransport implements Transport {
  readonly remoteAddr: Addr;
  readonly localAddr: Addr;
  events!: TransportEvents;
  readonly #socket: BunSocket;
  /** What the system has not taken yet. */
  #rest: Rest[] = [];
  #ending = false;
  #peerEnded = false;
  #released = false;

  constructor(socket: BunSocket) {
    this.#socket = socket;
    // Asked now: a closed socket has forgotten them.
    this.remoteAddr = { transport: "tcp", hostname: socket.remoteAddress, port: socket.remotePort };
    this.localAddr = { transport: "tcp", hostname: socket.localAddress, port: socket.localPort };
    socket.setNoDelay(true);
  }

  start(events: TransportEvents): void {
    this.events = events;
  }

  /** The peer sends no more. */
  peerEnded(): void {
    this.#peerEnded = true;
    this.events.receiveEnd();
  }

  /** The socket is closed; Bun says so also from inside of our own call. */
  gone(error: unknown): void {
    // Once we have ended, the peer's end closes the socket, and this is all that is told of it.
    const bothEnded = error === undefined && this.#ending && this.#rest.length === 0;
    if (bothEnded && !this.#peerEnded && !this.#released) this.peerEnded();
    if (!this.#released) this.events.transportClosed(error);
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#rest.length === 0) {
      start += Math.max(0, this.#socket.write(bytes, start, end - start));
      if (start === end) return true;
    }
    this.#rest.push({ bytes, start, end });
    return false;
  }

  /** The system takes bytes again. */
  flush(): void {
    while (this.#rest.length > 0) {
      const rest = this.#rest[0];
      rest.start += Math.max(0, this.#socket.write(rest.bytes, rest.start, rest.end - rest.start));
      if (rest.start < rest.end) return;
      this.#rest.shift();
    }
    if (this.#ending) this.#socket.shutdown();
    this.events.drained();
  }

  unsent(): number {
    return this.#rest.reduce((sum, { start, end }) => sum + end - start, 0);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): boolean {
    this.#ending = true;
    if (this.#rest.length > 0) return false;
    this.#socket.shutdown();
    return true;
  }

  close(abruptly: boolean): void {
    this.#released = true;
    this.#rest = [];
    // terminate() resets, and what the peer has not received yet is lost.
    if (abruptly) this.#socket.terminate();
    else this.#socket.close();
  }
}

/** A part of the bytes that the engine handed over. */
interface Rest {
  readonly bytes: Uint8Array;
  start: number;
  readonly end: number;
}
