/**
 * What one stream sends behind its head: DATA in frames, as far as the windows of the stream and of the connection allow
 * (RFC 9113 §5.2, §6.9), and then the end. The rest is kept, and `isWelcome` tells the source to wait.
 */
import type { Bytes } from "../api/bytes.ts";
import { Deferred } from "../core/deferred.ts";
import type { ResponseWatcher } from "../core/protocol.ts";
import { copyOf } from "../wire/bytes.ts";
import type { ByteWriter } from "../wire/byte_writer.ts";
import { memoryPool } from "../wire/memory_pool.ts";
import type { PooledBytes } from "../wire/pooled_bytes.ts";
import { FLAG, FRAME, MAX_FRAME_SIZE, MAX_UINT31, writeFrameHead } from "./frame.ts";

/** The connection's side of sending. */
export interface OutputPort {
  /** The window of the connection: octets of DATA that all streams together may send. */
  sendWindow: number;
  /** Whether octets may be handed on now: the transport takes some, and it is this connection's turn. */
  acceptsData(): boolean;
  /** Where to write. */
  acquire(): ByteWriter;
  /** Whether other streams wait for the connection, so that this one has to queue up. */
  readonly isContended: boolean;
}

/** The stream. */
export interface OutputOwner {
  readonly id: number;
  /** It has octets that the connection does not take now, or that its own window does not allow. */
  outputBlocked(): void;
  /** The last frame was written. */
  outputEnded(): void;
}

/** A part of the body that waits. */
interface Chunk {
  readonly bytes: Uint8Array;
  start: number;
  /** Goes back to the pool when the bytes have gone. */
  readonly pooled: Bytes | null;
}

/**
 * What is left: more that may be sent in its next turn, what windows or the transport do not allow, nothing at the moment,
 * or nothing at all. The stream may be another request's after the last.
 */
export type ResumedOutput = "more" | "blocked" | "empty" | "ended";

/** The output of one stream, reusable: `begin`, then `send` and `end`. */
export class StreamOutput {
  /** The window of the stream; negative where the client has lowered it (RFC 9113 §6.9.2). */
  window = 0;
  /** Octets of the body that wait. */
  queuedBytes = 0;
  /** Octets that were written, frame heads included. */
  bytesAppended = 0;
  /** Whether the end was written. */
  hasEnded = false;
  readonly #owner: OutputOwner;
  #port!: OutputPort;
  #queue: Chunk[] | null = null;
  /** Who waits for `isWelcome`. */
  #welcome: Deferred<void> | null = null;
  /** Whether the body is complete, so that the end follows what waits. */
  #isComplete = false;
  /** A field block instead of END_STREAM on DATA. */
  #trailers: Uint8Array | null = null;
  /** Whether the stream was closed, which writing may cause: a transport may close its connection from inside of that. */
  #isDropped = false;
  /** What it was dropped for. */
  #dropError: unknown = null;
  /** Of a response that is complete, and not written yet. */
  #watcher: ResponseWatcher | null = null;

  /** Of `owner`. */
  constructor(owner: OutputOwner) {
    this.#owner = owner;
  }

  /** Makes ready to send through `port`. */
  begin(port: OutputPort, window: number): void {
    this.#port = port;
    this.window = window;
    this.queuedBytes = 0;
    this.bytesAppended = 0;
    this.hasEnded = false;
    this.#watcher = this.#dropError = null;
    this.#queue = null;
    this.#isComplete = false;
    this.#trailers = null;
    this.#isDropped = false;
  }

  /** It is not in use. */
  release(): void {
    this.#port = undefined!;
  }

  /** Reports to `watcher` how the output ends; it has not ended yet, but may have been dropped. */
  watch(watcher: ResponseWatcher): void {
    if (this.#isDropped) watcher.responseLost(this.#dropError);
    else this.#watcher = watcher;
  }

  /** Whether more of the body is welcome. */
  get isWelcome(): boolean {
    return this.#queue === null && this.window > 0 && this.#port.sendWindow > 0;
  }

  /** Whether `count` octets may leave in one frame at once. */
  allows(count: number): boolean {
    return this.#queue === null && count <= this.window && count <= this.#port.sendWindow &&
      count <= MAX_FRAME_SIZE && !this.#port.isContended;
  }

  /** Whether something waits that its own window allows. */
  get isReady(): boolean {
    return this.#queue !== null && this.window > 0;
  }

  /** Whether something waits, or is held back by its source. */
  get isAwaited(): boolean {
    return this.#queue !== null || this.#welcome !== null;
  }

  /** Resolves when more is welcome; rejects when the stream is closed first. */
  welcome(): Promise<void> {
    this.#welcome ??= new Deferred();
    return this.#welcome.promise;
  }

  /** A window has changed, or some of what waits was sent. */
  advanced(): void {
    if (this.#welcome === null || !this.isWelcome) return;
    this.#welcome.resolve();
    this.#welcome = null;
  }

  /** Counts octets that its response has written. */
  counts(octets: number): void {
    this.bytesAppended += octets;
  }

  /** Its response has written all of a body that was allowed, `count` octets, and the end. */
  sent(count: number): void {
    this.window -= count;
    this.#port.sendWindow -= count;
    this.bytesAppended += count;
    this.#ended();
  }

  /** The head of its response has ended the stream. */
  endedWithHead(): void {
    this.#ended();
  }

  /**
   * Sends `bytes`, the last of the body where `isLast`. What has to wait is copied, unless it may be kept (`isKept`:
   * its memory does not change before more is welcome, or the stream is dropped).
   */
  send(bytes: Uint8Array, isLast: boolean, isKept: boolean): void {
    const at = this.#sendFirst(bytes, isLast);
    if (at === bytes.length) return;
    if (isKept) this.#enqueue({ bytes, start: at, pooled: null });
    else this.#enqueue({ bytes: copyOf(bytes, at, bytes.length), start: 0, pooled: null });
  }

  /** Sends all of a body, whose memory goes back to the pool then. */
  sendPooled({ memory, start, end }: PooledBytes): void {
    const bytes = memory.subarray(start, end);
    const at = this.#sendFirst(bytes, true);
    if (at === bytes.length) memoryPool.release(memory);
    else this.#enqueue({ bytes, start: at, pooled: memory });
  }

  /** Sends what may leave of `bytes` at once; answers how much. */
  #sendFirst(bytes: Uint8Array, isLast: boolean): number {
    const at = this.#queue === null && !this.#port.isContended ? this.#sendNow(bytes, 0, isLast) : 0;
    if (isLast) this.#isComplete = true;
    if (at < bytes.length) return at;
    if (at > 0) this.#settle(isLast);
    else if (isLast) this.#end();
    return at;
  }

  #enqueue(chunk: Chunk): void {
    if (this.#isDropped) return;
    (this.#queue ??= []).push(chunk);
    this.queuedBytes += chunk.bytes.length - chunk.start;
    this.#owner.outputBlocked();
  }

  /** The body is complete; `trailers` is a field block behind it. */
  end(trailers: Uint8Array | null): void {
    this.#isComplete = true;
    this.#trailers = trailers;
    this.#end();
  }

  #end(): void {
    if (this.#queue !== null) return;
    const out = this.#port.acquire();
    const before = out.length;
    const { id } = this.#owner;
    if (this.#trailers === null) writeFrameHead(out, 0, FRAME.data, FLAG.endStream, id);
    else writeBlock(out, this.#trailers, FLAG.endStream, id);
    this.bytesAppended += out.length - before;
    this.#ended();
  }

  /** END_STREAM was written: resolves what `welcome` has given, and tells the stream. */
  #ended(): void {
    if (this.#isDropped) return;
    this.hasEnded = true;
    this.#welcome?.resolve();
    this.#welcome = null;
    this.#watcher?.responseWritten();
    this.#watcher = null;
    this.#owner.outputEnded();
  }

  /** Sends of what waits as much as it may, up to `quantum` octets. */
  resume(quantum: number): ResumedOutput {
    let left = quantum;
    while (this.#queue !== null && left > 0) {
      const chunk = this.#queue[0];
      const isLast = this.#isComplete && this.#queue.length === 1;
      const at = this.#sendNow(chunk.bytes, chunk.start, isLast, left);
      if (this.#isDropped) return "ended";
      const sent = at - chunk.start;
      chunk.start = at;
      left -= sent;
      this.queuedBytes -= sent;
      if (at < chunk.bytes.length) {
        if (sent === 0 || !this.isReady) return "blocked";
        continue;
      }
      this.#queue.shift();
      if (chunk.pooled !== null) memoryPool.release(chunk.pooled);
      if (this.#queue.length === 0) this.#queue = null;
      if (!isLast) continue;
      this.#settle(true);
      return "ended";
    }
    return this.#queue === null ? "empty" : "more";
  }

  /** The last octets were written: the end is, too, unless trailers are. */
  #settle(isLast: boolean): void {
    if (!isLast) return;
    if (this.#trailers === null) this.#ended();
    else this.#end();
  }

  /** Sends what the windows allow of `bytes` from `start` on; answers where it stopped. */
  #sendNow(bytes: Uint8Array, start: number, isLast: boolean, most = Infinity): number {
    const port = this.#port;
    const { length } = bytes;
    const end = Math.min(length, start + most);
    let at = start;
    while (at < end && port.acceptsData()) {
      const count = Math.min(end - at, MAX_FRAME_SIZE, this.window, port.sendWindow);
      if (count <= 0) break;
      const endsStream = isLast && at + count === length && this.#trailers === null;
      const out = port.acquire();
      writeFrameHead(out, count, FRAME.data, endsStream ? FLAG.endStream : FLAG.none, this.#owner.id);
      out.copy(bytes.subarray(at, at + count));
      this.window -= count;
      port.sendWindow -= count;
      this.bytesAppended += count;
      at += count;
    }
    return at;
  }

  /** The client gives `increment` octets more; answers `false` where the window would be too large (RFC 9113 §6.9.1). */
  widen(increment: number): boolean {
    if (this.window + increment > MAX_UINT31) return false;
    this.window += increment;
    return true;
  }

  /** The stream is closed: drops what waits, which fails with `error`. */
  drop(error: unknown): void {
    this.#welcome?.reject(error);
    this.#welcome = null;
    this.#watcher?.responseLost(error);
    this.#watcher = null;
    this.#dropError = error;
    for (const { pooled } of this.#queue ?? []) {
      if (pooled !== null) memoryPool.release(pooled);
    }
    this.#queue = null;
    this.queuedBytes = 0;
    this.#trailers = null;
    this.#isDropped = true;
  }
}

/** Appends a field block as HEADERS, and CONTINUATION where it is larger than a frame (RFC 9113 §4.3). */
export function writeBlock(out: ByteWriter, block: Uint8Array, flags: number, id: number): void {
  let at = Math.min(block.length, MAX_FRAME_SIZE);
  writeFrameHead(out, at, FRAME.headers, flags | (at === block.length ? FLAG.endHeaders : 0), id);
  out.copy(at === block.length ? block : block.subarray(0, at));
  while (at < block.length) {
    const count = Math.min(block.length - at, MAX_FRAME_SIZE);
    const isLast = at + count === block.length;
    writeFrameHead(out, count, FRAME.continuation, isLast ? FLAG.endHeaders : FLAG.none, id);
    out.copy(block.subarray(at, at + count));
    at += count;
  }
}
