/**
 * Bytes that grow in Bun's own memory. In an `ArrayBuffer` they would be part of the heap, and Bun lets the heap double
 * before it collects garbage: with many uploads under way that is hundreds of megabytes, which are faulted in anew.
 */
import type { Bytes } from "../api/bytes.ts";
import { free, viewOf } from "../wire/bytes.ts";
import { firstCapacity, GrowingArray, type GrowingBytes } from "../wire/growing_bytes.ts";

/** More is left to an `ArrayBuffer`: where there is no memory for it that throws, and a sink ends the process. */
const MAX_SINK_BYTES = 16 * 1024 * 1024;

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

  constructor(capacity: number) {
    this.#sink.start({ asUint8Array: true, highWaterMark: capacity });
  }

  append(bytes: Uint8Array, start: number, end: number): void {
    this.#sink.write(viewOf(bytes, start, end));
  }

  finish(): Bytes {
    return this.#sink.end();
  }

  discard(): void {
    free(this.#sink.end());
  }
}

/** As `growingBytes`: in a sink where their length is known, and not too large. */
export function sinkBytes(count: number, total: number | undefined): GrowingBytes {
  const fits = total !== undefined && total <= MAX_SINK_BYTES;
  return fits ? new SinkBytes(firstCapacity(count, total)) : new GrowingArray(count, total);
}
