/**
 * The client's side of each kind of connection.
 */
import { once } from "node:events";
import net from "node:net";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import type { ByteStream } from "./wire_client.ts";

/** Connects by TCP to a port of this machine. */
export async function connectTcp(port: number): Promise<ByteStream> {
  const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
  await once(socket, "connect");
  return new SocketStream(socket);
}

/** A socket that reads only when it is asked to, so that a slow reader is really slow. */
class SocketStream implements ByteStream {
  readonly #socket: net.Socket;
  readonly #chunks: Uint8Array[] = [];
  #ended = false;
  #error: unknown = undefined;
  #changed: () => void = () => {};

  constructor(socket: net.Socket) {
    this.#socket = socket;
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
    // Node does not end by itself after a reset that comes upon a half-close under way.
    if (this.#socket.writableEnded) this.#socket.destroy();
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
