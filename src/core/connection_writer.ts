/**
 * The write side of a connection: appends to the shared cork buffer or hands large bytes to the transport uncopied,
 * tracks backpressure, enforces `writeTimeout`, and ends.
 */
import type { ByteWriter } from "../wire/byte_writer.ts";
import type { CorkBufferOwner } from "./cork_buffer.ts";
import { Deadline, type DeadlineOwner } from "./deadline_queue.ts";
import { Deferred, handled } from "./deferred.ts";
import type { Engine } from "./engine.ts";
import type { RequestTimeouts } from "./request_timeouts.ts";
import type { SerializedTransport } from "./serialized_transport.ts";

/** Bytes of a body from here on go to the transport uncopied; for fewer, one write is cheaper than two. */
const LARGE_BYTES = 32 * 1024;

/**
 * Checks of a peer under backpressure per `writeTimeout`. Transports do not tell of each byte that the peer takes, so
 * that the timeout may be noticed later by one such part of it.
 */
const CHECKS_PER_TIMEOUT = 4;

/** The connection. */
export interface ConnectionWriterOwner {
  /** The peer took no byte for `writeTimeout`. */
  writeTimedOut(): void;
  /** Whether the connection has used up its turn of the event loop. */
  readonly turnIsOver: boolean;
}

/** Writes to one transport, in order. */
export class ConnectionWriter implements CorkBufferOwner, DeadlineOwner {
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
  /** Cork buffers that the transport reads until it is drained. */
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

  /** The shared cork buffer, to append to; it is flushed in time. */
  acquire(): ByteWriter {
    return this.#engine.output.acquire(this);
  }

  /** Bytes that the peer has taken, as far as the transport knows. */
  get bytesTaken(): number {
    return this.#bytesHanded - this.#transport.unsent();
  }

  /**
   * Whether the next response may be written. Flushes the cork buffer from `highWaterMark` bytes on, so that
   * backpressure shows however small the responses are.
   */
  acceptsResponse(): boolean {
    const { output, settings } = this.#engine;
    if (output.lengthOf(this) >= settings.highWaterMark) output.flush();
    return !this.isBackpressured;
  }

  /** Sends bytes behind all that was written before, large ones uncopied. Answers whether more is welcome. */
  append(bytes: Uint8Array): boolean {
    const { output, settings } = this.#engine;
    const buffer = this.acquire();
    if (bytes.length < LARGE_BYTES) {
      buffer.copy(bytes);
      if (buffer.length >= settings.highWaterMark) output.flush();
    } else {
      output.flush();
      this.send(bytes, 0, bytes.length);
    }
    return !this.isBackpressured;
  }

  /** @internal */
  send(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#isClosed) return true;
    this.#engine.bytesWritten += end - start;
    this.#bytesHanded += end - start;
    const isReusable = this.#transport.write(bytes, start, end);
    if (!isReusable) this.#beginBackpressure();
    return isReusable;
  }

  /** @internal */
  retained(buffer: Uint8Array): void {
    if (!this.#isClosed) (this.#retained ??= []).push(buffer);
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

  /** Hands the cork buffer to the transport, if this connection has it. */
  flush(): void {
    if (this.#engine.output.lengthOf(this) > 0) this.#engine.output.flush();
  }

  /** The transport has sent everything. */
  drained(): void {
    this.isBackpressured = false;
    this.#disarm();
    if (this.#retained !== null) {
      for (const buffer of this.#retained) this.#engine.output.release(buffer);
      this.#retained = null;
    }
    this.resume();
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
    this.#retained = null;
    this.#closeError = error;
    this.#disarm();
    this.#ready?.reject(error);
    this.#transport.close(abruptly);
  }
}
