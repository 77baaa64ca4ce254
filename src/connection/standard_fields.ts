/**
 * What the engine itself says in responses: the fields about persistence, 100, and plain error responses.
 */
import type { Settings } from "../settings.ts";
import { ByteWriter } from "../protocol/byte_writer.ts";
import { reasonPhrase, statusLine } from "../protocol/status.ts";

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
 * The fields of a response after which the connection persists. RFC 9110 §7.6.1: who sends Keep-Alive
 * lists it in Connection, which is also how HTTP/1.0 is told that the connection persists (RFC 9112 §9.3).
 */
export class PersistenceFields {
  readonly #settings: Settings;
  /** What nearly all responses say, made once, up to the number of requests that are left, if it is told. */
  readonly #usual: Uint8Array;
  readonly #hasMax: boolean;

  /** Says what `settings` say. */
  constructor(settings: Settings) {
    this.#settings = settings;
    this.#hasMax = settings.keepAliveHint && settings.maxRequests > 0;
    const usual = new ByteWriter(128);
    this.#writeUntilMax(usual, 1, settings.idleTimeout);
    this.#usual = usual.bytes.subarray(0, usual.length);
  }

  /**
   * Appends them, for a client of this minor version. The connection may idle for `idleTime` milliseconds
   * and serves `left` more requests, where that is limited.
   */
  write(out: ByteWriter, minorVersion: number, idleTime: number, left: number): void {
    if (minorVersion > 0 && idleTime === this.#settings.idleTimeout) out.copy(this.#usual);
    else this.#writeUntilMax(out, minorVersion, idleTime);
    if (!this.#hasMax) return;
    out.decimal(left);
    out.copy(CRLF);
  }

  #writeUntilMax(out: ByteWriter, minorVersion: number, idleTime: number): void {
    const hasTimeout = this.#settings.keepAliveHint && idleTime >= SHORTEST_HINT;
    if (minorVersion === 0 || hasTimeout || this.#hasMax) out.copy(KEEP_ALIVE);
    if (!hasTimeout && !this.#hasMax) return;
    out.copy(HINT);
    if (hasTimeout) {
      out.copy(TIMEOUT);
      out.decimal(Math.floor(idleTime / 1000));
    }
    if (hasTimeout && this.#hasMax) out.copy(COMMA);
    out.copy(this.#hasMax ? MAX : CRLF);
  }
}

/** Appends a whole error response that closes. */
export function writeError(out: ByteWriter, status: number, message: string, dateLine: Uint8Array): void {
  const body = encoder.encode(`${status} ${reasonPhrase(status)}: ${message}\n`);
  out.copy(statusLine(status));
  out.copy(dateLine);
  out.copy(CLOSE_FIELD);
  out.latin1("content-type: text/plain;charset=utf-8\r\ncontent-length: ");
  out.decimal(body.length);
  out.latin1("\r\n\r\n");
  out.copy(body);
}
