/**
 * The ways to read a request body: all of it, chunk by chunk, or as a web stream.
 */
import type { Bytes } from "../api/bytes.ts";
import { copyOf, free, utf8 } from "../wire/bytes.ts";
import { type GrowingBytes, growingBytes } from "../wire/growing_bytes.ts";
import { Deferred, handled } from "./deferred.ts";
import type { BodyReader, RequestBody } from "./request_body.ts";

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

/** As `collectBytes`, of the text that the body is in UTF-8: what comes in one chunk is decoded without a copy. */
export function collectText<T>(
  body: RequestBody,
  want: () => void,
  convert: (text: string) => T,
  failure: (error: unknown) => unknown = same,
): Promise<T> {
  const convertText = (collected: string | Bytes): T => {
    if (typeof collected === "string") return convert(collected);
    const text = utf8(collected);
    free(collected);
    return convert(text);
  };
  return collect(body, want, decodeChunk, convertText, failure);
}

function decodeChunk(bytes: Uint8Array, start: number, end: number): string {
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
    const end = (collected: W | Bytes): void => resolve(convert(collected));
    body.attach(new Collector(end, (error) => reject(failure(error)), body, takeWhole));
    body.resume();
    want();
  });
  return handled(collected);
}

/** Collects the whole body: as `takeWhole` takes it where it comes in one chunk, otherwise as bytes. */
class Collector<W> implements BodyReader {
  readonly #resolve: (collected: W | Bytes) => void;
  readonly #reject: (error: unknown) => void;
  readonly #body: RequestBody;
  readonly #takeWhole: TakeWhole<W>;
  #whole: W | null = null;
  #bytes: GrowingBytes | null = null;

  /** Resolves when `body` ends, with what was collected of it; rejects where it fails, or is too large for memory. */
  constructor(
    resolve: (collected: W | Bytes) => void,
    reject: (error: unknown) => void,
    body: RequestBody,
    takeWhole: TakeWhole<W>,
  ) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#body = body;
    this.#takeWhole = takeWhole;
  }

  push(bytes: Uint8Array, start: number, end: number): boolean {
    try {
      this.#collect(bytes, start, end);
      return true;
    } catch (error) { // there is no memory for so much
      this.#body.drop();
      this.fail(error);
      return false;
    }
  }

  #collect(bytes: Uint8Array, start: number, end: number): void {
    const count = end - start;
    const { length } = this.#body;
    if (this.#bytes === null && count === length) {
      this.#whole = this.#takeWhole(bytes, start, end); // as a small body mostly comes
    } else {
      this.#bytes ??= growingBytes(count, length);
      this.#bytes.append(bytes, start, end);
    }
  }

  end(): void {
    const whole = this.#whole;
    const bytes = this.#bytes;
    this.#whole = this.#bytes = null; // the collector may be kept for longer than they are
    try {
      this.#resolve(whole ?? bytes?.finish() ?? new Uint8Array(0));
    } catch (error) {
      this.#reject(error);
    }
  }

  fail(error: unknown): void {
    this.#bytes?.discard();
    this.#whole = this.#bytes = null;
    this.#reject(error);
  }
}

/**
 * Reads `body` chunk by chunk, without web streams. Nothing is taken off the connection before a chunk is
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
    const chunk = new Deferred<IteratorResult<Bytes, undefined>>();
    this.#asked.push(chunk);
    this.#body.resume();
    this.#want();
    return chunk.promise;
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
 * sent too early), and then a chunk at a time. The stream may outlive its exchange, and the body is used
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
