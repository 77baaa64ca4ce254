/**
 * The buffers in which connections gather what they write, and when that is sent: a connection has one while it has
 * unsent bytes. So the responses to pipelined requests, and the small chunks of a stream, leave in one write, and an idle
 * connection owns no memory.
 */
import { ByteWriter } from "../wire/byte_writer.ts";
import { FreeList } from "../wire/free_list.ts";
import { memoryPool } from "../wire/memory_pool.ts";
import type { Clock } from "./clock.ts";

/** Room for most responses, … */
const USUAL_BYTES = 16 * 1024;
/** … and for what may be gathered of a stream, by default: in two steps, since what was gathered is copied at each. */
const LARGE_BYTES = 128 * 1024;
/** Buffers that are kept for use again, with memory of the usual size: as many as gather at a time most often. */
const MAX_KEPT = 16;
/** Buffers that may wait for more at a time, and so the memory that they hold: for another one the oldest is flushed. */
const MAX_WAITING = 128;

const NONE = new Uint8Array(0);

/** Whose buffer it is. */
export interface OutputBufferOwner {
  /** Sends what it has gathered, and releases the buffer. */
  flush(): void;
}

/**
 * A buffer in memory of the pool.
 *
 * | state     | `owner` | `isWaiting` | until                                                                 |
 * |-----------|---------|-------------|-----------------------------------------------------------------------|
 * | kept      | `null`  | `false`     | acquired: `gathering`                                                 |
 * | gathering | set     | `false`     | flushed when its owner's event is over: `kept`; `flushSoon`: `waiting` |
 * | waiting   | set     | `true`      | flushed after the microtasks: `kept`; by its owner before: `released` |
 * | released  | `null`  | `true`      | its place in the list of those that wait comes: `kept`                |
 */
export class OutputBuffer extends ByteWriter {
  /** Who gathers in it; `null` once it was released. */
  owner: OutputBufferOwner | null = null;
  /** Whether it is among those that wait for more. */
  isWaiting = false;

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
  readonly #waiting: OutputBuffer[] = [];
  readonly #clock: Clock;
  #isScheduled = false;
  readonly #flush = (): void => this.#flushWaiting();

  /** Buffers that are flushed by `clock`. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** An empty buffer of `owner`, which flushes it. */
  acquire(owner: OutputBufferOwner): OutputBuffer {
    const buffer = this.#kept.pop() ?? new OutputBuffer();
    buffer.owner = owner;
    return buffer;
  }

  /** Takes back a buffer whose bytes were sent. */
  release(buffer: OutputBuffer): void {
    buffer.owner = null;
    buffer.length = 0;
    const isUsual = buffer.bytes.length < 2 * USUAL_BYTES;
    if (!isUsual || buffer.isWaiting || !this.#kept.push(buffer)) buffer.recycleMemory();
  }

  /** Before `flushSoon`: flushes the oldest of those that wait, if they are many. Its transport may do anything. */
  makeRoom(): void {
    const { length } = this.#waiting;
    if (length >= MAX_WAITING) this.#waiting[length - MAX_WAITING].owner?.flush();
  }

  /**
   * Flushes `buffer` once all microtasks have run: a stream whose next chunk is there writes it in one of them. No byte
   * waits for the next turn of the event loop.
   */
  flushSoon(buffer: OutputBuffer): void {
    buffer.isWaiting = true;
    this.#waiting.push(buffer);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.afterMicrotasks(this.#flush);
  }

  /** Buffers that are added from inside of a flush come at the end of the same list. */
  #flushWaiting(): void {
    const waiting = this.#waiting;
    for (const buffer of waiting) {
      buffer.isWaiting = false;
      if (buffer.owner === null) this.release(buffer);
      else buffer.owner.flush();
    }
    waiting.length = 0;
    this.#isScheduled = false;
  }
}
