/**
 * Where the heads of answered requests live on, for handlers that keep a `Request`. Heads are copied into
 * slabs that many share; a slab lives as long as one of its requests does.
 */
import { sameBytes } from "../protocol/bytes.ts";
import type { HeadCopy, RequestHead } from "../protocol/request_head.ts";

const SLAB_BYTES = 64 * 1024;

/** The slab that is being filled. */
let slab = new Uint8Array(0);
let used = 0;

/** A copy of `head` that stays. A head that is the one before it again has the same copy. */
export function archive(head: RequestHead): HeadCopy {
  const { copy } = head;
  return copy !== null && isCopyOf(copy, head) ? copy : (head.copy = copyOf(head));
}

/** Whether it has the same field section, and the same start line. */
function isCopyOf({ generation, bytes, start, length }: HeadCopy, head: RequestHead): boolean {
  return generation === head.generation && length === head.length &&
    sameBytes(head.bytes, head.base, bytes, start, head.sectionStart);
}

function copyOf({ generation, bytes, base, length }: RequestHead): HeadCopy {
  if (used + length > slab.length) {
    slab = new Uint8Array(Math.max(SLAB_BYTES, length));
    used = 0;
  }
  const start = used;
  slab.set(bytes.subarray(base, base + length), start);
  used += length;
  return { generation, bytes: slab, start, length };
}
