/**
 * A byte stream of whatever gives text and bytes one after another, which not every platform's `Response`
 * takes.
 */
import type { Bytes } from "../api/bytes.ts";

/** Text and bytes, one after another. */
export type ChunkIterable = AsyncIterable<string | Uint8Array>;

/** What is read as a `ReadableStream`, of whatever class. */
export interface StreamLike {
  /** As `ReadableStream.getReader`. */
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: string | Uint8Array }>;
    cancel(reason?: unknown): Promise<void>;
  };
}

const encoder = new TextEncoder();

/** Whether `body` gives chunks, and is no stream already. */
export function isChunkIterable(body: unknown): body is ChunkIterable {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body &&
    !(body instanceof ReadableStream);
}

/** Whether `body` is read as a `ReadableStream` is. */
export function isStreamLike(body: unknown): body is StreamLike {
  return typeof body === "object" && body !== null && "getReader" in body &&
    typeof body.getReader === "function";
}

/** A stream of `chunks`; cancelling it ends them. */
export function streamOf(chunks: ChunkIterable): ReadableStream<Bytes> {
  const iterator = chunks[Symbol.asyncIterator]();
  return pulledFrom(() => iterator.next(), (reason) => iterator.return?.(reason));
}

/** The platform's own stream of what `stream` gives. */
export function streamFrom(stream: StreamLike): ReadableStream<Bytes> {
  const reader = stream.getReader();
  return pulledFrom(() => reader.read(), (reason) => reader.cancel(reason));
}

function pulledFrom(
  next: () => Promise<{ readonly done?: boolean; readonly value?: string | Uint8Array }>,
  cancel: (reason: unknown) => unknown,
): ReadableStream<Bytes> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await next();
      if (done) return controller.close();
      controller.enqueue(
        typeof value === "string" ? encoder.encode(value) : value as Bytes,
      );
    },
    async cancel(reason) {
      await cancel(reason);
    },
  }, { highWaterMark: 0 });
}
