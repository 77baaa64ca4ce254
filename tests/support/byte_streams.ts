/**
 * The client's side of each kind of connection.
 */
import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import { AUTHORITY } from "./certificates.ts";
import type { ByteStream } from "./wire_client.ts";

/** Connects by TCP to a port of this machine. */
export async function connectTcp(port: number): Promise<ByteStream> {
  const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
  await once(socket, "connect");
  return new SocketStream(socket, true);
}

/** Connects to a Unix socket. */
export async function connectUnix(path: string): Promise<ByteStream> {
  const socket = net.connect({ path, allowHalfOpen: true });
  await once(socket, "connect");
  return new SocketStream(socket);
}

/** Connects by TLS to a port of this machine. */
export async function connectTls(port: number): Promise<ByteStream> {
  if (Deno !== undefined) {
    const options = {
      port,
      hostname: "127.0.0.1",
      caCerts: [AUTHORITY],
      alpnProtocols: ["http/1.1"],
    };
    return denoStream(await Deno.connectTls(options));
  }
  const socket = tls.connect({
    port,
    host: "127.0.0.1",
    ca: AUTHORITY,
    ALPNProtocols: ["http/1.1"],
    allowHalfOpen: true,
  } as tls.ConnectionOptions);
  await once(socket, "secureConnect");
  socket.setNoDelay(true);
  return new SocketStream(socket);
}

/** What is used of a `Deno.Conn`. */
interface DenoConn {
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  close(): void;
}

const { Deno } = globalThis as unknown as { Deno?: { connectTls(options: unknown): Promise<DenoConn> } };

/** Deno's own: its `node:tls` goes on reading when it is paused, and does not half-close. */
function denoStream(conn: DenoConn): ByteStream {
  const ignore = (): void => {};
  let writing = Promise.resolve();
  return {
    async read() {
      const buffer = new Uint8Array(16 * 1024);
      const count = await conn.read(buffer);
      return count === null ? null : buffer.subarray(0, count);
    },
    write: (bytes) => writing = writing.then(() => writeAll(conn, bytes)),
    end: () => void writing.then(() => conn.closeWrite()).catch(ignore),
    reset() {
      try {
        conn.close();
      } catch {
        // Closed already.
      }
    },
  };
}

async function writeAll(conn: DenoConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

/** A socket that reads only when it is asked to, so that a slow reader is really slow. */
class SocketStream implements ByteStream {
  readonly #socket: net.Socket;
  readonly #isTcp: boolean;
  readonly #chunks: Uint8Array[] = [];
  #ended = false;
  #error: unknown = undefined;
  #changed: () => void = () => {};

  constructor(socket: net.Socket, isTcp = false) {
    this.#socket = socket;
    this.#isTcp = isTcp;
    socket.pause();
    socket
      .on("data", (chunk: Uint8Array) => {
        socket.pause();
        this.#chunks.push(chunk);
        this.#changed();
      })
      .on("end", () => {
        this.#ended = true;
        this.#changed();
      })
      .on("error", (error) => this.#error ??= error)
      .on("close", () => {
        this.#error ??= new Error("the socket was closed");
        this.#changed();
      });
  }

  async read(): Promise<Uint8Array | null> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) return chunk;
      if (this.#ended) return null;
      if (this.#error !== undefined) throw this.#error;
      const changed = new Promise<void>((resolve) => this.#changed = resolve);
      this.#socket.resume();
      await changed;
    }
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => error ? reject(error) : resolve());
    });
  }

  end(): void {
    this.#socket.end();
  }

  reset(): void {
    // Only TCP has a reset, and Node does not end by itself after one that comes upon a half-close under way.
    if (this.#socket.writableEnded || !this.#isTcp) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }
}

/** The side of a stream pair whose other side the server has. */
export function webStream(
  readable: ReadableStream<Uint8Array>,
  writable: WritableStream<Uint8Array>,
): ByteStream {
  const reader = readable.getReader();
  const writer = writable.getWriter();
  const ignore = (): void => {};
  writer.closed.catch(ignore);
  return {
    read: async () => (await reader.read()).value ?? null,
    write: (bytes) => writer.write(bytes),
    end: () => void writer.close().catch(ignore),
    reset() {
      const reason = new Error("reset by the test");
      writer.abort(reason).catch(ignore);
      reader.cancel(reason).catch(ignore);
    },
  };
}

/** What the server may write ahead of its reader, and the largest piece that it gets, in bytes. */
const MEMORY_WINDOW = 64 * 1024;

/** A connection in memory with backpressure both ways; `client` is the client's side. */
export class MemoryConnection extends MemoryTransport {
  readonly client: ByteStream = {
    read: () => this.#read(),
    write: (bytes) => this.#sending = this.#sending.then(() => this.#write(bytes)),
    end: () => void this.#sending.then(() => this.sendEnd(), () => {}),
    reset: () => this.reset(new Error("reset by the test")),
  };
  #sending: Promise<void> = Promise.resolve();
  #unread = 0;
  #waiting: (() => void)[] = [];

  async #read(): Promise<Uint8Array | null> {
    for (;;) {
      const chunk = this.written.shift();
      if (chunk !== undefined) {
        // Copied now: what the server was told to leave alone must still be there.
        const copy = chunk.slice();
        this.#unread -= copy.length;
        if (this.#unread === 0 && !this.takesWrites) this.drain();
        return copy;
      }
      if (this.ended) return null;
      if (this.closed) throw new Error("the server released the transport");
      await this.#change();
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += MEMORY_WINDOW) {
      while (this.paused && !this.closed) await this.#change();
      if (this.closed) throw new Error("the server released the transport");
      const piece = bytes.slice(at, at + MEMORY_WINDOW);
      this.send(piece);
      // The memory is ours again now, and holds something else: the server must have copied what it keeps.
      piece.fill(0x58);
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #changed(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  override write(bytes: Uint8Array, start: number, end: number): boolean {
    this.#unread += end - start;
    this.takesWrites = this.#unread <= MEMORY_WINDOW;
    const taken = super.write(bytes, start, end);
    this.#changed();
    return taken;
  }

  override resume(): void {
    super.resume();
    this.#changed();
  }

  override end(): boolean {
    const sent = super.end();
    this.#changed();
    return sent;
  }

  override close(abruptly: boolean): void {
    super.close(abruptly);
    this.#changed();
  }
}
