/**
 * The output buffer that all connections of a server share. A connection acquires it to write a response; it is flushed
 * when the received chunk is processed, at the end of the microtask, or when another connection acquires it. So small
 * responses leave in one write, and no connection owns a write buffer.
 */
import { ByteWriter } from "../wire/byte_writer.ts";
import { BufferPool } from "../wire/buffer_pool.ts";

/**
 * Room for some small responses, and for `highWaterMark` bytes (64 KiB) with a response behind them: two sizes, so that
 * a connection under backpressure holds no more memory than it needs.
 */
const SMALL_BYTES = 16 * 1024;
const LARGE_BYTES = 128 * 1024;
/** Pooled buffers, 1 MiB and 2 MiB: as many as transports retain and release in a turn or two of the event loop. */
const MAX_SMALL = 64;
const MAX_LARGE = 16;

const NONE = new Uint8Array(0);

/** A writer of one connection. */
export interface CorkBufferOwner {
  /** Sends `bytes[start, end)`; answers whether the memory may be reused at once. */
  send(bytes: Uint8Array, start: number, end: number): boolean;
  /** The transport retains `buffer`, of which `send` has sent; `release` it once it is drained. */
  retained(buffer: Uint8Array): void;
}

/** Appends to pooled buffers. */
class PooledWriter extends ByteWriter {
  readonly #small = new BufferPool(SMALL_BYTES, MAX_SMALL);
  readonly #large = new BufferPool(LARGE_BYTES, MAX_LARGE);

  constructor() {
    super(0);
  }

  override allocate(count: number): Uint8Array {
    if (count <= SMALL_BYTES) return this.#small.acquire();
    if (count <= LARGE_BYTES) return this.#large.acquire();
    return super.allocate(count);
  }

  /** Each pool takes only buffers of its size. */
  override release(buffer: Uint8Array): void {
    this.#small.release(buffer);
    this.#large.release(buffer);
  }
}

/** The shared output buffer. */
export class CorkBuffer {
  readonly #writer = new PooledWriter();
  #owner: CorkBufferOwner | null = null;
  #corked = false;
  #flushQueued = false;
  readonly #flushQueuedTask = (): void => {
    this.#flushQueued = false;
    this.flush();
  };

  /** The buffer, for `owner` to append to. */
  acquire(owner: CorkBufferOwner): ByteWriter {
    // A transport may let another connection write from inside of `send`.
    while (this.#owner !== null && this.#owner !== owner) this.flush();
    this.#owner = owner;
    if (!this.#corked && !this.#flushQueued) {
      this.#flushQueued = true;
      queueMicrotask(this.#flushQueuedTask);
    }
    return this.#writer;
  }

  /** Bytes of `owner` that were not sent yet. */
  lengthOf(owner: CorkBufferOwner): number {
    return this.#owner === owner ? this.#writer.length : 0;
  }

  /** Buffers until `uncork`. */
  cork(): void {
    this.#corked = true;
  }

  /** Flushes what was written since `cork`. */
  uncork(): void {
    this.#corked = false;
    this.flush();
  }

  /** Sends what was written since the last flush. */
  flush(): void {
    const writer = this.#writer;
    const owner = this.#owner;
    const length = writer.length;
    this.#owner = null;
    if (owner === null || length === 0) return;
    writer.length = 0;
    const buffer = writer.bytes;
    // Another connection may respond from inside of `send`: not into this buffer.
    writer.bytes = NONE;
    const isReusable = owner.send(buffer, 0, length);
    if (!isReusable) owner.retained(buffer);
    else if (buffer.length === SMALL_BYTES && writer.bytes === NONE) writer.bytes = buffer;
    else this.release(buffer);
  }

  /** Takes back a retained buffer, which the transport has sent. */
  release(buffer: Uint8Array): void {
    this.#writer.release(buffer);
  }
}
