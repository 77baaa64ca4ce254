/**
 * What the engine itself says in responses: the fields about persistence, and 100.
 */
import type { Settings } from "../settings.ts";
import { ByteWriter } from "../protocol/byte_writer.ts";

const encoder = new TextEncoder();

/** Interim response that lets a waiting client send its body (RFC 9110 §10.1.1). */
export const CONTINUE: Uint8Array = encoder.encode("HTTP/1.1 100 Continue\r\n\r\n");

/** Says that this response is the connection's last (RFC 9112 §9.6). */
export const CLOSE_FIELD: Uint8Array = encoder.encode("connection: close\r\n");

const KEEP_ALIVE = encoder.encode("connection: keep-alive\r\n");
const HINT = encoder.encode("keep-alive: ");
const TIMEOUT = encoder.encode("timeout=");
const COMMA = encoder.encode(", ");
const MAX = encoder.encode("max=");
const CRLF = encoder.encode("\r\n");

/** A hint of less than a second cannot be said; "0" would read as "do not reuse". In milliseconds. */
export const SHORTEST_HINT = 1000;

/**
 * What ends the head of a response: Date, what is said about persistence, and the empty line. RFC 9110
 * §7.6.1: who sends Keep-Alive lists it in Connection, which is also how HTTP/1.0 is told that the
 * connection persists (RFC 9112 §9.3).
 */
export class HeadEnds {
  readonly #settings: Settings;
  readonly #hasMax: boolean;
  /** What nearly all heads end with, made once for each date. */
  readonly #usual = new ByteWriter(256);
  #usualBytes: Uint8Array = this.#usual.bytes;
  #usualDate: Uint8Array | null = null;

  /** Says what `settings` say. */
  constructor(settings: Settings) {
    this.#settings = settings;
    this.#hasMax = settings.keepAliveHint && settings.maxRequests > 0;
  }

  /** Ends a head after which the connection does. `dateLine` is `null` where there is a date already. */
  writeClose(out: ByteWriter, dateLine: Uint8Array | null): void {
    if (dateLine !== null) out.copy(dateLine);
    out.copy(CLOSE_FIELD);
    out.copy(CRLF);
  }

  /**
   * Ends a head after which the connection persists, for a client of this minor version. It may idle for
   * `idleTime` milliseconds and serves `left` more requests, where that is limited.
   */
  write(
    out: ByteWriter,
    dateLine: Uint8Array | null,
    minorVersion: number,
    idleTime: number,
    left: number,
  ): void {
    const isUsual = minorVersion > 0 && idleTime === this.#settings.idleTimeout && !this.#hasMax;
    if (!isUsual || dateLine === null) return this.#compose(out, dateLine, minorVersion, idleTime, left);
    if (dateLine !== this.#usualDate) this.#makeUsual(dateLine);
    out.copy(this.#usualBytes);
  }

  #makeUsual(dateLine: Uint8Array): void {
    this.#usual.length = 0;
    this.#compose(this.#usual, dateLine, 1, this.#settings.idleTimeout, 0);
    this.#usualBytes = this.#usual.bytes.subarray(0, this.#usual.length);
    this.#usualDate = dateLine;
  }

  #compose(
    out: ByteWriter,
    dateLine: Uint8Array | null,
    minorVersion: number,
    idleTime: number,
    left: number,
  ): void {
    const hasTimeout = this.#settings.keepAliveHint && idleTime >= SHORTEST_HINT;
    const hints = hasTimeout || this.#hasMax;
    if (dateLine !== null) out.copy(dateLine);
    if (minorVersion === 0 || hints) out.copy(KEEP_ALIVE);
    if (hints) out.copy(HINT);
    if (hasTimeout) {
      out.copy(TIMEOUT);
      out.decimal(Math.floor(idleTime / 1000));
    }
    if (hasTimeout && this.#hasMax) out.copy(COMMA);
    if (this.#hasMax) {
      out.copy(MAX);
      out.decimal(left);
    }
    if (hints) out.copy(CRLF);
    out.copy(CRLF);
  }
}
