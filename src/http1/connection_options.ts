/**
 * The keep-alive decision of RFC 9112 §9.3, from the version and the options of Connection.
 * Connection is a list of case-insensitive tokens over all its lines, never a substring.
 */
import { eachListElement, equalsIgnoreCase } from "../wire/bytes.ts";

/** `Connection: close` was there. */
export const CLOSE = 1;
/** `Connection: keep-alive` was there. */
export const KEEP_ALIVE = 2;
/** `Connection: upgrade` was there. */
export const UPGRADE = 4;

/** The options named in one Connection line, as a set of `CLOSE`, `KEEP_ALIVE` and `UPGRADE`. */
export function connectionOptions(bytes: Uint8Array, start: number, end: number): number {
  // Two values stand in nearly every request; they are whole lists.
  if (equalsIgnoreCase(bytes, start, end, "keep-alive")) return KEEP_ALIVE;
  if (equalsIgnoreCase(bytes, start, end, "close")) return CLOSE;
  let options = 0;
  eachListElement(bytes, start, end, (from, to) => {
    if (equalsIgnoreCase(bytes, from, to, "close")) options |= CLOSE;
    else if (equalsIgnoreCase(bytes, from, to, "keep-alive")) options |= KEEP_ALIVE;
    else if (equalsIgnoreCase(bytes, from, to, "upgrade")) options |= UPGRADE;
  });
  return options;
}

/** Whether the client wants the connection to persist: 1.1 unless it closes, 1.0 only if it asks. */
export function persists(minor: number, options: number): boolean {
  if (options & CLOSE) return false;
  return minor >= 1 || (options & KEEP_ALIVE) !== 0;
}
