/**
 * Has glibc keep the memory of bodies that the collector has freed. By default it returns the end of its heap to the
 * system as soon as 128 KiB there are free, so that the next bodies fault it in again, page by page; and blocks of
 * 128 KiB and more are never part of that heap. Unless the operator has set these thresholds, glibc raises the second one
 * to the size of the largest block of up to 32 MiB that it has mapped and freed, and the first one to twice that
 * (mallopt(3), M_MMAP_THRESHOLD): so one block is mapped and freed, and never touched. Other allocators are not affected.
 */
import { free } from "../wire/bytes.ts";

/** Just below 32 MiB, with its header. Twice this, the threshold then, is about what V8 lets pile up between collections. */
const BLOCK_BYTES = 32 * 1024 * 1024 - 64 * 1024;

let isKept = false;

/** To be called before the first request. */
export function keepFreedMemory(): void {
  if (isKept || "Bun" in globalThis) return; // which has another allocator
  isKept = true;
  try {
    free(new Uint8Array(BLOCK_BYTES)); // on Node 20 it is left to the collector
  } catch {
    // There is no memory to be kept.
  }
}
