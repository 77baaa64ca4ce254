/**
 * Sends a response whose body is at hand. Where its `content-length` contradicts the body, the body is right, as
 * on `Bun.serve` and `Deno.serve`: applications copy the fields of other responses.
 */
import type { Fields } from "../api/exchange.ts";
import type { HttpExchange } from "../core/exchange.ts";
import type { PooledBytes } from "../wire/pooled_bytes.ts";

/** As `Exchange.respond`, with the length that the body has. */
export function respondWhole(
  x: HttpExchange,
  status: number,
  fields: Fields | undefined,
  content: string | Uint8Array | PooledBytes | null,
): void {
  try {
    x.respond(status, fields, content);
  } catch (error) {
    // Looked at only now, since a look costs each response something.
    const others = error instanceof TypeError ? withoutLength(fields) : null;
    if (others === null) throw error;
    x.respond(status, others, content);
  }
}

/** `fields` but for content-length; `null` where there is none. */
function withoutLength(fields: Fields | undefined): Headers | null {
  const headers = new Headers(fields as HeadersInit);
  if (!headers.has("content-length")) return null;
  headers.delete("content-length");
  return headers;
}
