/**
 * The write side of a connection: puts bytes into the shared output buffer or past it, knows whether the
 * transport has taken them, notices a peer that takes none, and ends.
 */
import type { ByteWriter } from "../protocol/byte_writer.ts";
import { Deadline, type DeadlineOwner } from "./deadlines.ts";
import { Deferred, handled } from "./deferred.ts";
import type { Engine } from "./engine.ts";
import type { KeepAlive } from "./keep_alive.ts";
import type { OutputOwner } from "./output.ts";
import type { SerializedTransport } from "./serialized_transport.ts";

/** Bytes of a body from here on go to the transport uncopied; below, one write is cheaper than two. */
const LARGE = 32 * 1024;

/**
 * How often in `writeTimeout` a peer that is behind is looked at. Transports do not tell each byte that the
 * peer takes, so it is cut off up to one part of so many later than its time.
 */
const LOOKS = 4;

/** Whose write side it is. */
export interface WriteSideOwner {
  /** The peer took no byte of what waits for it in `writeTimeout`. */
  writeTimedOut(): void;
  /** Whether the connection waits for its next turn. */
  readonly turnIsOver: boolean;
}

/** Writes to one transport, in order. */
export class WriteSide implements OutputOwner, DeadlineOwner {
  /** The transport has not sent all yet. */
  stalled = false;
  readonly #owner: WriteSideOwner;
  readonly #keepAlive: KeepAlive;
  readonly #engine: Engine;
  readonly #transport: SerializedTransport;
  #closed = false;
  #closedBy: unknown = undefined;
  #ready: Deferred<void> | null = null;
  /** The output buffers that the transport keeps until it is drained. */
  #lent: Uint8Array[] | null = null;
  /** Armed while it stalls. */
  #look: Deadline | null = null;
  /** Bytes handed to the transport. */
  #handed = 0;
  /** What the peer had taken of them when it last took some, as far as the looks tell, and when that was. */
  #taken = 0;
  #takenAt = 0;

  /** Writes to `transport`. */
  constructor(owner: WriteSideOwner, keepAlive: KeepAlive, engine: Engine, transport: SerializedTransport) {
    this.#owner = owner;
    this.#keepAlive = keepAlive;
    this.#engine = engine;
    this.#transport = transport;
  }

  /** The shared output buffer, to append to; it is flushed in time. */
  claim(): ByteWriter {
    return this.#engine.output.claim(this);
  }

  /** How many bytes the peer has taken, as far as the transport tells. */
  get taken(): number {
    return this.#handed - this.#transport.unsent();
  }

  /**
   * Whether the next response may be written: what waits in the buffer is flushed from `highWaterMark` on, so that
   * a peer that takes nothing shows, whatever the responses are made of.
   */
  acceptsResponse(): boolean {
    const { output, settings } = this.#engine;
    if (output.lengthOf(this) >= settings.highWaterMark) output.flush();
    return !this.stalled;
  }

  /** Sends bytes behind what was written before, large ones uncopied. Answers whether more is welcome. */
  append(bytes: Uint8Array): boolean {
    const { output, settings } = this.#engine;
    const buffer = this.claim();
    if (bytes.length < LARGE) {
      buffer.copy(bytes);
      if (buffer.length >= settings.highWaterMark) output.flush();
    } else {
      output.flush();
      this.send(bytes, 0, bytes.length);
    }
    return !this.stalled;
  }

  /** @internal */
  send(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#closed) return true;
    this.#engine.bytesWritten += end - start;
    this.#handed += end - start;
    const taken = this.#transport.write(bytes, start, end);
    if (!taken) this.#stall();
    return taken;
  }

  /** @internal */
  lend(buffer: Uint8Array): void {
    if (!this.#closed) (this.#lent ??= []).push(buffer);
  }

  #stall(): void {
    if (this.stalled) return;
    this.stalled = true;
    this.#engine.beginEvent();
    this.#look ??= new Deadline(this);
    this.#taken = this.taken;
    this.writeTimeoutChanged();
  }

  /** The peer has another time, from now on. */
  writeTimeoutChanged(): void {
    if (!this.stalled || this.#closed) return;
    this.#takenAt = this.#engine.now;
    this.#armLook();
  }

  #armLook(): void {
    const { deadlines, now } = this.#engine;
    deadlines.arm(this.#look!, Math.ceil(this.#keepAlive.limits.writeTimeout / LOOKS), now);
  }

  expired(): void {
    this.#engine.beginEvent();
    const { now } = this.#engine;
    const { taken } = this;
    if (taken !== this.#taken) {
      this.#taken = taken;
      this.#takenAt = now;
    }
    if (now - this.#takenAt < this.#keepAlive.limits.writeTimeout) this.#armLook();
    else this.#owner.writeTimedOut();
  }

  /** Hands to the transport what waits in the buffer. */
  flush(): void {
    if (this.#engine.output.lengthOf(this) > 0) this.#engine.output.flush();
  }

  /** The transport has sent all. */
  drained(): void {
    this.stalled = false;
    this.#disarm();
    if (this.#lent !== null) {
      for (const buffer of this.#lent) this.#engine.output.giveBack(buffer);
      this.#lent = null;
    }
    this.resume();
  }

  /** The transport is another's, which sends what is left in it: that memory is not used again. */
  handedOver(): void {
    this.#lent = null;
    this.drained();
  }

  /** Tells who waits for `ready`, unless the peer or the connection's turn is still to be waited for. */
  resume(): void {
    if (!this.#isReady) return;
    this.#ready?.resolve();
    this.#ready = null;
  }

  get #isReady(): boolean {
    return !this.stalled && !this.#owner.turnIsOver;
  }

  /** Resolves when more is welcome. */
  ready(): Promise<void> {
    if (this.#isReady) return Promise.resolve();
    if (this.#closed) return handled(Promise.reject(this.#closedBy));
    return (this.#ready ??= new Deferred()).promise;
  }

  /** Sends what is left, and the end. */
  end(): void {
    this.flush();
    if (!this.#transport.end()) this.#stall();
  }

  #disarm(): void {
    if (this.#look !== null) this.#engine.deadlines.disarm(this.#look);
  }

  /**
   * Hands over what waits in the buffer, and drops what the transport has not sent; whoever waits is told
   * `error`. `abruptly` lets the peer see a failure, where the transport can.
   */
  close(error: unknown, abruptly = false): void {
    if (this.#closed) return;
    this.flush();
    this.#closed = true;
    this.#lent = null;
    this.#closedBy = error;
    this.#disarm();
    this.#ready?.reject(error);
    this.#transport.close(abruptly);
  }
}
