/**
 * Where the heads of answered requests live on, for handlers that keep a `Request`. Heads are copied into
 * slabs that many share; a slab lives as long as one of its requests does.
 */

const SLAB_BYTES = 64 * 1024;

/** The slab that is being filled. */
class HeadArchive {
  /** The slab's memory. */
  slab: Uint8Array = new Uint8Array(0);
  #used = 0;

  /** Copies `bytes[start, start + length)` and answers where in `slab` the copy lies. */
  keep(bytes: Uint8Array, start: number, length: number): number {
    if (this.#used + length > this.slab.length) {
      this.slab = new Uint8Array(Math.max(SLAB_BYTES, length));
      this.#used = 0;
    }
    const at = this.#used;
    this.slab.set(bytes.subarray(start, start + length), at);
    this.#used += length;
    return at;
  }
}

/** The archive of this thread. */
export const archive: HeadArchive = new HeadArchive();
