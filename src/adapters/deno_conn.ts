/**
 * Mooring on a `Deno.Conn`, by its own calls: its streams cannot half-close, because the end of either
 * closes both.
 */
import type { Addr, Transport, TransportEvents } from "../api/transport.ts";
import { memoryPool } from "../wire/memory_pool.ts";
import { unmapped } from "./addresses.ts";
import { DenoConnWriter, type DenoConnWriterOwner, type WritableConn } from "./deno_conn_writer.ts";

/** What is used of a `Deno.Conn`, whichever kind it is. */
export interface DenoConn extends WritableConn {
  readonly remoteAddr: Addr;
  readonly localAddr: Addr;
  read(buffer: Uint8Array): Promise<number | null>;
  close(): void;
  /** TCP has it, and the next. */
  setNoDelay?(noDelay: boolean): void;
  setKeepAlive?(keepAlive: boolean): void;
  /** TLS has it. */
  handshake?(): Promise<{ readonly alpnProtocol?: string | null } | void>;
  /** What the program says of a connection that it hands over. */
  readonly alpnProtocol?: string | null;
}

/** Whether `conn` has the calls of a `Deno.Conn`. */
export function isDenoConn(conn: unknown): conn is DenoConn {
  const { read, write, closeWrite, close } = (conn ?? {}) as Partial<DenoConn>;
  return [read, write, closeWrite, close].every((call) => typeof call === "function");
}

/** A read buffer that waits with an idle connection. */
const SMALL_READ = 2 * 1024;
/** A read buffer for a peer that fills the small one. */
const LARGE_READ = 64 * 1024;
const NOTHING = new Uint8Array(0);

/** A Deno connection. Reads and writes are promises that one function each receives, made once. */
export class DenoConnTransport implements DenoConnWriterOwner, Transport {
  readonly remoteAddr: Addr;
  readonly localAddr: Addr;
  readonly isSecure: boolean;
  handshaking: boolean = false;
  alpnProtocol: string | null | undefined;
  readonly #conn: DenoConn;
  #events!: TransportEvents;
  #buffer: Uint8Array = memoryPool.acquire(SMALL_READ);
  #reading = false;
  #paused = false;
  /** No more bytes will come. */
  #ended = false;
  /** The connection is gone or released, and nothing is told of it any more. */
  #over = false;
  /** Made with the first write. */
  #writer: DenoConnWriter | null = null;
  #isEnding = false;

  /** Moves the bytes of `conn`. */
  constructor(conn: DenoConn, isSecure: boolean = ("handshake" in conn)) {
    this.#conn = conn;
    this.isSecure = isSecure;
    this.remoteAddr = unmapped(conn.remoteAddr);
    this.localAddr = unmapped(conn.localAddr);
    this.alpnProtocol = conn.alpnProtocol || undefined;
    try {
      conn.setNoDelay?.(true);
      conn.setKeepAlive?.(true); // so that a client that vanished without a word is noticed
    } catch {
      // The peer has reset it, as reading will tell.
    }
  }

  get batchesResponses(): boolean {
    return true;
  }

  /** Connects the engine's side. */
  start(events: TransportEvents): void {
    this.#events = events;
    if (this.#conn.handshake !== undefined) this.#awaitHandshake(this.#conn.handshake());
    this.#read();
  }

  /** Reads and writes wait for it by themselves, and fail where it does. */
  #awaitHandshake(handshake: ReturnType<NonNullable<DenoConn["handshake"]>>): void {
    this.handshaking = true;
    handshake.then((info) => {
      this.handshaking = false;
      this.alpnProtocol = info?.alpnProtocol || null;
    }, () => {});
  }

  #read(): void {
    this.#reading = true;
    this.#conn.read(this.#buffer).then(this.#received, this.#readFailed);
  }

  readonly #received = (count: number | null): void => {
    if (count === null) this.#ended = true;
    if (this.#over || count === null) {
      this.#reading = false;
      this.#changeBuffer(NOTHING);
      if (!this.#over) this.#events.receiveEnd();
      return;
    }
    const buffer = this.#buffer;
    this.#events.receive(buffer, 0, count);
    // Only from here on: a read that `resume` had started from inside of `receive` would overwrite what that looks at.
    this.#reading = false;
    if (this.#over) return this.#changeBuffer(NOTHING);
    if (count === buffer.length && count < LARGE_READ) this.#changeBuffer(memoryPool.acquire(LARGE_READ));
    else if (count < SMALL_READ && buffer.length >= LARGE_READ) {
      this.#changeBuffer(memoryPool.acquire(SMALL_READ));
    }
    if (!this.#paused) this.#read();
  };

  readonly #readFailed = (error: unknown): void => {
    this.#reading = false;
    this.#changeBuffer(NOTHING);
    this.#failed(error);
  };

  /** Nothing is read into the buffer any more. */
  #changeBuffer(buffer: Uint8Array): void {
    memoryPool.release(this.#buffer);
    this.#buffer = buffer;
  }

  #failed(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#events.transportClosed(error);
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    return (this.#writer ??= new DenoConnWriter(this, this.#conn)).write(bytes, start, end);
  }

  writeDrained(): void {
    this.#events.drained();
  }

  writeFailed(error: unknown): void {
    this.#failed(error);
  }

  unsent(): number {
    return this.#writer?.unsentBytes ?? 0;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    if (!this.#reading && !this.#ended) this.#read();
  }

  probe(): void {
    // Even an empty write fails once the peer has reset; one that is under way tells by itself, and TLS writes
    // nothing of nothing.
    if (this.isSecure || this.#isEnding || this.#writer?.isIdle === false) return;
    this.#conn.write(NOTHING).catch((error) => this.#failed(error));
  }

  end(): boolean {
    this.#isEnding = true;
    return (this.#writer ??= new DenoConnWriter(this, this.#conn)).end();
  }

  /**
   * Deno has no reset. The descriptor of a TLS connection in its handshake is freed only when the peer ends that
   * or goes.
   */
  close(_abruptly: boolean): void {
    this.#over = true; // the read buffer goes back when the pending read has settled, since that may still fill it
    this.#writer?.close();
    try {
      this.#conn.close();
    } catch {
      // Closed already by the system.
    }
  }
}
