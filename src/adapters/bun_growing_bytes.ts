/**
 * Bytes that grow in Bun's own memory. In an `ArrayBuffer` they would be part of the heap, and Bun lets the heap double
 * before it collects garbage: with many uploads under way that is hundreds of megabytes, which are faulted in anew.
 */
import type { Bytes } from "../api/bytes.ts";
import { capacityFor, type GrowingBytes } from "../wire/growing_bytes.ts";

/** Bun's, as far as it is used. */
interface ArrayBufferSink {
  start(options: { asUint8Array: true; highWaterMark: number }): void;
  write(bytes: Uint8Array): void;
  end(): Bytes;
}

const { Bun } = globalThis as unknown as { Bun: { readonly ArrayBufferSink: new () => ArrayBufferSink } };

/** Bytes in a sink of Bun's. */
class SinkBytes implements GrowingBytes {
  readonly #sink = new Bun.ArrayBufferSink();

  constructor(count: number, total: number | undefined) {
    this.#sink.start({ asUint8Array: true, highWaterMark: capacityFor(count, total) });
  }

  append(bytes: Uint8Array, start: number, end: number): void {
    this.#sink.write(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
  }

  finish(): Bytes {
    return this.#sink.end();
  }
}

/** Makes them, as `replaceGrowingBytes` takes it. */
export function sinkBytes(count: number, total: number | undefined): GrowingBytes {
  return new SinkBytes(count, total);
}
