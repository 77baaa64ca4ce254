/**
 * Decodes `chunked` (RFC 9112 §7.1), resumable at any byte. Data goes to a sink as slices of what came
 * in; extensions are checked and passed over, trailers kept, and both are bounded.
 */
import { ProtocolError } from "../api/errors.ts";
import type { BodyDecoder, BodySink } from "../core/request_body.ts";
import { CR, HEX_VALUE, LF } from "../wire/bytes.ts";
import {
  type ExtensionState,
  extensionState,
  MALFORMED_EXTENSION,
  mayEndAfter,
  NO_EXTENSION,
} from "./chunk_extensions.ts";
import { FieldTable, readFieldLine } from "./fields.ts";

/** Bytes of chunk extensions in one body; no client needs them, and they cost work. */
const MAX_EXTENSION_BYTES = 4096;

/** Largest chunk, in bytes: more than any disk, and still exact. */
const MAX_SIZE = 2 ** 48 - 1;

/** Digits of a size: some senders pad to the width of their integers, with 16 at the most, and this is twice that. */
const MAX_SIZE_DIGITS = 32;

/** The state is the element that the next byte belongs to. */
const ELEMENT = {
  SIZE: 0,
  EXTENSION: 1,
  SIZE_LF: 2,
  DATA: 3,
  DATA_CR: 4,
  DATA_LF: 5,
  TRAILER: 6,
  DONE: 7,
} as const;
const { SIZE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILER, DONE } = ELEMENT;
type State = typeof ELEMENT[keyof typeof ELEMENT];

/** Decodes one body. */
export class ChunkedDecoder implements BodyDecoder {
  /** The trailer fields, complete when `done`. */
  readonly trailers: FieldTable = new FieldTable();
  #state: State = SIZE;
  #digits = 0;
  #size = 0;
  #extension: ExtensionState = NO_EXTENSION;
  #extensionBytes = 0;
  #trailerBytes = new Uint8Array(0);
  #trailerLength = 0;
  #trailerLine = 0;
  readonly #maxTrailerBytes: number;
  readonly #maxTrailers: number;

  /** Bounds the trailer section by the limits of a head; 0 switches one off. */
  constructor(maxTrailerBytes: number, maxTrailers: number) {
    this.#maxTrailerBytes = maxTrailerBytes;
    this.#maxTrailers = maxTrailers;
  }

  /** Whether the last chunk and the trailer section were read. */
  get done(): boolean {
    return this.#state === DONE;
  }

  /**
   * Reads on in `bytes[start, end)` until the bytes, the body or the sink's appetite ends, or after `maxSteps` pieces of
   * content and bytes of framing.
   *
   * @returns the index after the last byte that was read
   * @throws {ProtocolError} `bad_chunk`, `chunk_extensions_too_long`, `bad_field` or `head_too_large`
   */
  decode(bytes: Uint8Array, start: number, end: number, sink: BodySink, maxSteps: number = Infinity): number {
    let i = start;
    for (let steps = 0; i < end && steps < maxSteps; steps++) {
      if (this.#state === DATA) {
        const stop = Math.min(end, i + this.#size);
        this.#size -= stop - i;
        if (this.#size === 0) this.#state = DATA_CR;
        const more = sink.push(bytes, i, stop);
        i = stop;
        if (!more) return i;
      } else if (this.#state === DONE) {
        return i;
      } else {
        this.#step(bytes[i++]);
      }
    }
    return i;
  }

  #step(byte: number): void {
    switch (this.#state) {
      case SIZE: {
        const value = HEX_VALUE[byte];
        if (value !== 255) {
          if (++this.#digits > MAX_SIZE_DIGITS) throw badChunk("a chunk size has too many digits");
          this.#size = this.#size * 16 + value;
          if (this.#size > MAX_SIZE) throw badChunk("a chunk is larger than any body can be");
        } else if (this.#digits === 0) throw badChunk("a chunk must start with its size");
        else {
          this.#extension = NO_EXTENSION;
          this.#afterSize(byte);
        }
        return;
      }
      case EXTENSION:
        return this.#afterSize(byte);
      case SIZE_LF:
        if (byte !== LF) throw badChunk("a CR must be followed by LF");
        this.#state = this.#size === 0 ? TRAILER : DATA;
        return;
      case DATA_CR:
        if (byte !== CR) throw badChunk("a chunk is longer than its size");
        this.#state = DATA_LF;
        return;
      case DATA_LF:
        if (byte !== LF) throw badChunk("a CR must be followed by LF");
        this.#digits = 0;
        this.#state = SIZE;
        return;
      case TRAILER:
        return this.#trailer(byte);
    }
  }

  /** Reads a byte of the extensions, or the CR behind them. */
  #afterSize(byte: number): void {
    if (byte === CR) {
      if (!mayEndAfter(this.#extension)) {
        throw badChunk("a chunk extension is incomplete, or blanks follow it");
      }
      this.#state = SIZE_LF;
      return;
    }
    this.#state = EXTENSION;
    this.#extension = extensionState(this.#extension, byte);
    if (this.#extension === MALFORMED_EXTENSION) {
      throw badChunk("a chunk size must be hexadecimal digits, and extensions as in RFC 9112 §7.1.1");
    }
    if (++this.#extensionBytes > MAX_EXTENSION_BYTES) {
      throw new ProtocolError("chunk_extensions_too_long", 413, "the body's chunk extensions are too long");
    }
  }

  /** Keeps the section's bytes, and reads each line when its LF comes; an empty line ends the body. */
  #trailer(byte: number): void {
    if (this.#trailerLength === this.#trailerBytes.length) {
      const larger = new Uint8Array(Math.max(64, this.#trailerLength * 2));
      larger.set(this.#trailerBytes);
      this.#trailerBytes = larger;
      this.trailers.bind(larger, 0);
    }
    this.#trailerBytes[this.#trailerLength++] = byte;
    if (this.#maxTrailerBytes > 0 && this.#trailerLength > this.#maxTrailerBytes) throw trailersTooLarge();
    if (byte !== LF) return;
    const line = this.#trailerLine;
    if (this.#trailerLength === line + 2 && this.#trailerBytes[line] === CR) {
      this.#state = DONE;
      return;
    }
    this.#trailerLine = readFieldLine(this.#trailerBytes, line, this.#trailerLength, this.trailers);
    if (this.#maxTrailers > 0 && this.trailers.count > this.#maxTrailers) throw trailersTooLarge();
  }
}

function badChunk(message: string): ProtocolError {
  return new ProtocolError("bad_chunk", 400, message);
}

function trailersTooLarge(): ProtocolError {
  return new ProtocolError("head_too_large", 431, "the trailer section is too large");
}
