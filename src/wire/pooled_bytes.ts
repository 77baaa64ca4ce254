/**
 * Bytes of a response's body in memory of our own, with room for the head in front of them: both leave in one write, and
 * nothing is copied for that. The memory goes back to the pool when it is sent.
 */
import type { Bytes } from "../api/bytes.ts";
import { HEAD_ROOM, memoryPool } from "./memory_pool.ts";

const NOTHING = new Uint8Array(0);

/** The bytes are `memory[start, end)`; what is before `start` is headroom. Sent once. */
export class PooledBytes {
  readonly memory: Bytes;
  readonly start: number = HEAD_ROOM;
  readonly end: number;

  /** Takes over `memory`, of the pool: the bytes are those between the headroom and `end`. */
  constructor(memory: Bytes, end: number) {
    this.memory = memory;
    this.end = end;
  }

  /** A copy of `bytes`, with `suffix` behind them. */
  static copyOf(bytes: Uint8Array, suffix: Uint8Array = NOTHING): PooledBytes {
    const { length } = bytes;
    const end = HEAD_ROOM + length + suffix.length;
    const memory = memoryPool.acquire(end);
    if (length > 0) memory.set(bytes, HEAD_ROOM); // a detached buffer has none, and cannot be copied
    if (suffix.length > 0) memory.set(suffix, HEAD_ROOM + length);
    return new PooledBytes(memory, end);
  }

  /** How many they are. */
  get byteLength(): number {
    return this.end - this.start;
  }

  /** Another copy. */
  clone(): PooledBytes {
    return PooledBytes.copyOf(this.memory.subarray(this.start, this.end));
  }

  /** A copy in memory of exactly their length. */
  slice(): Bytes {
    return this.memory.slice(this.start, this.end);
  }
}
