/**
 * What the engine itself responds, to requests that it refuses and for handlers that fail: all such responses look alike.
 */
import type { Fields } from "../api/exchange.ts";
import { reasonPhrase } from "../wire/status.ts";

/** Their content type. */
export const ERROR_TYPE = "text/plain;charset=utf-8";

/** Their fields, framing and persistence aside. */
export const ERROR_FIELDS: Fields = { "content-type": ERROR_TYPE };

/** Their body: the status, and the reason where the client may know it. */
export function errorText(status: number, reason?: string): string {
  return `${status} ${reasonPhrase(status)}${reason === undefined ? "" : `: ${reason}`}\n`;
}
