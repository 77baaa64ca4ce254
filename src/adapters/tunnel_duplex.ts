/**
 * An upgraded connection as a `Duplex` of `node:stream`, with backpressure both ways, for what speaks its protocol over one.
 */
import type { Bytes } from "../api/bytes.ts";
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import type { Upgraded } from "../api/exchange.ts";

/** More is not copied together: each chunk is written as it is. */
const MAX_JOINED_BYTES = 64 * 1024;

type Callback = (error?: Error | null) => void;

/** The user of the stream. */
export interface TunnelListener {
  /** A chunk was received. */
  heard(): void;
  /** Bytes of answers that it has yet to write. */
  readonly unwritten: number;
}

/** The stream of one connection. Nothing is read before `start`. */
export class TunnelDuplex extends Duplex {
  readonly #upgraded: Upgraded;
  readonly #reader: ReadableStreamDefaultReader<Bytes>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #listener: TunnelListener;
  #started = false;
  #wanted = false;
  /** Bytes that were passed on to the connection in all, and those of them whose write has not finished. */
  #passedOn = 0;
  #unfinished = 0;
  /** Bytes of the call of `_write` or `_writev` that is under way, which Node counts as well. */
  #inCall = 0;
  /** Bytes that were written before those that count. */
  #uncounted = 0;
  /** Bytes that were lost when the stream was destroyed. */
  #lost: number | null = null;
  #inputEnded = false;
  /** Writes that are still to be dropped. */
  #dropped: number;

  /** A stream through `upgraded`, whose first writes, so many, are dropped. */
  constructor(upgraded: Upgraded, dropped: number, listener: TunnelListener) {
    super();
    this.#upgraded = upgraded;
    this.#dropped = dropped;
    this.#reader = upgraded.readable.getReader();
    this.#writer = upgraded.writable.getWriter();
    this.#writer.closed.catch(() => {}); // a write, or the read, tells
    this.#listener = listener;
    this.on("error", () => {}); // as `close` follows
  }

  /** Bytes that were written here and have not left the process, as far as that is known. */
  get bufferedAmount(): number {
    if (this.#lost !== null) return this.#lost;
    const held = this.#behind + Math.max(this.#unfinished, this.#upgraded.bufferedAmount);
    return Math.min(held, this.#written - this.#uncounted);
  }

  /** What was written so far is not to count in `bufferedAmount`. */
  countFromNow(): void {
    this.#uncounted = this.#written;
  }

  /** Bytes that were written here, in all. */
  get #written(): number {
    return this.#passedOn + this.#behind;
  }

  /** Bytes that wait for the call under way. */
  get #behind(): number {
    return this.writableLength - this.#inCall;
  }

  /**
   * Whether nothing is read for now: a client that sends and does not take the answers would make them pile up.
   */
  get isBlocked(): boolean {
    return this.writableLength + this.#listener.unwritten >= this.writableHighWaterMark;
  }

  /** Reads from now on. */
  start(): void {
    this.#started = true;
    this.#pullIfDue();
  }

  override _read(): void {
    this.#wanted = true;
    this.#pullIfDue();
  }

  #pullIfDue(): void {
    if (this.#started && this.#wanted && !this.isBlocked) void this.#pull();
  }

  async #pull(): Promise<void> {
    this.#wanted = false;
    try {
      const { done, value } = await this.#reader.read();
      if (this.destroyed) return;
      if (done) {
        this.#inputEnded = true;
        this.push(null);
      } else {
        this.#listener.heard();
        this.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
      }
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  override _write(chunk: Uint8Array, _encoding: string, done: Callback): void {
    if (this.#dropped === 0) return this.#send([chunk], done);
    this.#dropped--;
    done();
  }

  override _writev(chunks: { chunk: Uint8Array }[], done: Callback): void {
    const waiting = chunks.map(({ chunk }) => chunk);
    const length = lengthOf(waiting);
    this.#send(length <= MAX_JOINED_BYTES ? [Buffer.concat(waiting, length)] : waiting, done);
  }

  #send(chunks: Uint8Array[], done: Callback): void {
    this.#inCall = lengthOf(chunks);
    this.#passedOn += this.#inCall;
    this.#unfinished += this.#inCall;
    const writes = chunks.map(async (chunk) => {
      await this.#writer.write(chunk);
      this.#unfinished -= chunk.length;
    });
    Promise.all(writes).then(() => {
      this.#inCall = 0;
      done();
      this.#pullIfDue();
    }, (error) => {
      this.#lost ??= this.bufferedAmount; // before Node forgets what waits
      this.#inCall = 0;
      done(error);
    });
  }

  override _final(done: Callback): void {
    this.#writer.close().then(() => done(), done);
  }

  override _destroy(error: Error | null, done: Callback): void {
    this.#lost ??= this.writableFinished ? 0 : this.bufferedAmount;
    if (!this.#inputEnded) this.#reader.cancel(error).catch(() => {});
    if (!this.writableFinished) this.#writer.abort(error ?? undefined).catch(() => {});
    done(error);
  }
}

function lengthOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}
