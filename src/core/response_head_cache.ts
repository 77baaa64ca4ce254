/**
 * Writes a response's status and its handler's fields. Handlers give the same ones again and again: heads that come
 * twice in a row are cached as bytes, which are then copied in one go.
 */
import type { ByteWriter } from "../wire/byte_writer.ts";
import { copyOf } from "../wire/bytes.ts";
import { FieldLines } from "../wire/field_lines.ts";
import { ReservedFields } from "./reserved_fields.ts";

/** Most programs have few heads that do not differ each time. */
const MAX_CACHED = 4;

/** Heads from here on are written anew each time, in bytes. */
const MAX_CACHED_BYTES = 1024;

/** A head, and its bytes. */
class CachedHead {
  status = 0;
  readonly lines: FieldLines = new FieldLines();
  readonly reserved: ReservedFields = new ReservedFields();
  bytes: Uint8Array = new Uint8Array(0);

  matches(status: number, lines: FieldLines): boolean {
    return status === this.status && lines.equals(this.lines);
  }
}

/** How a protocol writes a status, and the lines but for those that are `reserved`, in which it notes what it meets. */
export type EncodeHead = (
  out: ByteWriter,
  status: number,
  lines: FieldLines,
  reserved: ReservedFields,
) => void;

/** Writes heads, and keeps those that come again. */
export class ResponseHeadCache {
  readonly #encode: EncodeHead;
  readonly #cached: CachedHead[] = [];
  /** Which of `#cached` is replaced next. */
  #oldest = 0;
  /** The last head that is not cached: it will be if it comes again. */
  #candidate = new CachedHead();

  /** Writes heads as `encode` does. */
  constructor(encode: EncodeHead) {
    this.#encode = encode;
  }

  /**
   * Appends the status, and the lines but for those that are the engine's to write.
   *
   * @returns what the engine must know of the fields, valid until the next call
   * @throws {TypeError} on a name that is no token, or a value that cannot travel
   */
  write(out: ByteWriter, status: number, lines: FieldLines): ReservedFields {
    for (const cached of this.#cached) {
      if (!cached.matches(status, lines)) continue;
      out.copy(cached.bytes);
      return cached.reserved;
    }
    return this.#writeUncached(out, status, lines);
  }

  #writeUncached(out: ByteWriter, status: number, lines: FieldLines): ReservedFields {
    const start = out.length;
    const last = this.#candidate;
    const repeats = last.matches(status, lines);
    // Writing it may throw: it is not known as valid before.
    last.status = 0;
    last.reserved.reset();
    this.#encode(out, status, lines, last.reserved);
    last.status = status;
    last.lines.assign(lines);
    if (repeats && out.length - start <= MAX_CACHED_BYTES) this.#cache(out, start);
    return last.reserved;
  }

  /** Caches the last head written, which begins at `start`. */
  #cache(out: ByteWriter, start: number): void {
    const cached = this.#candidate;
    cached.bytes = copyOf(out.bytes, start, out.length);
    this.#cached[this.#oldest] = cached;
    this.#oldest = (this.#oldest + 1) % MAX_CACHED;
    this.#candidate = new CachedHead();
  }
}
