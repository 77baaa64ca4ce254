/**
 * The body of the request under way: takes it off the connection's bytes by its framing and hands it to
 * its reader, no faster than the reader wants it.
 */
import { ExchangeError, ProtocolError } from "../errors.ts";
import { copyInto } from "../protocol/bytes.ts";
import { type BodySink, ChunkedDecoder } from "../protocol/chunked_decoder.ts";
import type { FieldTable } from "../protocol/fields.ts";
import { CHUNKED, type Framing } from "../protocol/framing.ts";
import type { Settings } from "../settings.ts";

/** Who reads a body. Told one of `end` and `fail` at last, once. */
export interface BodyReader extends BodySink {
  /** The body is complete. */
  end(): void;
  /** The body will not be complete. */
  fail(error: unknown): void;
}

/**
 * Who wants the body:
 * - `untouched`: nobody has taken it
 * - `offered`: its reader has not asked for anything yet
 * - `awaited`: its reader waits for more
 * - `resting`: its reader has had some, and does not ask for more right now
 * - `kept`: its reader gets the rest without asking, since the response is complete and a copy may be read later
 * - `dropped`: nobody; it is read to get it out of the way
 * - `complete`: all of it was read, or the rest will not come
 */
export type BodyState =
  | "untouched"
  | "offered"
  | "awaited"
  | "resting"
  | "kept"
  | "dropped"
  | "complete";

/** One request's body, reusable: `begin`, `attach` and `resume`, or `drop`; `feed` until it is complete. */
export class RequestBody implements BodySink {
  /** Whether some of it has come, read or not. */
  arrived = false;
  #state: BodyState = "complete";
  #framing: Framing = 0;
  #remaining = 0;
  #decoder: ChunkedDecoder | null = null;
  #reader: BodyReader | null = null;
  #failure: unknown = undefined;
  /** Bytes of it that have come, without their framing. */
  received = 0;
  /** The trailer fields that came behind it, once it is complete. */
  trailers: FieldTable | null = null;
  /** Whether a copy of it may be read after the response: then a drain gives it to its reader. */
  outlivesResponse = false;
  /** All that was to come, where the connection has ended. */
  #rest: Uint8Array | null = null;
  #limit = Infinity;

  /** Makes ready for a body of this framing. */
  begin(framing: Framing, settings: Settings): void {
    this.arrived = false;
    this.#state = framing === 0 ? "complete" : "untouched";
    this.#framing = framing;
    this.#remaining = framing;
    this.#decoder = framing === CHUNKED
      ? new ChunkedDecoder(settings.maxHeaderBytes, settings.maxHeaders)
      : null;
    this.#reader = null;
    this.#failure = undefined;
    this.received = 0;
    this.trailers = null;
    this.outlivesResponse = false;
    this.#rest = null;
    this.#limit = settings.maxBodyBytes || Infinity;
  }

  /** Who wants it. */
  get state(): BodyState {
    return this.#state;
  }

  /** Whether nothing of it is still to come. */
  get complete(): boolean {
    return this.#state === "complete";
  }

  /** Whether more would be read now. */
  get wanted(): boolean {
    return this.#state === "awaited" || this.drains;
  }

  /** Whether it is read on only within the budget of `drain`. */
  get drains(): boolean {
    return this.#state === "kept" || this.#state === "dropped";
  }

  /** Whether a reader was given. */
  get taken(): boolean {
    return this.#reader !== null;
  }

  /** Whether `reader` is the one that it goes to. */
  isReadBy(reader: BodyReader): boolean {
    return this.#reader === reader;
  }

  /** Whether it comes in chunks. */
  get isChunked(): boolean {
    return this.#framing === CHUNKED;
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
    else if (this.complete) reader.end();
    else this.#state = "offered";
  }

  /** Says that the reader wants more. */
  resume(): void {
    if (this.complete || this.drains) return;
    this.#state = "awaited";
    if (this.#rest !== null) this.#giveRest(this.#rest);
  }

  /** Drops what is still to come. */
  drop(): void {
    if (!this.complete) this.#state = "dropped";
  }

  /**
   * Reads up to `budget` more bytes, past which `feed` throws as past `maxBodyBytes`. They are the reader's where the
   * body outlives the response; else they are dropped, and who reads it is told so.
   */
  drain(budget: number): void {
    this.#limit = Math.min(this.#limit, this.received + budget);
    if (this.outlivesResponse) {
      this.#state = "kept";
      return;
    }
    this.#failure = new ExchangeError("the response is complete, and the body was dropped");
    this.#reader?.fail(this.#failure);
    this.drop();
  }

  /** The connection ends: what is left of the body can be read later, if `bytes[start, end)` has all of it. */
  keepRest(bytes: Uint8Array, start: number, end: number): void {
    if (this.complete || this.#state === "dropped") return;
    const rest = new Uint8Array(end - start);
    let length = 0;
    const push = (bytes: Uint8Array, start: number, end: number): true => {
      copyInto(rest, length, bytes, start, end);
      length += end - start;
      return true;
    };
    if (this.#decoder === null) {
      if (this.#remaining > end - start) return;
      push(bytes, start, start + this.#remaining);
    } else {
      try {
        this.#decoder.decode(bytes, start, end, { push });
      } catch {
        return; // it fails since the connection ends
      }
      if (!this.#decoder.done) return;
      this.trailers = this.#decoder.trailers;
    }
    if (this.received + length > this.#limit) return;
    this.#rest = rest.subarray(0, length);
    if (this.wanted) this.#giveRest(this.#rest);
  }

  #giveRest(rest: Uint8Array): void {
    this.#rest = null;
    if (rest.length > 0) this.push(rest, 0, rest.length);
    this.#finish();
  }

  /** Tells the reader that the rest will not come, unless it is here. */
  fail(error: unknown): void {
    if (this.complete || this.#rest !== null) return;
    const dropped = this.#state === "dropped";
    this.#state = "complete";
    this.#failure = error;
    if (!dropped) this.#reader?.fail(error);
  }

  /**
   * Takes what belongs to the body off `bytes[start, end)`, as far as it is wanted.
   *
   * @returns the index after the last byte that was taken
   * @throws {ProtocolError} when it is malformed or too large
   */
  feed(bytes: Uint8Array, start: number, end: number): number {
    if (!this.wanted || start === end) return start;
    if (this.#decoder !== null) {
      const at = this.#decoder.decode(bytes, start, end, this);
      if (this.#decoder.done) {
        this.trailers = this.#decoder.trailers;
        this.#finish();
      }
      return at;
    }
    const at = Math.min(end, start + this.#remaining);
    this.#remaining -= at - start;
    this.push(bytes, start, at);
    if (this.#remaining === 0) this.#finish();
    return at;
  }

  #finish(): void {
    const dropped = this.#state === "dropped";
    this.#state = "complete";
    if (!dropped) this.#reader!.end();
  }

  /** @internal */
  push(bytes: Uint8Array, start: number, end: number): boolean {
    this.received += end - start;
    if (this.received > this.#limit) {
      throw new ProtocolError("body_too_large", 413, `the request body is larger than ${this.#limit} bytes`);
    }
    if (this.#state === "awaited") {
      // The reader may ask for more, or drop the rest, while it takes these: that wish counts.
      this.#state = "resting";
      if (this.#reader!.push(bytes, start, end)) this.#state = "awaited";
    } else if (this.#state === "kept") {
      this.#reader!.push(bytes, start, end);
    }
    return this.wanted;
  }
}
