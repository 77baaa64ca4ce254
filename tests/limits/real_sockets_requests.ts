/**
 * Requests for the limits on real sockets, and responses that nothing on the way buffers whole.
 */
import { concat } from "../support/bytes.ts";
import { get, post } from "../support/memory.ts";

export const KIB: number = 1024;
export const MIB: number = 1024 * KIB;

/** More than the system buffers on the way. */
export const UNREAD: Uint8Array<ArrayBuffer> = new Uint8Array(32 * MIB);

/** The head of a request whose body has `length` bytes. */
export function postHead(length: number, target = "/"): string {
  return post("", target).replace("Content-Length: 0", `Content-Length: ${length}`);
}

export const CHUNKED: string = post("").replace("Content-Length: 0", "Transfer-Encoding: chunked");

/** A chunk with this content. */
export function chunk(content: string | Uint8Array): Uint8Array {
  return concat([`${content.length.toString(16)}\r\n`, content, "\r\n"]);
}

/** A GET, cut in two. */
export const HEAD: readonly [string, string] = [get().slice(0, 10), get().slice(10)];
