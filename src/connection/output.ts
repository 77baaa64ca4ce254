/**
 * The one buffer in which all responses of a server are put together. A connection claims it while it
 * writes; it is flushed when the received chunk is worked off, when the microtask ends, or when another
 * connection claims it. So small responses leave in one write, and a connection owns no write buffer.
 */
import { ByteWriter } from "../protocol/byte_writer.ts";
import { BufferPool } from "../protocol/buffer_pool.ts";

/**
 * Room for some small responses, and for `highWaterMark` bytes (64 KiB) with a response behind them: two sizes, so that
 * a connection whose client is behind holds no more than it needs.
 */
const SMALL_BYTES = 16 * 1024;
const LARGE_BYTES = 128 * 1024;
/** Buffers that are kept, 1 MiB and 2 MiB: as many as transports keep and give back in one turn or two. */
const MAX_SMALL = 64;
const MAX_LARGE = 16;

const NONE = new Uint8Array(0);

/** Where flushed bytes go. */
export interface OutputOwner {
  /** Sends `bytes[start, end)`; answers whether the memory may be used again at once. */
  send(bytes: Uint8Array, start: number, end: number): boolean;
  /** The transport keeps `buffer`, which `send` has sent of: it comes back by `giveBack`, or never. */
  lend(buffer: Uint8Array): void;
}

/** Appends to buffers that are used again. */
class PooledWriter extends ByteWriter {
  readonly #small = new BufferPool(SMALL_BYTES, MAX_SMALL);
  readonly #large = new BufferPool(LARGE_BYTES, MAX_LARGE);

  constructor() {
    super(0);
  }

  override allocate(count: number): Uint8Array {
    return count <= SMALL_BYTES
      ? this.#small.take()
      : count <= LARGE_BYTES
      ? this.#large.take()
      : super.allocate(count);
  }

  override release(buffer: Uint8Array): void {
    this.#small.giveBack(buffer);
    this.#large.giveBack(buffer);
  }
}

/** The shared output buffer. */
export class Output {
  readonly #writer = new PooledWriter();
  #owner: OutputOwner | null = null;
  #corked = false;
  #flushQueued = false;
  readonly #flushSoon = (): void => {
    this.#flushQueued = false;
    this.flush();
  };

  /** The buffer, for `owner` to append to. */
  claim(owner: OutputOwner): ByteWriter {
    // A transport may let another connection write while it takes what was flushed.
    while (this.#owner !== null && this.#owner !== owner) this.flush();
    this.#owner = owner;
    if (!this.#corked && !this.#flushQueued) {
      this.#flushQueued = true;
      queueMicrotask(this.#flushSoon);
    }
    return this.#writer;
  }

  /** How many bytes of `owner` are here, which were not sent. */
  lengthOf(owner: OutputOwner): number {
    return this.#owner === owner ? this.#writer.length : 0;
  }

  /** Holds back until `uncork`, which flushes. */
  cork(): void {
    this.#corked = true;
  }

  /** Ends what `cork` began. */
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
    // No response may be appended to it during `send`, from inside of which another connection can be called.
    writer.bytes = NONE;
    const isTaken = owner.send(buffer, 0, length);
    if (!isTaken) owner.lend(buffer);
    else if (buffer.length === SMALL_BYTES && writer.bytes === NONE) writer.bytes = buffer;
    else this.giveBack(buffer);
  }

  /** The transport has sent all of `buffer`. */
  giveBack(buffer: Uint8Array): void {
    this.#writer.release(buffer);
  }
}
