/** Chunked bodies for tests. */
import { decodeBody } from "../wire/helpers.ts";

/** The last chunk, and no trailers. */
export const END = "0\r\n\r\n";

/** What a chunked body holds. */
export function bodyOf(text: string): string {
  return decodeBody(text).body;
}
