/**
 * An upgraded connection as a `Duplex` of `node:stream`, with backpressure both ways, for what speaks its protocol over one.
 */
import type { Bytes } from "../api/bytes.ts";
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import type { Upgraded } from "../api/exchange.ts";

/** More is not copied together: each piece is written as it is. */
const MAX_JOINED_BYTES = 64 * 1024;

type Callback = (error?: Error | null) => void;

/** The stream of one connection. Nothing is read before `start`. */
export class TunnelDuplex extends Duplex {
  readonly #upgraded: Upgraded;
  readonly #reader: ReadableStreamDefaultReader<Bytes>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #heard: () => void;
  #started = false;
  #wanted = false;
  /** Bytes that are under way to the connection, which counts them as well. */
  #underWay = 0;
  #inputEnded = false;

  /** `heard` is called for each chunk that comes. */
  constructor(upgraded: Upgraded, heard: () => void) {
    super();
    this.#upgraded = upgraded;
    this.#reader = upgraded.readable.getReader();
    this.#writer = upgraded.writable.getWriter();
    this.#writer.closed.catch(() => {}); // a write, or the read, tells
    this.#heard = heard;
    this.on("error", () => {}); // as `close` follows
  }

  /** Bytes that were written here and have not left the process, as far as that is known. */
  get bufferedAmount(): number {
    return this.writableLength - this.#underWay + this.#upgraded.bufferedAmount;
  }

  /** Reads from now on. */
  start(): void {
    this.#started = true;
    if (this.#wanted) void this.#pull();
  }

  override _read(): void {
    this.#wanted = true;
    if (this.#started) void this.#pull();
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
        this.#heard();
        this.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
      }
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  override _write(chunk: Uint8Array, _encoding: string, done: Callback): void {
    this.#send(chunk.length, this.#writer.write(chunk), done);
  }

  override _writev(chunks: { chunk: Uint8Array }[], done: Callback): void {
    const pieces = chunks.map(({ chunk }) => chunk);
    const length = pieces.reduce((sum, { length }) => sum + length, 0);
    const joined = length <= MAX_JOINED_BYTES ? [Buffer.concat(pieces, length)] : pieces;
    const writes = joined.map((piece) => this.#writer.write(piece));
    this.#send(length, Promise.all(writes), done);
  }

  #send(length: number, written: Promise<unknown>, done: Callback): void {
    this.#underWay = length;
    written.then(() => {
      this.#underWay = 0;
      done();
    }, done);
  }

  override _final(done: Callback): void {
    this.#writer.close().then(() => done(), done);
  }

  override _destroy(error: Error | null, done: Callback): void {
    if (!this.#inputEnded) this.#reader.cancel(error).catch(() => {});
    if (!this.writableFinished) this.#writer.abort(error ?? undefined).catch(() => {});
    done(error);
  }
}
