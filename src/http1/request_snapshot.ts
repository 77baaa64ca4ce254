/**
 * Heads of requests that stay valid after their exchange, for handlers that keep a `Request`. Heads are copied into slabs
 * that many share; a slab lives as long as one of its snapshots does.
 */
import type { HttpVersion } from "../api/exchange.ts";
import type { RequestFields, RequestView } from "../core/protocol.ts";
import { sameBytes } from "../wire/bytes.ts";

/** Small: one request that is kept for long, as by a WebSocket's handler, keeps all of its slab. A larger head has its own. */
const SLAB_BYTES = 8 * 1024;

/** The slab that is being filled, up to `used`. */
let slab = new Uint8Array(0);
let used = 0;

/** A parsed head that can be copied. */
export interface Copyable extends RequestView {
  /** Changes when the field lines do. */
  readonly generation: number;
  /** The head is `bytes[base, base + length)`, its field section starts `sectionStart` bytes behind `base`. */
  readonly bytes: Uint8Array;
  readonly base: number;
  readonly length: number;
  readonly sectionStart: number;
}

/** A copy of a head, which is parsed again when it is looked into. */
export class RequestSnapshot implements RequestView {
  readonly method: string;
  readonly hasBody: boolean;
  readonly expectsContinue = false;
  readonly persists: boolean;
  /** Changes when the field lines do. */
  readonly generation: number;
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #length: number;
  readonly #parse: (bytes: Uint8Array, start: number, end: number) => RequestView;
  #parsed: RequestView | null = null;

  /** Copies `head`, which `parse` gives again. */
  constructor(head: Copyable, parse: (bytes: Uint8Array, start: number, end: number) => RequestView) {
    const { bytes, base, length } = head;
    if (used + length > slab.length) {
      slab = new Uint8Array(Math.max(SLAB_BYTES, length));
      used = 0;
    }
    slab.set(bytes.subarray(base, base + length), used);
    this.method = head.method;
    this.hasBody = head.hasBody;
    this.persists = head.persists;
    this.generation = head.generation;
    this.#bytes = slab;
    this.#start = used;
    this.#length = length;
    this.#parse = parse;
    used += length;
  }

  /** Whether it is a copy of `head`: the same start line and the same field section. */
  equals(head: Copyable): boolean {
    return this.generation === head.generation && this.#length === head.length &&
      sameBytes(head.bytes, head.base, this.#bytes, this.#start, head.sectionStart);
  }

  get #head(): RequestView {
    return this.#parsed ??= this.#parse(this.#bytes, this.#start, this.#start + this.#length);
  }

  get target(): string {
    return this.#head.target;
  }

  get protocol(): null {
    return null;
  }

  get httpVersion(): HttpVersion {
    return this.#head.httpVersion;
  }

  get fields(): RequestFields {
    return this.#head.fields;
  }

  retain(): void {}

  snapshot(): RequestView {
    return this;
  }

  reset(): void {}
}
