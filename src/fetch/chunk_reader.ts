/**
 * Reads a body's stream chunk by chunk. On Deno, streams that read a resource of the system (files, bodies of `fetch`) are
 * read into pooled memory: to allocate it for each chunk costs more than the chunk.
 */
import { bytesIn } from "../wire/bytes.ts";
import { HEAD_ROOM, memoryPool } from "../wire/memory_pool.ts";
import { PooledBytes } from "../wire/pooled_bytes.ts";

/** A chunk as the exchange takes it. */
type Chunk = string | Uint8Array;

/** What a read gives. */
export interface ChunkResult {
  readonly done: boolean;
  readonly value?: unknown;
}

/** The reader of one stream, which is locked to it. */
export interface ChunkReader {
  read(): Promise<ChunkResult>;
  cancel(reason?: unknown): Promise<void>;
  /**
   * What was read, as the exchange takes it.
   *
   * @throws {TypeError} where it is neither bytes nor text
   */
  chunkOf(value: unknown): Chunk;
  /** As `chunkOf`, where it is the whole body: its memory goes along, and is not to be released. */
  wholeOf(value: unknown): Chunk | PooledBytes;
  /**
   * What was read was sent, or is the end: its memory may be used again. Called once for each, and never after an error,
   * when something may still read or fill that memory.
   */
  release(value: unknown): void;
}

/** Locks `stream`, and reads it. */
export function readChunks(stream: ReadableStream<unknown>): ChunkReader {
  return readsResource(stream) ? new FilledChunks(stream) : new GivenChunks(stream);
}

/** Chunks in memory of their source. */
class GivenChunks implements ChunkReader {
  readonly #reader: ReadableStreamDefaultReader<unknown>;

  constructor(stream: ReadableStream<unknown>) {
    this.#reader = stream.getReader();
  }

  read(): Promise<ReadableStreamReadResult<unknown>> {
    return this.#reader.read();
  }

  cancel(reason?: unknown): Promise<void> {
    return this.#reader.cancel(reason);
  }

  /** Bun and the frameworks written for it put text and buffers into streams, too. */
  chunkOf(value: unknown): Chunk {
    const chunk = typeof value === "string" ? value : bytesIn(value);
    if (chunk === null) throw new TypeError("the body's stream must give Uint8Array chunks, or text");
    return chunk;
  }

  wholeOf(value: unknown): Chunk {
    return this.chunkOf(value);
  }

  release(): void {}
}

/** As much as Deno reads at a time. */
const CHUNK_BYTES = 64 * 1024;

/** Chunks in pooled memory: a read detaches what it is given, and tells of the same memory as a new `ArrayBuffer`. */
class FilledChunks implements ChunkReader {
  readonly #reader: ReadableStreamBYOBReader;

  constructor(stream: ReadableStream<unknown>) {
    this.#reader = stream.getReader({ mode: "byob" });
  }

  read(): Promise<ReadableStreamReadResult<Uint8Array>> {
    const { buffer } = memoryPool.acquire(HEAD_ROOM + CHUNK_BYTES);
    return this.#reader.read(new Uint8Array(buffer, HEAD_ROOM, CHUNK_BYTES));
  }

  cancel(reason?: unknown): Promise<void> {
    return this.#reader.cancel(reason);
  }

  chunkOf(value: Uint8Array<ArrayBuffer>): Chunk {
    return value;
  }

  wholeOf(value: Uint8Array<ArrayBuffer>): PooledBytes {
    return new PooledBytes(new Uint8Array(value.buffer), HEAD_ROOM + value.length);
  }

  /** Of a cancelled stream it is `undefined`: a read may still fill the memory, which is left to the collector. */
  release(value: Uint8Array<ArrayBuffer> | undefined): void {
    if (value !== undefined) memoryPool.release(new Uint8Array(value.buffer));
  }
}

/** Deno's own key under which a stream names the resource that it reads; `null` on other platforms. */
let resourceKey: symbol | null | undefined = undefined;

function readsResource(stream: ReadableStream<unknown>): boolean {
  if (resourceKey === undefined) resourceKey = findResourceKey();
  return resourceKey !== null && Boolean(Reflect.get(stream, resourceKey));
}

function findResourceKey(): symbol | null {
  const keys = Object.getOwnPropertySymbols(new ReadableStream());
  return keys.find(({ description }) => description === "[[resourceBacking]]") ?? null;
}
