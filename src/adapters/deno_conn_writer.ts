/**
 * The write side of a `Deno.Conn`: one write at a time, in order. Made with the first write, since many connections
 * come and go without one.
 */
import { FreeList } from "../wire/free_list.ts";
import { memoryPool } from "../wire/memory_pool.ts";

/** Writes below this are copied, which is cheaper than backpressure until they are sent. */
const COPIED_WRITE = 32 * 1024;
/** Unsent bytes from here on are backpressure. */
const MUCH_UNSENT = 64 * 1024;
/** Views that are kept for use again: as many as writes are ever under way at once in one turn. */
const MAX_KEPT = 256;
/** The memory of views up to here is kept with them: most responses are small. */
const KEPT_BYTES = 1024;

/**
 * Copies of small writes, kept to be used again: responses of one server are mostly of one length, and then the view of
 * the memory can be used again, too.
 */
const kept = new FreeList<Uint8Array>(MAX_KEPT);

/** A copy of `bytes[start, end)`. */
function copyToSend(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const count = end - start;
  let copy = count <= KEPT_BYTES ? kept.pop() : undefined;
  if (copy === undefined) copy = memoryPool.acquire(Math.max(count, KEPT_BYTES)).subarray(0, count);
  else if (copy.length !== count) copy = new Uint8Array(copy.buffer, 0, count);
  copy.set(bytes.subarray(start, end));
  return copy;
}

/** `copy` was sent. */
function releaseCopy(copy: Uint8Array): void {
  if (copy.length > KEPT_BYTES || !kept.push(copy)) memoryPool.release(new Uint8Array(copy.buffer));
}

/** What is used of a `Deno.Conn`. */
export interface WritableConn {
  write(bytes: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
}

/** The transport. */
export interface DenoConnWriterOwner {
  /** Everything is sent, after `write` or `end` had answered `false`; or nothing more will be, once it is closed. */
  writeDrained(): void;
  /** A write has failed. */
  writeFailed(error: unknown): void;
}

/** Writes to one connection. */
export class DenoConnWriter {
  readonly #owner: DenoConnWriterOwner;
  readonly #conn: WritableConn;
  /** What is being sent; `null` while there is nothing. Below `COPIED_WRITE` bytes it is a copy. */
  #sending: Uint8Array | null = null;
  /** How much of that was sent. */
  #sentBytes = 0;
  /** What is sent after it. */
  readonly #waiting: Uint8Array[] = [];
  #unsentBytes = 0;
  /** Whether the owner waits for `writeDrained`. */
  #isBackpressured = false;
  #isEnding = false;
  #isClosed = false;

  /** Writes to `conn`. */
  constructor(owner: DenoConnWriterOwner, conn: WritableConn) {
    this.#owner = owner;
    this.#conn = conn;
  }

  /** Bytes that were written and are not sent. */
  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /** Whether nothing is being sent. */
  get isIdle(): boolean {
    return this.#sending === null;
  }

  /** As `Transport.write`. */
  write(bytes: Uint8Array, start: number, end: number): boolean {
    const count = end - start;
    const isCopied = count < COPIED_WRITE;
    const pending = isCopied ? copyToSend(bytes, start, end) : bytes.subarray(start, end);
    this.#unsentBytes += count;
    if (this.#sending === null) this.#send(pending);
    else this.#waiting.push(pending);
    if (isCopied && this.#unsentBytes < MUCH_UNSENT) return true;
    this.#isBackpressured = true;
    return false;
  }

  #send(bytes: Uint8Array): void {
    this.#sending = bytes;
    this.#sentBytes = 0;
    this.#conn.write(bytes).then(this.#sent, this.#sendFailed);
  }

  readonly #sent = (count: number): void => {
    const sent = this.#sending!;
    this.#sentBytes += count;
    this.#unsentBytes -= count;
    if (this.#sentBytes < sent.length && !this.#isClosed) {
      this.#conn.write(sent.subarray(this.#sentBytes)).then(this.#sent, this.#sendFailed);
      return;
    }
    this.#release(sent);
    if (!this.#isClosed) {
      if (this.#waiting.length > 0) return this.#send(this.#waiting.shift()!);
      if (this.#isEnding) this.#closeWrite();
    }
    this.#drained();
  };

  readonly #sendFailed = (error: unknown): void => {
    this.#release(this.#sending!);
    this.#owner.writeFailed(error);
    this.#drained();
  };

  /** Deno reads `sent` no more. */
  #release(sent: Uint8Array): void {
    this.#sending = null;
    if (sent.length < COPIED_WRITE) releaseCopy(sent);
  }

  #drained(): void {
    if (!this.#isBackpressured) return;
    this.#isBackpressured = false;
    this.#owner.writeDrained();
  }

  /** As `Transport.end`. */
  end(): boolean {
    this.#isEnding = true;
    this.#isBackpressured = !this.isIdle;
    if (this.isIdle) this.#closeWrite();
    return !this.#isBackpressured;
  }

  #closeWrite(): void {
    this.#conn.closeWrite().catch((error) => this.#owner.writeFailed(error));
  }

  /** The connection is closed: drops what is not sent. */
  close(): void {
    this.#isClosed = true;
  }
}
