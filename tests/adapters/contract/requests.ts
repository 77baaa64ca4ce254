/**
 * Requests in chunks, and many of them in a row.
 */
import assert from "node:assert/strict";
import { concat } from "../../support/bytes.ts";
import { get } from "../../support/memory.ts";
import type { WireClient } from "../../support/wire_client.ts";

/** A chunked body of these chunks, the way a client sends it. */
export function chunked(target: string, chunks: readonly Uint8Array[], ...trailers: string[]): Uint8Array {
  return concat([
    `POST ${target} HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n`,
    ...chunks.flatMap((chunk) => [`${chunk.length.toString(16)};name=value\r\n`, chunk, "\r\n"]),
    ["0", ...trailers, "", ""].join("\r\n"),
  ]);
}

export function chunkedText(body: string): string {
  return `POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n${body}`;
}

/** Keeps a server busy that answers with the target: long enough for it to show what it does meanwhile. */
export async function exchangeMany(client: WireClient): Promise<void> {
  for (let i = 0; i < 200; i++) {
    await client.send(get(`/${i}`));
    assert.equal((await client.response()).text, `/${i}`);
  }
}
