/**
 * Requests for the limits on the fake clock: heads and bodies of a size, and those that come in part.
 */
import type { MemoryTransport } from "../../src/adapters/memory.ts";
import { get } from "../support/memory.ts";

/** A chunked request, all but its end. */
export function chunked(...chunks: string[]): string {
  const body = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join("");
  return `POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n${body}`;
}
export const LAST_CHUNK = "0\r\n\r\n";

/** The head of a request whose body has `length` bytes. */
export function postHead(length: number, target = "/"): string {
  return `POST ${target} HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${length}\r\n\r\n`;
}

/** A GET whose head has this many bytes. */
export function headOf(length: number, target = "/"): string {
  const padding = length - get(target, "X: ").length;
  return get(target, `X: ${"x".repeat(padding)}`);
}

/** How a head may come: whole, or in two pieces. */
export const ARRIVALS: readonly (readonly [how: string, cut: number])[] = [
  ["whole", 0],
  ["in two pieces", 10],
];

/** Sends the request's head so, and the first byte of its body of two. */
export function sendSlowly(client: MemoryTransport, target: string, cut: number): void {
  const request = postHead(2, target) + "x";
  client.send(request.slice(0, cut));
  client.send(request.slice(cut));
}
