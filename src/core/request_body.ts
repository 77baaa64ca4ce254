/**
 * The body of the request under way: takes it from the connection's bytes and hands it to its reader, no faster than
 * the reader wants it.
 */
import { ExchangeError } from "../api/errors.ts";
import type { Bytes } from "../api/bytes.ts";
import { copyInto, copyOf } from "../wire/bytes.ts";
import { bodyTooLarge } from "./client_errors.ts";
import type { ReceiveBuffer } from "./receive_buffer.ts";

/** What takes a body's bytes. */
export interface BodySink {
  /** Takes `bytes[start, end)`, valid during the call only; answers whether more may come now. */
  push(bytes: Uint8Array, start: number, end: number): boolean;
}

/** Takes off a body's coding. */
export interface BodyDecoder {
  /** Whether the end of the body was read. */
  readonly done: boolean;
  /** The trailer fields, complete when `done`. */
  readonly trailers: Iterable<[name: string, value: string]>;
  /**
   * Decodes `bytes[start, end)` until `sink` wants no more, the body ends, or `maxSteps` pieces of content and octets of
   * framing were read; answers where it stopped.
   *
   * @throws {ProtocolError} where it is malformed
   */
  decode(bytes: Uint8Array, start: number, end: number, sink: BodySink, maxSteps?: number): number;
}

/** A reader of a body. One of `end` and `fail` is called last, once. */
export interface BodyReader extends BodySink {
  /** The body is complete. */
  end(): void;
  /** The body will not be complete. */
  fail(error: unknown): void;
}

/**
 * - `untouched`: it has no reader
 * - `attached`: its reader has not asked for anything yet
 * - `flowing`: its reader waits for more
 * - `paused`: its reader has got some, and asks for no more right now
 * - `storing`: the response is complete, and the reader gets the rest without asking, since a copy may be read later
 * - `discarding`: the rest is read only to get it out of the way
 * - `complete`: all of it was read, or the rest will not come
 */
export type BodyState =
  | "untouched"
  | "attached"
  | "flowing"
  | "paused"
  | "storing"
  | "discarding"
  | "complete";

/** What a decoder does at a time, as one unit of work: chunks of a byte each take as long as some hundred requests. */
const STEPS_PER_UNIT = 1024;

/** One request's body, reusable: `begin`, `attach` and `resume`, or `drop`; `feed` until it is complete. */
export class RequestBody implements BodySink {
  /** Whether some of it was received, read or not. */
  arrived = false;
  /** Bytes received so far, without their framing. */
  received = 0;
  /** The trailer fields, once it is complete. */
  trailers: Iterable<[name: string, value: string]> | null = null;
  /** Whether a copy of it may be read after the response: then `drain` gives the rest to its reader. */
  outlivesResponse = false;
  #state: BodyState = "complete";
  #length: number | undefined = 0;
  #remaining = 0;
  #decoder: BodyDecoder | null = null;
  #reader: BodyReader | null = null;
  #failure: unknown = undefined;
  /** All that was to come, where the connection has ended. */
  #rest: Uint8Array | null = null;
  #limit = Infinity;
  #source: ReceiveBuffer | null = null;

  /**
   * Makes ready for a body of `length` bytes, or, where that is not known, one that `decoder` finds the end of. Past
   * `limit` bytes `feed` throws; 0 sets no limit. `endsApart`: `end` tells when it is complete, and not its length.
   * Memory of `source` is handed to readers as it is, where it holds nothing else.
   */
  begin(
    length: number | undefined,
    decoder: BodyDecoder | null,
    limit: number,
    source: ReceiveBuffer | null,
    endsApart = false,
  ): void {
    this.arrived = false;
    this.received = 0;
    this.trailers = null;
    this.outlivesResponse = false;
    this.#state = length === 0 && !endsApart ? "complete" : "untouched";
    this.#length = length;
    this.#remaining = endsApart ? Infinity : length ?? 0;
    this.#decoder = decoder;
    this.#reader = null;
    this.#failure = undefined;
    this.#rest = null;
    this.#limit = limit || Infinity;
    this.#source = source;
  }

  /** Who reads it, and whether it flows. */
  get state(): BodyState {
    return this.#state;
  }

  /** Whether all of it was received, or no more will be. */
  get complete(): boolean {
    return this.#state === "complete";
  }

  /** Whether more would be taken now. */
  get wanted(): boolean {
    return this.#state === "flowing" || this.drains;
  }

  /** Whether it is read on only within the budget of `drain`. */
  get drains(): boolean {
    return this.#state === "storing" || this.#state === "discarding";
  }

  /** Whether a reader was given. */
  get used(): boolean {
    return this.#reader !== null;
  }

  /** Whether `reader` is the one that it goes to. */
  isReadBy(reader: BodyReader): boolean {
    return this.#reader === reader;
  }

  /** Bytes that are still to come where the client told how many, otherwise `undefined`. */
  get remaining(): number | undefined {
    return this.#length === undefined ? undefined : this.#length - this.received;
  }

  /** The length that the client told, or `undefined`. */
  get length(): number | undefined {
    return this.#length;
  }

  /** Hands the body to `reader`, which gets the first bytes after `resume`. */
  attach(reader: BodyReader): void {
    this.#reader = reader;
    if (this.#failure !== undefined) reader.fail(this.#failure);
    else if (this.complete) reader.end();
    else this.#state = "attached";
  }

  /** Takes it back from a reader that has not asked for anything, and is not told; answers whether it could. */
  detach(): boolean {
    if (this.#state !== "attached") return false;
    this.#reader = null;
    this.#state = "untouched";
    return true;
  }

  /** Says that the reader wants more. */
  resume(): void {
    if (this.complete || this.drains) return;
    this.#state = "flowing";
    if (this.#rest !== null) this.#giveRest(this.#rest);
  }

  /** All of it was received, as its protocol tells, with these trailers. */
  end(trailers: Iterable<[name: string, value: string]> | null): void {
    if (this.complete) return;
    this.trailers = trailers;
    this.#finish();
  }

  /** Drops what is still to come. */
  drop(): void {
    if (!this.complete) this.#state = "discarding";
  }

  /**
   * The response is complete: reads on, but only up to `budget` bytes more, past which `feed` throws as past
   * `maxBodyBytes`. The reader gets them where the body outlives the response; otherwise they are discarded, and the
   * reader fails. Calling it again changes nothing.
   */
  drain(budget: number): void {
    this.#limit = Math.min(this.#limit, this.received + budget);
    if (this.#state === "discarding") return;
    if (this.outlivesResponse) {
      this.#state = "storing";
      return;
    }
    this.#failure = new ExchangeError("body_dropped", "the response is complete, and the body was dropped");
    this.#reader?.fail(this.#failure);
    this.drop();
  }

  /** The connection ends: what is left of the body can be read later, if `bytes[start, end)` has all of it. */
  storeRest(bytes: Uint8Array, start: number, end: number): void {
    if (this.complete || this.#state === "discarding") return;
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

  /** It is complete: holds nothing that its reader has any more, which may be much. */
  release(): void {
    this.#reader = null;
    this.#decoder = null;
    this.#source = null;
    this.trailers = null;
  }

  /** Gives a reader the bytes that are pushed to it, in memory that is the reader's. */
  take(bytes: Uint8Array, start: number, end: number): Bytes {
    return this.#source?.take(bytes, start, end) ? bytes as Bytes : copyOf(bytes, start, end);
  }

  /** Tells the reader that the rest will not come, unless it is here. */
  fail(error: unknown): void {
    if (this.complete || this.#rest !== null) return;
    const discarding = this.#state === "discarding";
    this.#state = "complete";
    this.#failure = error;
    if (!discarding) this.#reader?.fail(error);
  }

  /**
   * Takes what belongs to the body off `bytes[start, end)`, as far as it is wanted, and in one unit of work.
   *
   * @returns the index after the last byte that was used
   * @throws {ProtocolError} when it is malformed or too large
   */
  feed(bytes: Uint8Array, start: number, end: number): number {
    if (!this.wanted || start === end) return start;
    if (this.#decoder !== null) {
      const at = this.#decoder.decode(bytes, start, end, this, STEPS_PER_UNIT);
      if (this.#decoder.done) {
        this.trailers = this.#decoder.trailers;
        this.#finish();
      }
      return at;
    }
    const at = Math.min(end, start + this.#remaining);
    this.#remaining -= at - start;
    this.push(bytes, start, at);
    if (this.#remaining === 0 && !this.complete) this.#finish(); // its reader may have closed the connection
    return at;
  }

  #finish(): void {
    const discarding = this.#state === "discarding";
    this.#state = "complete";
    if (!discarding) this.#reader?.end();
  }

  /** @internal */
  push(bytes: Uint8Array, start: number, end: number): boolean {
    this.received += end - start;
    if (this.received > this.#limit) {
      throw bodyTooLarge(this.#limit);
    }
    if (this.#state === "flowing") {
      // The reader may ask for more, or drop the rest, while it takes these: that wish counts.
      this.#state = "paused";
      if (this.#reader!.push(bytes, start, end)) this.#state = "flowing";
    } else if (this.#state === "storing") {
      this.#reader!.push(bytes, start, end);
    }
    return this.wanted;
  }
}
