/**
 * Decodes `chunked` (RFC 9112 §7.1), resumable at any byte. Data goes to a sink as slices of what came
 * in; extensions are passed over, trailers kept, and both are bounded.
 */
import { ProtocolError } from "../errors.ts";
import { CR, HEX_VALUE, HTAB, IS_FIELD_VALUE, LF, SEMICOLON, SP } from "./bytes.ts";
import { FieldTable, readFieldLine } from "./fields.ts";

/** Where a body's bytes go. */
export interface BodySink {
  /** Takes `bytes[start, end)`, valid during the call only; answers whether more may come now. */
  push(bytes: Uint8Array, start: number, end: number): boolean;
}

/** Bytes of chunk extensions in one body; nobody uses them, and they cost the reader work. */
const MAX_EXTENSION_BYTES = 4096;

/** Largest chunk: 2^48 - 1, more than any disk and still exact. */
const MAX_SIZE_DIGITS = 12;

/** The state is the element that the next byte belongs to. */
const ELEMENT = {
  SIZE: 0,
  EXTENSION_BLANK: 1,
  EXTENSION: 2,
  SIZE_LF: 3,
  DATA: 4,
  DATA_CR: 5,
  DATA_LF: 6,
  TRAILER: 7,
  DONE: 8,
} as const;
const { SIZE, EXTENSION_BLANK, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILER, DONE } = ELEMENT;
type State = typeof ELEMENT[keyof typeof ELEMENT];

/** Decodes one body. */
export class ChunkedDecoder {
  /** The trailer fields, complete when `done`. */
  readonly trailers: FieldTable = new FieldTable();
  #state: State = SIZE;
  #digits = 0;
  #size = 0;
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
   * Reads on in `bytes[start, end)` until the bytes, the body or the sink's appetite ends.
   *
   * @returns the index after the last byte that was read
   * @throws {ProtocolError} `bad_chunk`, `chunk_extensions_too_long`, `bad_field` or `head_too_large`
   */
  decode(bytes: Uint8Array, start: number, end: number, sink: BodySink): number {
    let i = start;
    while (i < end) {
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
        } else if (this.#digits === 0) throw badChunk("a chunk must start with its size");
        else this.#afterSize(byte);
        return;
      }
      case EXTENSION_BLANK:
        if (byte === CR) throw badChunk("blanks follow a chunk size");
        return this.#afterSize(byte);
      case EXTENSION:
        if (byte === CR) this.#state = SIZE_LF;
        else if (IS_FIELD_VALUE[byte] === 0) throw badChunk("a chunk extension holds a control byte");
        else this.#countExtension();
        return;
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

  #afterSize(byte: number): void {
    if (byte === CR) this.#state = SIZE_LF;
    else if (byte === SEMICOLON) this.#state = EXTENSION;
    else if (byte === SP || byte === HTAB) this.#state = EXTENSION_BLANK;
    else throw badChunk("a chunk size must be hexadecimal digits");
    if (byte !== CR) this.#countExtension();
  }

  #countExtension(): void {
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
