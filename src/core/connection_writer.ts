/**
 * The write side of a connection: gathers what is written, or hands large bytes to the transport uncopied, tracks
 * backpressure, enforces `writeTimeout`, and ends.
 */
import type { ByteWriter } from "../wire/byte_writer.ts";
import { Deadline, type DeadlineOwner } from "./deadline_queue.ts";
import { Deferred, handled } from "./deferred.ts";
import type { Engine } from "./engine.ts";
import type { Flushable } from "./flush_queue.ts";
import type { OutputBuffer } from "./output_buffers.ts";
import { memoryPool } from "../wire/memory_pool.ts";
import { PooledBytes } from "../wire/pooled_bytes.ts";
import type { RequestTimeouts } from "./request_timeouts.ts";
import type { SerializedTransport } from "./serialized_transport.ts";

/** A body below this is copied into the output buffer. */
const LARGE_BYTES = 32 * 1024;
/** Above this it is never copied; up to here a copy is cheaper than a second write. */
const MAX_COPIED_BYTES = 128 * 1024;
/** Pooled bytes up to here are copied behind what is gathered: many responses then leave in one write. */
const SMALL_POOLED_BYTES = 4 * 1024;

/**
 * Frames are gathered up to this multiple of `highWaterMark`, by default 96 KiB: at 64 KiB each body of that size would be a
 * write of its own, and 128 KiB are often more than the system takes at once.
 */
const GATHERED_FRAMES = 1.5;

/**
 * Checks of progress per `writeTimeout` under backpressure. Transports do not report each byte that the peer
 * takes, so progress is polled: the timeout may be one interval late.
 */
const CHECKS_PER_TIMEOUT = 4;

const NOTHING = new Uint8Array(0);

/** The connection. */
export interface ConnectionWriterOwner {
  /** The peer took no byte for `writeTimeout`. */
  writeTimedOut(): void;
  /** Whether the connection has used up its turn of the event loop. */
  readonly turnIsOver: boolean;
  /** Whether it is processing an event, and flushes afterwards. */
  readonly isProcessing: boolean;
  /** What was gathered is with the transport. Not called after each `flush`. */
  flushed(): void;
}

/** Writes to one transport, in order. */
export class ConnectionWriter implements DeadlineOwner, Flushable {
  /** Whether the transport has bytes that it has not sent yet. */
  isBackpressured = false;
  readonly #owner: ConnectionWriterOwner;
  readonly #timeouts: RequestTimeouts;
  readonly #engine: Engine;
  readonly #transport: SerializedTransport;
  #isClosed = false;
  /** What `ready` rejects with then. */
  #closeError: unknown = undefined;
  #ready: Deferred<void> | null = null;
  /** What is gathered, while there is something. */
  #buffer: OutputBuffer | null = null;
  /** Whether it waits for the end of the turn of the event loop. */
  #isQueued = false;
  /**
   * Memory of the pool that the transport reads until it is drained. It is left to the collector where the socket was
   * given away, or the connection closed and the transport does not tell when it reads no more.
   */
  #retained: Uint8Array[] | null = null;
  /** The next check of `writeTimeout`; armed under backpressure. */
  #check: Deadline | null = null;
  /** Bytes handed to the transport. */
  #bytesHanded = 0;
  /** `bytesTaken` at the last check, and when it last grew, by the monotonic clock. */
  #lastTaken = 0;
  #lastTakenAt = 0;

  /** Writes to `transport`. */
  constructor(
    owner: ConnectionWriterOwner,
    timeouts: RequestTimeouts,
    engine: Engine,
    transport: SerializedTransport,
  ) {
    this.#owner = owner;
    this.#timeouts = timeouts;
    this.#engine = engine;
    this.#transport = transport;
  }

  /** The buffer to append to; it is flushed in time. */
  acquire(): ByteWriter {
    if (this.#buffer !== null) return this.#buffer;
    const { flushes, output } = this.#engine;
    if (!this.#owner.isProcessing) {
      flushes.makeRoom();
      this.#enqueue();
    }
    // What made room may have written here, too.
    return this.#buffer ??= output.acquire();
  }

  /** Flushes, now or at the end of the turn of the event loop. */
  flushSoon(): void {
    const { flushes, now } = this.#engine;
    if (this.#buffer !== null && this.#transport.batchesResponses && flushes.batches(now)) {
      return this.#enqueue();
    }
    this.flush();
    this.#owner.flushed();
  }

  #enqueue(): void {
    if (this.#isQueued) return;
    this.#isQueued = true;
    this.#engine.flushes.enqueue(this);
  }

  dequeued(): void {
    this.#isQueued = false;
    this.flush();
    this.#owner.flushed();
  }

  /** Bytes that the peer has taken, as far as the transport knows. */
  get bytesTaken(): number {
    return this.#bytesHanded - this.#transport.unsent();
  }

  /** Bytes that were written. */
  get bytesAppended(): number {
    return this.#bytesHanded + (this.#buffer?.length ?? 0);
  }

  /** Bytes that were written and that the transport has not sent yet. */
  get bufferedAmount(): number {
    return (this.#buffer?.length ?? 0) + this.#transport.unsent();
  }

  /**
   * Whether the next response may be written, over HTTP/1.1. Flushes from `highWaterMark` bytes on, so that backpressure
   * shows however small the responses are.
   */
  acceptsResponse(): boolean {
    this.#flushIfFull();
    return !this.isBackpressured;
  }

  /** Whether the next frame of HTTP/2 may be written, as `acceptsResponse`. */
  acceptsFrame(): boolean {
    this.#flushIfFull(GATHERED_FRAMES);
    return !this.isBackpressured;
  }

  #flushIfFull(factor = 1): void {
    if (this.#buffer !== null && this.#buffer.length >= factor * this.#engine.settings.highWaterMark) {
      this.flush();
    }
  }

  /**
   * Sends `bytes`, and `suffix` behind them, after all that was written before. Answers whether more is welcome. Large
   * bytes may go to the transport uncopied.
   */
  append(bytes: Uint8Array, suffix: Uint8Array = NOTHING): boolean {
    this.#flushIfFull(); // before, so that the end of a stream leaves with its last chunks
    const count = bytes.length + suffix.length;
    if (count < LARGE_BYTES) {
      const buffer = this.acquire();
      buffer.copy(bytes);
      buffer.copy(suffix);
    } else if (count <= MAX_COPIED_BYTES && (this.#buffer !== null || suffix.length > 0)) {
      this.appendPooled(PooledBytes.copyOf(bytes, suffix));
    } else {
      this.flush();
      this.#send(bytes, 0, bytes.length);
      if (suffix.length > 0) this.acquire().copy(suffix);
      this.#reportBackpressure();
    }
    return !this.isBackpressured;
  }

  /** Sends bytes of the pool, as `append`; their memory goes back once they are sent. */
  appendPooled(pooled: PooledBytes): void {
    const { memory, start, end } = pooled;
    const gathered = this.#buffer?.length ?? 0;
    if (pooled.byteLength <= SMALL_POOLED_BYTES) {
      this.#flushIfFull();
      this.acquire().copy(memory.subarray(start, end));
      memoryPool.release(memory);
    } else if (gathered <= start) { // there is headroom for it
      if (gathered > 0) this.#moveGathered(memory, start - gathered);
      this.#sendPooled(memory, start - gathered, end);
    } else {
      this.flush();
      this.#sendPooled(memory, start, end);
    }
  }

  /** Outside of an event nothing else tells the owner: it is called at the end of the turn. */
  #reportBackpressure(): void {
    if (this.isBackpressured && !this.#owner.isProcessing) this.#enqueue();
  }

  /** Moves what is gathered to `target[at, …)`, so that it leaves in the same write as what is behind that. */
  #moveGathered(target: Uint8Array, at: number): void {
    const { bytes, length } = this.#buffer!;
    target.set(bytes.subarray(0, length), at);
    this.#buffer!.length = 0;
    this.flush();
  }

  /** Hands the gathered bytes to the transport. */
  flush(): void {
    const buffer = this.#buffer;
    if (buffer === null) return;
    this.#buffer = null; // what is written from inside of `#send` goes to another one
    const { bytes, length } = buffer;
    if (length > 0 && !this.#send(bytes, 0, length)) {
      buffer.detachMemory();
      this.#retain(bytes);
    }
    this.#engine.output.release(buffer);
  }

  #sendPooled(memory: Uint8Array, start: number, end: number): void {
    if (this.#send(memory, start, end)) memoryPool.release(memory);
    else this.#retain(memory);
    this.#reportBackpressure();
  }

  #retain(memory: Uint8Array): void {
    if (!this.#isClosed) (this.#retained ??= []).push(memory);
  }

  /** Answers whether the memory may be used again at once. */
  #send(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#isClosed) return true;
    this.#engine.bytesWritten += end - start;
    this.#bytesHanded += end - start;
    const isReusable = this.#transport.write(bytes, start, end);
    if (!isReusable) this.#beginBackpressure();
    return isReusable;
  }

  #beginBackpressure(): void {
    if (this.isBackpressured) return;
    this.isBackpressured = true;
    this.#engine.beginEvent();
    this.#check ??= new Deadline(this);
    this.#lastTaken = this.bytesTaken;
    this.writeTimeoutChanged();
  }

  /** `writeTimeout` was set for this request: it runs from now on. */
  writeTimeoutChanged(): void {
    if (!this.isBackpressured || this.#isClosed) return;
    this.#lastTakenAt = this.#engine.now;
    this.#armCheck();
  }

  #armCheck(): void {
    const { deadlines, now } = this.#engine;
    const { writeTimeout } = this.#timeouts.current;
    deadlines.arm(this.#check!, Math.ceil(writeTimeout / CHECKS_PER_TIMEOUT), now);
  }

  expired(): void {
    const { now } = this.#engine;
    const { bytesTaken } = this;
    if (bytesTaken !== this.#lastTaken) {
      this.#lastTaken = bytesTaken;
      this.#lastTakenAt = now;
    }
    if (now - this.#lastTakenAt < this.#timeouts.current.writeTimeout) this.#armCheck();
    else this.#owner.writeTimedOut();
  }

  /** The transport has sent everything. */
  drained(): void {
    this.isBackpressured = false;
    this.#disarm();
    this.releaseRetained();
    this.resume();
  }

  /** The transport reads nothing any more of what was written. */
  releaseRetained(): void {
    if (this.#retained === null) return;
    for (const memory of this.#retained) memoryPool.release(memory);
    this.#retained = null;
  }

  /** The socket has a new owner, and still sends from the retained memory: it is not reused. */
  detached(): void {
    this.#retained = null;
    this.drained();
  }

  /** Resolves `ready`, unless there is backpressure, or the connection's turn is over. */
  resume(): void {
    if (!this.#isReady) return;
    this.#ready?.resolve();
    this.#ready = null;
  }

  get #isReady(): boolean {
    return !this.isBackpressured && !this.#owner.turnIsOver;
  }

  /** Resolves when more is welcome; rejects when the connection is closed first. */
  ready(): Promise<void> {
    if (this.#isReady) return Promise.resolve();
    if (this.#isClosed) return handled(Promise.reject(this.#closeError));
    return (this.#ready ??= new Deferred()).promise;
  }

  /** Flushes, and half-closes the transport. */
  end(): void {
    this.flush();
    if (!this.#transport.end()) this.#beginBackpressure();
  }

  #disarm(): void {
    if (this.#check !== null) this.#engine.deadlines.disarm(this.#check);
  }

  /**
   * Flushes, and releases the transport, which drops what it has not sent; a pending `ready` rejects with `error`.
   * `abruptly`: the peer should see a failure, where the transport can show one.
   */
  close(error: unknown, abruptly = false): void {
    if (this.#isClosed) return;
    this.flush();
    this.#isClosed = true;
    this.#closeError = error;
    this.#disarm();
    this.#ready?.reject(error);
    this.#transport.close(abruptly);
  }
}
