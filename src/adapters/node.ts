/**
 * Mooring on Node: TCP by `node:net`.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import net from "node:net";
import type { Addr, Transport, TransportEvents } from "../conn.ts";
import type { ServeOptions } from "../options.ts";
import { type Listen, startServer } from "../server/start.ts";
import type { Server } from "../server/server.ts";

/**
 * Starts a server on Node. As {@linkcode serve} of the package's main entry, without its choice of runtime.
 *
 * @throws {TypeError} and {RangeError} (rejects) on options that are wrong
 * @throws {Error} (rejects) when the address cannot be listened on
 *
 * @example
 * ```ts
 * import { serve } from "@mooring/http/node";
 *
 * const server = await serve({ port: 0, fetch: () => new Response("hello") });
 * await server.close();
 * ```
 */
export function serve(options: ServeOptions): Promise<Server> {
  return startServer(options, listen);
}

const listen: Listen = ({ port, hostname, backlog }, accept) =>
  new Promise((resolve, reject) => {
    const server = net.createServer({ ...SOCKET, noDelay: true, pauseOnConnect: true }, (accepted) => {
      accept(new SocketTransport(accepted));
    });
    server.once("error", reject);
    server.listen({ port, host: hostname, backlog }, () => {
      server.off("error", reject);
      // What fails after this is one accept (too many open files, say); the listener goes on.
      server.on("error", () => {});
      const { address, port } = server.address() as net.AddressInfo;
      resolve({ addr: tcp(address, port)!, close: () => void server.close() });
    });
  });

/** A half-closed client still gets its answers. */
const SOCKET = { allowHalfOpen: true };

/** What all sockets are read into, one after another; as large as the reads that Node asks the system for. */
const READ_BUFFER = new Uint8Array(64 * 1024);

/** Deno and Bun have `node:net`, but not what is inside. */
const IS_NODE = !("Deno" in globalThis || "Bun" in globalThis);

/**
 * The connection of `accepted` as a socket that reads into `READ_BUFFER`, which spares a buffer and the way
 * through the readable stream for each read. Node's `onread` does that, but only for sockets that one makes:
 * so the handle moves to a new one.
 */
function readInPlace(accepted: net.Socket, received: (bytes: Uint8Array, count: number) => void): net.Socket {
  if (!IS_NODE) return accepted.on("data", (chunk: Uint8Array) => received(chunk, chunk.length));
  const holder = accepted as unknown as { _handle: unknown };
  const handle = holder._handle;
  holder._handle = null;
  const callback = (count: number): boolean => (received(READ_BUFFER, count), true);
  const options = { ...SOCKET, handle, onread: { buffer: READ_BUFFER, callback } };
  return new net.Socket(options as net.SocketConstructorOpts);
}

/** What is used of the handle inside of a socket, on Node alone. */
interface NodeHandle {
  readonly bytesWritten: number;
  readonly writeQueueSize: number | undefined;
}

const NO_HANDLE: NodeHandle = { bytesWritten: 0, writeQueueSize: undefined };

/** A Node socket. */
class SocketTransport implements Transport {
  readonly remoteAddr: Addr | undefined;
  readonly localAddr: Addr | undefined;
  readonly #socket: net.Socket;
  #events!: TransportEvents;

  constructor(accepted: net.Socket) {
    const socket = readInPlace(accepted, (bytes, count) => this.#events.receive(bytes, 0, count));
    this.#socket = socket;
    this.remoteAddr = tcp(socket.remoteAddress, socket.remotePort);
    this.localAddr = tcp(socket.localAddress, socket.localPort);
  }

  start(events: TransportEvents): void {
    this.#events = events;
    let error: unknown;
    this.#socket
      .on("end", () => events.receiveEnd())
      .on("error", (cause) => error = cause)
      .on("close", () => events.transportClosed(error))
      .resume();
  }

  readonly #drained = (): void => {
    if (!this.#socket.destroyed && this.#socket.writableLength === 0) this.#events.drained();
  };

  write(bytes: Uint8Array, start: number, end: number): boolean {
    const socket = this.#socket;
    socket.write(view(bytes, start, end));
    // The system has mostly taken all by now; otherwise an empty write reports when it has.
    if (socket.writableLength === 0) return true;
    socket.write(NOTHING, this.#drained);
    return false;
  }

  unsent(): number {
    const socket = this.#socket as unknown as { readonly _handle: NodeHandle | null };
    const { bytesWritten, writeQueueSize } = socket._handle ?? NO_HANDLE;
    if (writeQueueSize === undefined) return this.#socket.writableLength;
    // What waits in the socket, and what the system has not taken of the write that is under way.
    return this.#socket.bytesWritten - bytesWritten + writeQueueSize;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): boolean {
    const sent = this.#socket.writableLength === 0;
    this.#socket.end();
    return sent;
  }

  close(abruptly: boolean): void {
    if (abruptly) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }
}

/** The engine's own buffer is not larger. */
const LARGEST_KEPT_VIEW = 16 * 1024;

let lastView = Buffer.alloc(0);

/**
 * `bytes[start, end)` as the Buffer that a socket wants. Responses are mostly as long as the one before, and
 * lie in the same memory: then the view of it does again, which spares two objects a write.
 */
function view(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const offset = bytes.byteOffset + start;
  const length = end - start;
  // Large bytes are the user's, and not to be kept.
  if (length > LARGEST_KEPT_VIEW) return Buffer.from(bytes.buffer as ArrayBuffer, offset, length);
  if (lastView.buffer !== bytes.buffer || lastView.byteOffset !== offset || lastView.length !== length) {
    lastView = Buffer.from(bytes.buffer as ArrayBuffer, offset, length);
  }
  return lastView;
}

const NOTHING = new Uint8Array(0);

function tcp(hostname: string | undefined, port: number | undefined): Addr | undefined {
  return hostname === undefined || port === undefined ? undefined : { transport: "tcp", hostname, port };
}
