/**
 * A request's head (RFC 9113 §8.3): decoded fields, which do not change any more, so that it is its own snapshot, and
 * requests that repeat the same head share one.
 */
import type { HttpVersion } from "../api/exchange.ts";
import type { RequestFields, RequestView } from "../core/protocol.ts";

/** Field lines, in the order in which they came. */
export class RequestLines implements RequestFields {
  readonly #names: readonly string[];
  readonly #values: readonly string[];

  /** The names, in lower case, and their values. */
  constructor(names: readonly string[], values: readonly string[]) {
    this.#names = names;
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#names.includes(name);
  }

  /** Cookie is split into a line for each pair (RFC 9113 §8.2.3). */
  get(name: string): string | null {
    let at = this.#names.indexOf(name);
    if (at < 0) return null;
    let value = this.#values[at];
    const separator = name === "cookie" ? "; " : ", ";
    while ((at = this.#names.indexOf(name, at + 1)) >= 0) value += separator + this.#values[at];
    return value;
  }

  *[Symbol.iterator](): IterableIterator<[string, string]> {
    for (let i = 0; i < this.#names.length; i++) yield [this.#names[i], this.#values[i]];
  }
}

/** A request's head. Its `fields` begin with Host, which is `:authority` (RFC 9113 §8.3.1). */
export class Http2Request implements RequestView {
  readonly method: string;
  readonly target: string;
  readonly fields: RequestLines;
  /** The length that the client tells of the body, or `undefined`. */
  readonly contentLength: number | undefined;
  readonly expectsContinue: boolean;
  /** `:protocol` of an extended CONNECT (RFC 8441 §4), or `null`. */
  readonly protocol: string | null;
  /** Whether nothing comes behind the head. */
  readonly endsStream: boolean;

  /** `endsStream`: its head has ended the stream. */
  constructor(
    method: string,
    target: string,
    fields: RequestLines,
    contentLength: number | undefined,
    expectsContinue: boolean,
    protocol: string | null,
    endsStream: boolean,
  ) {
    this.method = method;
    this.target = target;
    this.fields = fields;
    this.contentLength = contentLength;
    this.expectsContinue = expectsContinue;
    this.protocol = protocol;
    this.endsStream = endsStream;
  }

  /** The same request of another target. */
  withTarget(target: string): Http2Request {
    const { method, fields, contentLength, expectsContinue, protocol, endsStream } = this;
    return new Http2Request(method, target, fields, contentLength, expectsContinue, protocol, endsStream);
  }

  /** What comes behind a CONNECT is no body (RFC 9113 §8.5). */
  get hasBody(): boolean {
    return !this.endsStream && this.method !== "CONNECT";
  }

  get httpVersion(): HttpVersion {
    return "2";
  }

  /** A stream has nothing to say about its connection. */
  get persists(): boolean {
    return true;
  }

  retain(): void {}

  snapshot(): this {
    return this;
  }

  reset(): void {}
}
