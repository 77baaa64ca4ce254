/**
 * Appends bytes, text and numbers to a growing run of bytes. What is short is copied by hand, since for
 * it a library call costs more than the copy.
 */

/** Up to this many bytes a loop is faster than `set`, on V8 as on JavaScriptCore. */
const SHORT_COPY = 24;
/** Up to this many characters a loop is faster than `encodeInto` and the view that it needs. */
export const SHORT_TEXT = 64;

/** A UTF-16 code unit makes three bytes of UTF-8 at the most. */
const MAX_BYTES_PER_UNIT = 3;

const encoder = new TextEncoder();

/** A growing run of bytes, from 0 to `length` of `bytes`. */
export class ByteWriter {
  /** The memory; replaced when it grows. */
  bytes: Uint8Array;
  /** How much of it is written. */
  length = 0;

  /** Starts with room for `capacity` bytes. */
  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Calls `write`, and takes back what it wrote if it throws. */
  attempt(write: () => void): void {
    const mark = this.length;
    try {
      write();
    } catch (error) {
      this.length = mark;
      throw error;
    }
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const smaller = this.bytes;
    this.bytes = this.allocate(needed);
    if (this.length > 0) this.bytes.set(smaller.subarray(0, this.length));
    this.release(smaller);
  }

  /** Memory of `count` bytes at least, in place of what has become too small. */
  protected allocate(count: number): Uint8Array {
    return new Uint8Array(Math.max(count, this.bytes.length * 2));
  }

  /** What was in `buffer` is elsewhere now. */
  protected release(_buffer: Uint8Array): void {}

  /** Appends `source`. */
  copy(source: Uint8Array): void {
    const count = source.length;
    this.reserve(count);
    const { bytes, length } = this;
    if (count <= SHORT_COPY) { for (let i = 0; i < count; i++) bytes[length + i] = source[i]; }
    else bytes.set(source, length);
    this.length = length + count;
  }

  /** Appends text whose code points are all below 256, a byte each. */
  latin1(text: string): void {
    const count = text.length;
    this.reserve(count);
    const { bytes, length } = this;
    for (let i = 0; i < count; i++) bytes[length + i] = text.charCodeAt(i);
    this.length = length + count;
  }

  /** Appends text as UTF-8. */
  utf8(text: string): void {
    const count = text.length;
    if (count <= SHORT_TEXT) {
      this.reserve(count);
      const { bytes, length } = this;
      let i = 0;
      for (; i < count; i++) {
        const code = text.charCodeAt(i);
        if (code >= 0x80) break;
        bytes[length + i] = code;
      }
      if (i === count) {
        this.length = length + count;
        return;
      }
    }
    // Most text is mostly ASCII: the rest, where there is any, is encoded once it is known.
    this.reserve(count);
    const { read, written } = encoder.encodeInto(text, this.bytes.subarray(this.length));
    this.length += written;
    if (read === count) return;
    this.reserve((count - read) * MAX_BYTES_PER_UNIT);
    this.length += encoder.encodeInto(text.slice(read), this.bytes.subarray(this.length)).written;
  }

  /** Makes room for `count` bytes in front of what lies behind `position`, with anything in it. */
  insert(position: number, count: number): void {
    this.reserve(count);
    this.bytes.copyWithin(position + count, position, this.length);
    this.length += count;
  }

  /** Appends a whole number, 0 or more, in decimal digits. */
  decimal(value: number): void {
    this.#digits(value, 10);
  }

  /** Appends a whole number, 0 or more, in hexadecimal digits. */
  hexadecimal(value: number): void {
    this.#digits(value, 16);
  }

  #digits(value: number, radix: number): void {
    const count = digitCount(value, radix);
    this.reserve(count);
    let rest = value;
    for (let i = this.length + count - 1; i >= this.length; i--) {
      const digit = rest % radix;
      this.bytes[i] = digit + (digit < 10 ? 0x30 : 0x57);
      rest = Math.floor(rest / radix);
    }
    this.length += count;
  }
}

/** How many digits a whole number, 0 or more, has. */
export function digitCount(value: number, radix: number): number {
  let count = 1;
  for (let rest = Math.floor(value / radix); rest > 0; rest = Math.floor(rest / radix)) count++;
  return count;
}

/** How many bytes `text` takes as UTF-8. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) continue;
    if (code < 0x800) {
      length += 1;
    } else {
      length += 2;
      // A surrogate pair is two code units and four bytes; a lone half becomes U+FFFD, three bytes.
      if (code >= 0xd800 && code < 0xdc00) {
        const next = text.charCodeAt(i + 1);
        if (next >= 0xdc00 && next < 0xe000) i++;
      }
    }
  }
  return length;
}
