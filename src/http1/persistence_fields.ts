/**
 * The end of a response's head: Date, Connection and Keep-Alive, as the persistence policy has decided.
 */
import { MIN_HINT_MS } from "../core/persistence_policy.ts";
import type { Settings } from "../options/settings.ts";
import { ByteWriter } from "../wire/byte_writer.ts";

const encoder = new TextEncoder();

/** Says that this response is the connection's last (RFC 9112 §9.6). */
export const CLOSE_FIELD: Uint8Array = encoder.encode("connection: close\r\n");

const KEEP_ALIVE = encoder.encode("connection: keep-alive\r\n");
const HINT = encoder.encode("keep-alive: ");
const TIMEOUT = encoder.encode("timeout=");
const COMMA = encoder.encode(", ");
const MAX = encoder.encode("max=");
const CRLF = encoder.encode("\r\n");

/**
 * Writes the end of heads: Date, the persistence fields, and the empty line. A sender of Keep-Alive lists it in Connection
 * (RFC 9110 §7.6.1), which also tells HTTP/1.0 that the connection persists (RFC 9112 §9.3).
 */
export class PersistenceFields {
  readonly #settings: Settings;
  readonly #hasMax: boolean;
  /** The end of nearly all heads, made once per Date. */
  readonly #usual = new ByteWriter(256);
  #usualBytes: Uint8Array = this.#usual.bytes;
  #usualDate: Uint8Array | null = null;

  /** Advertises what `settings` say. */
  constructor(settings: Settings) {
    this.#settings = settings;
    this.#hasMax = settings.keepAliveHint && settings.maxRequests > 0;
  }

  /** Ends the head of the connection's last response. `dateLine` is `null` where there is a Date already. */
  writeClose(out: ByteWriter, dateLine: Uint8Array | null): void {
    if (dateLine !== null) out.copy(dateLine);
    out.copy(CLOSE_FIELD);
    out.copy(CRLF);
  }

  /**
   * Ends the head of a response after which the connection persists, for a client of this minor version. It may idle for
   * `idleTimeout` milliseconds, and serves `left` more requests where `maxRequests` limits them.
   */
  write(
    out: ByteWriter,
    dateLine: Uint8Array | null,
    minorVersion: number,
    idleTimeout: number,
    left: number,
  ): void {
    const isUsual = minorVersion > 0 && idleTimeout === this.#settings.idleTimeout && !this.#hasMax;
    if (!isUsual || dateLine === null) return this.#compose(out, dateLine, minorVersion, idleTimeout, left);
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
    idleTimeout: number,
    left: number,
  ): void {
    const hasTimeout = this.#settings.keepAliveHint && idleTimeout >= MIN_HINT_MS;
    const hints = hasTimeout || this.#hasMax;
    if (dateLine !== null) out.copy(dateLine);
    if (minorVersion === 0 || hints) out.copy(KEEP_ALIVE);
    if (hints) out.copy(HINT);
    if (hasTimeout) {
      out.copy(TIMEOUT);
      out.decimal(Math.floor(idleTimeout / 1000));
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
