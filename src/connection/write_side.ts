/**
 * The write side of a connection: puts bytes into the shared output buffer or past it, knows whether the
 * transport has taken them, and ends.
 */
import type { Transport } from "../conn.ts";
import type { ByteWriter } from "../protocol/byte_writer.ts";
import { Deferred } from "./deferred.ts";
import type { Engine } from "./engine.ts";
import type { OutputOwner } from "./output.ts";

/** Bytes of a body from here on go to the transport uncopied; below, one write is cheaper than two. */
const LARGE = 32 * 1024;

/** Writes to one transport, in order. */
export class WriteSide implements OutputOwner {
  /** The transport has not sent all yet. */
  stalled = false;
  readonly #engine: Engine;
  readonly #transport: Transport;
  #closed = false;
  #ready: Deferred<void> | null = null;

  /** Writes to `transport`. */
  constructor(engine: Engine, transport: Transport) {
    this.#engine = engine;
    this.#transport = transport;
  }

  /** The shared output buffer, to append to; it is flushed in time. */
  claim(): ByteWriter {
    return this.#engine.output.claim(this);
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
    const taken = this.#transport.write(bytes, start, end);
    if (!taken) this.stalled = true;
    return taken;
  }

  /** Hands to the transport what waits in the buffer. */
  flush(): void {
    if (this.#engine.output.holds(this)) this.#engine.output.flush();
  }

  /** The transport has sent all. */
  drained(): void {
    this.stalled = false;
    this.#ready?.resolve();
    this.#ready = null;
  }

  /** Resolves when more is welcome. */
  ready(): Promise<void> {
    if (!this.stalled) return Promise.resolve();
    return (this.#ready ??= new Deferred()).promise;
  }

  /** Sends what is left, and the end. */
  end(): void {
    this.flush();
    if (!this.#transport.end()) this.stalled = true;
  }

  /**
   * Hands over what waits in the buffer, and drops what the transport has not sent; whoever waits is told
   * `error`. `abruptly` lets the peer see a failure, where the transport can.
   */
  close(error: unknown, abruptly = false): void {
    if (this.#closed) return;
    this.flush();
    this.#closed = true;
    this.#ready?.reject(error);
    this.#transport.close(abruptly);
  }
}
