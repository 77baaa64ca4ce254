/**
 * The buffers in which connections gather what they write: a connection has one while it has bytes that it was not told to
 * send yet. So the responses to pipelined requests, and the small chunks of a stream, leave in one write, and an idle
 * connection owns no memory.
 */
import { ByteWriter } from "../wire/byte_writer.ts";
import { FreeList } from "../wire/free_list.ts";
import { memoryPool } from "../wire/memory_pool.ts";

/** Room for most responses, … */
const USUAL_BYTES = 16 * 1024;
/** … and for what may be gathered of a stream, by default: in two steps, since what was gathered is copied at each. */
const LARGE_BYTES = 128 * 1024;
/** Buffers that are kept for use again, with memory of the usual size: as many as gather at a time most often. */
const MAX_KEPT = 16;

const NONE = new Uint8Array(0);

/** A buffer in memory of the pool. */
export class OutputBuffer extends ByteWriter {
  /** Without memory at first. */
  constructor() {
    super(0);
  }

  protected override allocate(count: number): Uint8Array {
    if (count <= USUAL_BYTES) return memoryPool.acquire(USUAL_BYTES);
    return memoryPool.acquire(Math.max(count, LARGE_BYTES, 2 * this.bytes.length));
  }

  protected override release(memory: Uint8Array): void {
    memoryPool.release(memory);
  }

  /** Leaves its memory to the transport. */
  detachMemory(): void {
    this.bytes = NONE;
  }

  /** Gives its memory back to the pool. */
  recycleMemory(): void {
    memoryPool.release(this.bytes);
    this.bytes = NONE;
  }
}

/** The buffers of one server. */
export class OutputBuffers {
  readonly #kept: FreeList<OutputBuffer> = new FreeList(MAX_KEPT);
  /** How many are in use. */
  inUse = 0;

  /** An empty buffer. */
  acquire(): OutputBuffer {
    this.inUse++;
    return this.#kept.pop() ?? new OutputBuffer();
  }

  /** Takes back a buffer whose bytes were sent. */
  release(buffer: OutputBuffer): void {
    this.inUse--;
    buffer.length = 0;
    if (buffer.bytes.length >= 2 * USUAL_BYTES || !this.#kept.push(buffer)) buffer.recycleMemory();
  }
}
