/**
 * Has glibc keep the memory of bodies that the collector has freed. By default it returns the end of its heap to the
 * system as soon as 128 KiB there are free, so that the next bodies fault it in again, page by page. glibc raises that
 * threshold to twice the size of the largest block that it has mapped and freed (mallopt(3), M_MMAP_THRESHOLD), unless
 * the operator has set it: so one is, which is never touched. Bun's allocator and those of other systems do not mind.
 */
import { free } from "../wire/bytes.ts";

/**
 * Twice this is what glibc keeps: what V8 lets pile up in buffers between two collections is about as much. A block that
 * takes more than 32 MiB with its head does not count.
 */
const BLOCK_BYTES = 32 * 1024 * 1024 - 64 * 1024;

let isKept = false;

/** To be called before the first request. */
export function keepFreedMemory(): void {
  if (isKept) return;
  isKept = true;
  free(new Uint8Array(BLOCK_BYTES)); // on Node 20 it is left to the collector
}
