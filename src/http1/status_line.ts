/**
 * Status lines (RFC 9112 §4) as bytes.
 */
import { reasonPhrase } from "../wire/status.ts";

const encoder = new TextEncoder();
const lines: Uint8Array[] = [];

/** `HTTP/1.1 SP status SP reason CRLF`, made once per status. Responses are always 1.1 (RFC 9110 §2.5). */
export function statusLine(status: number): Uint8Array {
  return lines[status] ??= encoder.encode(`HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n`);
}
