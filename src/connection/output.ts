/**
 * The one buffer in which all responses of a server are put together. A connection claims it while it
 * writes; it is flushed when the received chunk is worked off, when the microtask ends, or when another
 * connection claims it. So small responses leave in one write, and a connection owns no write buffer.
 */
import { ByteWriter } from "../protocol/byte_writer.ts";

/** Where flushed bytes go. */
export interface OutputOwner {
  /** Sends `bytes[start, end)`; answers whether the memory may be used again at once. */
  send(bytes: Uint8Array, start: number, end: number): boolean;
}

/** Room to begin with, and what is kept after a flush. */
const INITIAL_BYTES = 16 * 1024;

/** The shared output buffer. */
export class Output {
  readonly #writer = new ByteWriter(INITIAL_BYTES);
  #owner: OutputOwner | null = null;
  #corked = false;
  #flushQueued = false;
  readonly #flushSoon = (): void => {
    this.#flushQueued = false;
    this.flush();
  };

  /** The buffer, for `owner` to append to. */
  claim(owner: OutputOwner): ByteWriter {
    if (this.#owner !== owner) {
      if (this.#owner !== null) this.flush();
      this.#owner = owner;
    }
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
    const taken = owner.send(writer.bytes, 0, length);
    if (!taken || writer.bytes.length > 4 * INITIAL_BYTES) writer.bytes = new Uint8Array(INITIAL_BYTES);
  }
}
