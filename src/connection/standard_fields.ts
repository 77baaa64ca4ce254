/**
 * What the engine itself says in responses: the fields about persistence, 100, and plain error responses.
 */
import type { Settings } from "../options.ts";
import type { ByteWriter } from "../protocol/byte_writer.ts";
import { reasonPhrase, statusLine } from "../protocol/status.ts";

const encoder = new TextEncoder();

/** Interim response that lets a waiting client send its body (RFC 9110 §10.1.1). */
export const CONTINUE: Uint8Array = encoder.encode("HTTP/1.1 100 Continue\r\n\r\n");

/** Says that this response is the connection's last (RFC 9112 §9.6). */
export const CLOSE_FIELD: Uint8Array = encoder.encode("connection: close\r\n");

const KEEP_ALIVE = "connection: keep-alive\r\n";

/** A hint of less than a second cannot be said; "0" would read as "do not reuse". */
const SHORTEST_HINT = 1000;

/**
 * The fields of a response after which the connection persists. RFC 9110 §7.6.1: who sends Keep-Alive
 * lists it in Connection, which is also how HTTP/1.0 is told that the connection persists (RFC 9112 §9.3).
 */
export class PersistenceFields {
  readonly #fields: Uint8Array;
  readonly #fieldsFor10: Uint8Array;
  readonly #beforeMax: Uint8Array | null;

  /** Makes the fields once, as bytes. */
  constructor(settings: Settings) {
    const { keepAliveHint, idleTimeout, maxRequests } = settings;
    const hasTimeout = keepAliveHint && idleTimeout >= SHORTEST_HINT;
    const hasMax = keepAliveHint && maxRequests > 0;
    const timeout = hasTimeout ? `timeout=${Math.floor(idleTimeout / 1000)}` : "";
    const hint = hasTimeout && !hasMax ? `keep-alive: ${timeout}\r\n` : "";
    this.#fields = encoder.encode(hint === "" ? "" : KEEP_ALIVE + hint);
    this.#fieldsFor10 = encoder.encode(KEEP_ALIVE + hint);
    this.#beforeMax = hasMax
      ? encoder.encode(`${KEEP_ALIVE}keep-alive: ${timeout}${hasTimeout ? ", " : ""}max=`)
      : null;
  }

  /** Appends them; `left` is how many more requests the connection serves, where that is limited. */
  write(out: ByteWriter, minorVersion: number, left: number): void {
    if (this.#beforeMax === null) return out.copy(minorVersion === 0 ? this.#fieldsFor10 : this.#fields);
    out.copy(this.#beforeMax);
    out.decimal(left);
    out.latin1("\r\n");
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
