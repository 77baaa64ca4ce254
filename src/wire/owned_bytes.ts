/**
 * Bytes of a response's body in memory of our own, with room for the head in front of them: both leave in one write, and
 * nothing is copied for that. The memory goes back to the pool when it is sent.
 */
import { HEAD_ROOM, memoryPool } from "./memory_pool.ts";

/** The bytes are `memory[start, end)`; what is before `start` is free. Sent once. */
export class OwnedBytes {
  readonly memory: Uint8Array<ArrayBuffer>;
  readonly start: number;
  readonly end: number;

  /** A copy of `bytes[start, end)`. */
  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.start = HEAD_ROOM;
    this.end = HEAD_ROOM + end - start;
    this.memory = memoryPool.acquire(this.end);
    this.memory.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), HEAD_ROOM);
  }

  /** How many they are. */
  get byteLength(): number {
    return this.end - this.start;
  }

  /** Another copy. */
  clone(): OwnedBytes {
    return new OwnedBytes(this.memory, this.start, this.end);
  }

  /** A copy in memory of exactly their length. */
  slice(): Uint8Array<ArrayBuffer> {
    return this.memory.slice(this.start, this.end);
  }
}
