/**
 * Mooring on a `Deno.Conn`, by its own calls: its streams cannot half-close, because the end of either
 * closes both.
 */
import type { Addr, Transport, TransportEvents } from "../conn.ts";
import { copyOf } from "../protocol/bytes.ts";

/** What is used of a `Deno.Conn`, whichever kind it is. */
export interface DenoConn {
  readonly remoteAddr: Addr;
  readonly localAddr: Addr;
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  close(): void;
  /** TCP has it. */
  setNoDelay?(noDelay: boolean): void;
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
/** Writes below this are copied, which is cheaper than giving up the engine's buffer. */
const COPIED_WRITE = 32 * 1024;
/** Bytes under way from which on the engine is told to wait. */
const MUCH_UNSENT = 64 * 1024;

/** A Deno connection. Reads and writes are promises that one function each receives, made once. */
export class DenoConnTransport implements Transport {
  readonly remoteAddr: Addr;
  readonly localAddr: Addr;
  readonly #conn: DenoConn;
  #events!: TransportEvents;
  #buffer: Uint8Array = new Uint8Array(SMALL_READ);
  #reading = false;
  #paused = false;
  #closed = false;
  /** What was handed over and is not sent; the first is under way. */
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #engineWaits = false;
  #ending = false;

  /** Moves the bytes of `conn`. */
  constructor(conn: DenoConn) {
    this.#conn = conn;
    this.remoteAddr = conn.remoteAddr;
    this.localAddr = conn.localAddr;
    conn.setNoDelay?.(true);
  }

  /** Connects the engine's side. */
  start(events: TransportEvents): void {
    this.#events = events;
    this.#read();
  }

  #read(): void {
    this.#reading = true;
    this.#conn.read(this.#buffer).then(this.#received, this.#failed);
  }

  readonly #received = (count: number | null): void => {
    this.#reading = false;
    if (this.#closed) return;
    if (count === null) return this.#events.receiveEnd();
    const buffer = this.#buffer;
    if (count === buffer.length && count < LARGE_READ) this.#buffer = new Uint8Array(LARGE_READ);
    else if (count < SMALL_READ && buffer.length === LARGE_READ) this.#buffer = new Uint8Array(SMALL_READ);
    this.#events.receive(buffer, 0, count);
    if (!this.#closed && !this.#paused && !this.#reading) this.#read();
  };

  readonly #failed = (error: unknown): void => {
    if (this.#closed) return;
    this.#events.transportClosed(error);
  };

  write(bytes: Uint8Array, start: number, end: number): boolean {
    const count = end - start;
    const copied = count < COPIED_WRITE;
    this.#unsent.push(copied ? copyOf(bytes, start, end) : bytes.subarray(start, end));
    this.#unsentBytes += count;
    if (this.#unsent.length === 1) this.#send();
    if (copied && this.#unsentBytes < MUCH_UNSENT) return true;
    this.#engineWaits = true;
    return false;
  }

  #send(): void {
    this.#conn.write(this.#unsent[0]).then(this.#sent, this.#failed);
  }

  readonly #sent = (count: number): void => {
    if (this.#closed) return;
    this.#unsentBytes -= count;
    const first = this.#unsent[0];
    if (count < first.length) this.#unsent[0] = first.subarray(count);
    else this.#unsent.shift();
    if (this.#unsent.length > 0) return this.#send();
    if (this.#ending) this.#closeWrite();
    if (!this.#engineWaits) return;
    this.#engineWaits = false;
    this.#events.drained();
  };

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    if (!this.#reading) this.#read();
  }

  end(): boolean {
    this.#ending = true;
    this.#engineWaits = this.#unsent.length > 0;
    if (!this.#engineWaits) this.#closeWrite();
    return !this.#engineWaits;
  }

  #closeWrite(): void {
    this.#conn.closeWrite().catch(this.#failed);
  }

  /** Deno has no reset. */
  close(_abruptly: boolean): void {
    this.#closed = true;
    try {
      this.#conn.close();
    } catch {
      // Closed already by the system.
    }
  }
}
