/**
 * The body of the request under way: takes it off the connection's bytes by its framing and hands it to
 * its reader, no faster than the reader wants it.
 */
import { ExchangeError, ProtocolError } from "../errors.ts";
import { type BodySink, ChunkedDecoder } from "../protocol/chunked_decoder.ts";
import type { FieldTable } from "../protocol/fields.ts";
import { CHUNKED, type Framing } from "../protocol/framing.ts";
import type { Settings } from "../options.ts";

/** Who reads a body. Told one of `end` and `fail` at last, once. */
export interface BodyReader extends BodySink {
  /** The body is complete. */
  end(trailers: FieldTable | null): void;
  /** The body will not be complete. */
  fail(error: unknown): void;
}

/** Reader of a body that nobody wants. */
const DISCARD: BodyReader = { push: () => true, end: () => {}, fail: () => {} };

/** One request's body, reusable: `begin`, `attach` or `discard`, `feed` until `complete`. */
export class RequestBody implements BodySink {
  /** Whether all of it was read. */
  complete = true;
  /** Whether some of it has come, read or not. */
  arrived = false;
  #framing: Framing = 0;
  #remaining = 0;
  #decoder: ChunkedDecoder | null = null;
  #reader: BodyReader | null = null;
  #wanted = false;
  #asked = false;
  #failure: unknown = undefined;
  #received = 0;
  #limit = Infinity;

  /** Makes ready for a body of this framing. */
  begin(framing: Framing, settings: Settings): void {
    this.complete = framing === 0;
    this.arrived = false;
    this.#framing = framing;
    this.#remaining = framing;
    this.#decoder = framing === CHUNKED
      ? new ChunkedDecoder(settings.maxHeaderBytes, settings.maxHeaders)
      : null;
    this.#reader = null;
    this.#wanted = false;
    this.#asked = false;
    this.#failure = undefined;
    this.#received = 0;
    this.#limit = settings.maxBodyBytes || Infinity;
  }

  /** Whether a reader was given. */
  get taken(): boolean {
    return this.#reader !== null;
  }

  /** Whether somebody reads it, or has begun to: not only holds a reader that was never asked for bytes. */
  get isRead(): boolean {
    return this.#asked && this.#reader !== DISCARD;
  }

  /** Whether more would be read now. */
  get wanted(): boolean {
    return this.#wanted;
  }

  /** Whether somebody waits for more of it right now. */
  get isAwaited(): boolean {
    return this.#wanted && this.#reader !== DISCARD;
  }

  /** Whether `reader` is the one that it goes to. */
  isReadBy(reader: BodyReader): boolean {
    return this.#reader === reader;
  }

  /** Whether what comes of it is dropped. */
  get isDropped(): boolean {
    return this.#reader === DISCARD;
  }

  /** Bytes that are still to come where the client told how many, otherwise `undefined`. */
  get remaining(): number | undefined {
    return this.#framing === CHUNKED ? undefined : this.#remaining;
  }

  /** The length that the client told, or `undefined`. */
  get length(): number | undefined {
    return this.#framing === CHUNKED ? undefined : this.#framing;
  }

  /** Hands the body to `reader`, which gets the first bytes after `resume`. */
  attach(reader: BodyReader): void {
    this.#reader = reader;
    if (this.#failure !== undefined) reader.fail(this.#failure);
    else if (this.complete) reader.end(null);
  }

  /** Says that the reader wants more. */
  resume(): void {
    this.#wanted = !this.complete;
    this.#asked = true;
  }

  /** Drops what is still to come. */
  discard(): void {
    this.#reader = DISCARD;
    this.resume();
  }

  /** Drops up to `budget` more bytes, past which `feed` throws as past `maxBodyBytes`. */
  drain(budget: number): void {
    this.#reader?.fail(new ExchangeError("the response is complete, and the body was dropped"));
    this.discard();
    this.#limit = Math.min(this.#limit, this.#received + budget);
  }

  /** Tells the reader that the rest will not come. */
  fail(error: unknown): void {
    if (this.complete) return;
    this.complete = true;
    this.#wanted = false;
    this.#failure = error;
    this.#reader?.fail(error);
  }

  /**
   * Takes what belongs to the body off `bytes[start, end)`, as far as it is wanted.
   *
   * @returns the index after the last byte that was taken
   * @throws {ProtocolError} when it is malformed or too large
   */
  feed(bytes: Uint8Array, start: number, end: number): number {
    if (!this.#wanted || start === end) return start;
    let at: number;
    let trailers: FieldTable | null = null;
    if (this.#decoder === null) {
      at = Math.min(end, start + this.#remaining);
      this.#remaining -= at - start;
      this.push(bytes, start, at);
      this.complete = this.#remaining === 0;
    } else {
      at = this.#decoder.decode(bytes, start, end, this);
      this.complete = this.#decoder.done;
      trailers = this.#decoder.trailers;
    }
    if (this.complete) {
      this.#wanted = false;
      this.#reader?.end(trailers);
    }
    return at;
  }

  /** @internal */
  push(bytes: Uint8Array, start: number, end: number): boolean {
    this.#received += end - start;
    if (this.#received > this.#limit) {
      throw new ProtocolError("body_too_large", 413, `the request body is larger than ${this.#limit} bytes`);
    }
    // The reader may ask for more, or be replaced, while it takes these: that wish counts.
    this.#wanted = false;
    if (this.#reader!.push(bytes, start, end)) this.#wanted = true;
    return this.#wanted;
  }
}
