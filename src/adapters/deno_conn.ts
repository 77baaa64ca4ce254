/**
 * Mooring on a `Deno.Conn`, by its own calls: its streams cannot half-close, because the end of either
 * closes both.
 */
import type { Addr, Transport, TransportEvents } from "../api/transport.ts";
import { BufferPool } from "../wire/buffer_pool.ts";
import { copyOf } from "../wire/bytes.ts";
import { unmapped } from "./addresses.ts";

/** What is used of a `Deno.Conn`, whichever kind it is. */
export interface DenoConn {
  readonly remoteAddr: Addr;
  readonly localAddr: Addr;
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  close(): void;
  /** TCP has it, and the next. */
  setNoDelay?(noDelay: boolean): void;
  setKeepAlive?(keepAlive: boolean): void;
  /** TLS has it. */
  handshake?(): Promise<unknown>;
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
/** Room of a slot: most responses are small, and then one is enough. */
const SLOT_BYTES = 1024;
/** Slots kept for use again: as many as writes are ever under way at once in one turn. */
const MAX_SLOTS = 256;

const NOTHING = new Uint8Array(0);

/**
 * Memory for one small write while it is under way. Responses of one server are mostly of one length, and
 * then the view of the memory does again, too.
 */
class Slot {
  readonly #memory = new Uint8Array(SLOT_BYTES);
  #view = this.#memory;

  /** A copy of `bytes[start, end)`, valid until the next. */
  fill(bytes: Uint8Array, start: number, end: number): Uint8Array {
    if (this.#view.length !== end - start) this.#view = this.#memory.subarray(0, end - start);
    this.#view.set(bytes.subarray(start, end));
    return this.#view;
  }
}

const slots: Slot[] = [];

/** Read buffers that wait for a connection, 512 KiB and 1 MiB: as many as change hands in one turn or two. */
const smallReads = new BufferPool(SMALL_READ, 256);
const largeReads = new BufferPool(LARGE_READ, 16);

/** A Deno connection. Reads and writes are promises that one function each receives, made once. */
export class DenoConnTransport implements Transport {
  readonly remoteAddr: Addr;
  readonly localAddr: Addr;
  readonly isSecure: boolean;
  handshaking: boolean = false;
  readonly #conn: DenoConn;
  #events!: TransportEvents;
  #buffer: Uint8Array = smallReads.acquire();
  #reading = false;
  #paused = false;
  /** No more bytes will come. */
  #ended = false;
  /** The connection is gone or released, and nothing is told of it any more. */
  #over = false;
  /** What was handed over and is not sent; the first is under way. */
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  /** What holds the first of them, if it is small. */
  #slot: Slot | null = null;
  #engineWaits = false;
  #ending = false;

  /** Moves the bytes of `conn`. */
  constructor(conn: DenoConn, isSecure: boolean = ("handshake" in conn)) {
    this.#conn = conn;
    this.isSecure = isSecure;
    this.remoteAddr = unmapped(conn.remoteAddr);
    this.localAddr = unmapped(conn.localAddr);
    try {
      conn.setNoDelay?.(true);
      conn.setKeepAlive?.(true); // so that a client that vanished without a word is noticed
    } catch {
      // The peer has reset it, as reading will tell.
    }
  }

  /** Connects the engine's side. */
  start(events: TransportEvents): void {
    this.#events = events;
    if (this.#conn.handshake !== undefined) this.#awaitHandshake(this.#conn.handshake());
    this.#read();
  }

  /** Reads and writes wait for it by themselves, and fail where it does. */
  #awaitHandshake(handshake: Promise<unknown>): void {
    this.handshaking = true;
    handshake.then(() => this.handshaking = false, () => {});
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
    if (count === buffer.length && count < LARGE_READ) this.#changeBuffer(largeReads.acquire());
    else if (count < SMALL_READ && buffer.length === LARGE_READ) this.#changeBuffer(smallReads.acquire());
    if (!this.#paused) this.#read();
  };

  readonly #readFailed = (error: unknown): void => {
    this.#reading = false;
    this.#changeBuffer(NOTHING);
    this.#failed(error);
  };

  /** Nothing is read into the buffer any more. */
  #changeBuffer(buffer: Uint8Array): void {
    smallReads.release(this.#buffer);
    largeReads.release(this.#buffer);
    this.#buffer = buffer;
  }

  readonly #failed = (error: unknown): void => {
    if (this.#over) return;
    this.#over = true;
    this.#events.transportClosed(error);
  };

  write(bytes: Uint8Array, start: number, end: number): boolean {
    const count = end - start;
    const copied = count < COPIED_WRITE;
    if (this.#unsent.length === 0 && count <= SLOT_BYTES) {
      this.#slot = slots.pop() ?? new Slot();
      this.#unsent.push(this.#slot.fill(bytes, start, end));
    } else {
      this.#unsent.push(copied ? copyOf(bytes, start, end) : bytes.subarray(start, end));
    }
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
    if (this.#over) return;
    this.#unsentBytes -= count;
    const first = this.#unsent[0];
    if (count < first.length) {
      this.#unsent[0] = first.subarray(count);
    } else {
      this.#unsent.shift();
      this.#returnSlot();
    }
    if (this.#unsent.length > 0) return this.#send();
    if (this.#ending) this.#closeWrite();
    if (!this.#engineWaits) return;
    this.#engineWaits = false;
    this.#events.drained();
  };

  #returnSlot(): void {
    if (this.#slot !== null && slots.length < MAX_SLOTS) slots.push(this.#slot);
    this.#slot = null;
  }

  unsent(): number {
    return this.#unsentBytes;
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
    if (this.isSecure || this.#ending || this.#unsent.length > 0) return;
    this.#conn.write(NOTHING).catch(this.#failed);
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

  /**
   * Deno has no reset. The descriptor of a TLS connection in its handshake is freed only when the peer ends that
   * or goes.
   */
  close(_abruptly: boolean): void {
    this.#over = true;
    try {
      this.#conn.close();
    } catch {
      // Closed already by the system.
    }
  }
}
