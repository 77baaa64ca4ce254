/**
 * The ways to read a request body: all of it, piece by piece, or as a web stream.
 */
import type { Bytes } from "../api/bytes.ts";
import { copyInto, copyOf, resized, unzeroed, utf8 } from "../wire/bytes.ts";
import { Deferred, handled } from "./deferred.ts";
import type { BodyReader, RequestBody } from "./request_body.ts";

/** A body of unknown or great length is collected from this many bytes on. */
const FIRST_CAPACITY = 16 * 1024;
/** Beyond that, capacity for a declared length is at most this many times the bytes so far. */
const GROWTH = 8;

/** Takes `bytes[start, end)`, valid during the call only, which are a whole body. */
type TakeWhole<W> = (bytes: Uint8Array, start: number, end: number) => W;

const same = (error: unknown): unknown => error;

/** Reads all of `body`: gives what `convert` makes of it, or rejects with what `failure` makes of its error. */
export function collectBytes<T>(
  body: RequestBody,
  want: () => void,
  convert: (bytes: Bytes) => T | Promise<T>,
  failure: (error: unknown) => unknown = same,
): Promise<T> {
  return collect(body, want, copyOf, convert, failure);
}

/** As `collectBytes`, of the text that the body is in UTF-8: what comes in one piece is decoded without a copy. */
export function collectText<T>(
  body: RequestBody,
  want: () => void,
  convert: (text: string) => T,
  failure: (error: unknown) => unknown = same,
): Promise<T> {
  const convertText = (collected: string | Bytes): T =>
    convert(typeof collected === "string" ? collected : utf8(collected));
  return collect(body, want, decodePiece, convertText, failure);
}

function decodePiece(bytes: Uint8Array, start: number, end: number): string {
  return utf8(bytes.subarray(start, end));
}

function collect<W, T>(
  body: RequestBody,
  want: () => void,
  takeWhole: TakeWhole<W>,
  convert: (collected: W | Bytes) => T | Promise<T>,
  failure: (error: unknown) => unknown,
): Promise<T> {
  const collected = new Promise<T>((resolve, reject) => {
    const end = (collected: W | Bytes): void => {
      try {
        resolve(convert(collected));
      } catch (error) {
        reject(error);
      }
    };
    body.attach(new Collector(end, (error) => reject(failure(error)), body.length, takeWhole));
    body.resume();
    want();
  });
  return handled(collected);
}

/** Collects the whole body: as `takeWhole` takes it where it comes in one piece, otherwise as bytes. */
class Collector<W> implements BodyReader {
  readonly #resolve: (collected: W | Bytes) => void;
  readonly #reject: (error: unknown) => void;
  readonly #expected: number | undefined;
  readonly #takeWhole: TakeWhole<W>;
  #whole: W | null = null;
  #bytes: Bytes | null = null;
  #length = 0;

  /** Resolves or rejects when the body ends; `expected` is the length that the client told. */
  constructor(
    resolve: (collected: W | Bytes) => void,
    reject: (error: unknown) => void,
    expected: number | undefined,
    takeWhole: TakeWhole<W>,
  ) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#expected = expected;
    this.#takeWhole = takeWhole;
  }

  push(bytes: Uint8Array, start: number, end: number): boolean {
    const count = end - start;
    if (this.#bytes === null && count === this.#expected) {
      this.#whole = this.#takeWhole(bytes, start, end); // as a small body mostly comes
      return true;
    }
    const needed = this.#length + count;
    if (this.#bytes === null) this.#bytes = unzeroed(this.#capacityFor(needed));
    else if (needed > this.#bytes.length) this.#bytes = resized(this.#bytes, this.#capacityFor(needed));
    copyInto(this.#bytes, this.#length, bytes, start, end);
    this.#length += count;
    return true;
  }

  /** Room for `needed` bytes, and for some that are to come: mostly for all of them. */
  #capacityFor(needed: number): number {
    if (this.#expected === undefined) return Math.max(2 * needed, FIRST_CAPACITY);
    return Math.min(this.#expected, Math.max(GROWTH * needed, FIRST_CAPACITY));
  }

  end(): void {
    const collected = this.#whole ?? this.#joined();
    this.#whole = this.#bytes = null; // the collector may be kept for longer than they are
    this.#resolve(collected);
  }

  #joined(): Bytes {
    const bytes = this.#bytes ?? new Uint8Array(0);
    return bytes.length === this.#length ? bytes : resized(bytes, this.#length);
  }

  fail(error: unknown): void {
    this.#reject(error);
  }
}

/**
 * Reads `body` piece by piece, without web streams. Nothing is taken off the connection before a piece is
 * asked for. Like the stream below it may outlive its exchange.
 */
export class BodyIterator implements AsyncIterableIterator<Bytes> {
  readonly #body: RequestBody;
  readonly #want: () => void;
  readonly #asked: Deferred<IteratorResult<Bytes, undefined>>[] = [];
  /** How it ended: not yet, well, or with an error. */
  #end: "open" | "over" | { readonly error: unknown } = "open";

  /** Reads `body`; `want` is called when it is to be fed. */
  constructor(body: RequestBody, want: () => void) {
    this.#body = body;
    this.#want = want;
    body.attach({
      push: (bytes, start, end) => {
        this.#asked.shift()!.resolve({ done: false, value: body.take(bytes, start, end) });
        return this.#asked.length > 0;
      },
      end: () => this.#finish(),
      fail: (error) => {
        this.#end = { error };
        for (const asked of this.#asked.splice(0)) asked.reject(error);
      },
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Bytes, undefined>> {
    if (this.#end === "over") return Promise.resolve({ done: true, value: undefined });
    if (this.#end !== "open") return handled(Promise.reject(this.#end.error));
    const piece = new Deferred<IteratorResult<Bytes, undefined>>();
    this.#asked.push(piece);
    this.#body.resume();
    this.#want();
    return piece.promise;
  }

  /** Drops the rest. */
  return(): Promise<IteratorResult<Bytes, undefined>> {
    if (this.#end === "open") {
      this.#body.drop();
      this.#finish();
      this.#want();
    }
    return Promise.resolve({ done: true, value: undefined });
  }

  #finish(): void {
    this.#end = "over";
    for (const asked of this.#asked.splice(0)) asked.resolve({ done: true, value: undefined });
  }
}

/**
 * Makes a stream of `body`. Nothing is taken off the connection before it is read (so that 100 is not
 * sent too early), and then a piece at a time. The stream may outlive its exchange, and the body is used
 * again by then: it touches only what is still its own.
 *
 * @param want called when the stream is read or cancelled: the body is to be fed
 * @param failure gives what the stream errors with where the body fails
 */
export function streamBody(
  body: RequestBody,
  want: () => void,
  failure: (error: unknown) => unknown = same,
): ReadableStream<Bytes> {
  let controller!: ReadableStreamDefaultController<Bytes>;
  const reader: BodyReader = {
    push(bytes, start, end) {
      controller.enqueue(body.take(bytes, start, end));
      return controller.desiredSize! > 0;
    },
    end: () => controller.close(),
    fail: (error) => controller.error(failure(error)),
  };
  return new ReadableStream<Bytes>({
    start(given) {
      controller = given;
      body.attach(reader);
    },
    pull() {
      if (!body.isReadBy(reader)) return;
      body.resume();
      want();
    },
    cancel() {
      if (!body.isReadBy(reader)) return;
      body.drop();
      want();
    },
  }, { highWaterMark: 0 });
}
