/**
 * The view of the memory that a write is given.
 */

/** The engine's own buffer is not larger; larger bytes are the user's, and not to be kept. */
const LARGEST_KEPT = 16 * 1024;

let lastView = new Uint8Array(0);

/**
 * `bytes[start, end)`. Responses are mostly as long as the one before, in the same memory: the view is reused then,
 * which saves an allocation for each write.
 */
export function sentView(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const length = end - start;
  if (length > LARGEST_KEPT) return bytes.subarray(start, end);
  const offset = bytes.byteOffset + start;
  if (lastView.buffer !== bytes.buffer || lastView.byteOffset !== offset || lastView.length !== length) {
    lastView = new Uint8Array(bytes.buffer as ArrayBuffer, offset, length);
  }
  return lastView;
}
