/** MemoryPool: memory is used again, within bounds, and given back when it is not needed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HEAD_ROOM, MemoryPool } from "../../src/wire/memory_pool.ts";

const MIB = 1024 * 1024;

test("memory holds what was asked for, and is used again for as much or less", () => {
  const pool = new MemoryPool();
  for (const count of [0, 1, 1024, 2047, 2048, 2049, 65_536, 65_536 + HEAD_ROOM, MIB + HEAD_ROOM]) {
    const memory = pool.acquire(count);
    assert.ok(memory.length >= count, `${count}`);
    pool.release(memory);
    assert.equal(pool.acquire(count), memory, `${count}`);
  }
});

test("a body of a power of two takes little more than itself, its head included", () => {
  assert.equal(new MemoryPool().acquire(64 * 1024 + HEAD_ROOM).length, 64 * 1024 + HEAD_ROOM);
});

test("memory that is too large, or came from elsewhere, is not kept", () => {
  const pool = new MemoryPool();
  assert.equal(pool.acquire(2 * MIB).length, 2 * MIB);
  for (const count of [0, 1, 4096, 2 * MIB]) pool.release(new Uint8Array(count));
  assert.equal(pool.keptBytes, 0);
});

test("what is kept is bounded, of one size and of all", () => {
  const pool = new MemoryPool();
  const acquired = (count: number) => Array.from({ length: 1000 }, () => pool.acquire(count));
  for (const memory of acquired(16_384)) pool.release(memory);
  assert.ok(pool.keptBytes > 3 * MIB && pool.keptBytes <= 4 * MIB, `${pool.keptBytes}`);
  for (const bits of [10, 11, 12, 13, 15, 16, 17]) {
    for (const memory of acquired(1 << bits)) pool.release(memory);
  }
  assert.ok(pool.keptBytes > 15 * MIB && pool.keptBytes <= 16 * MIB, `${pool.keptBytes}`);
});

test("what was not needed between two trims is given back", () => {
  const pool = new MemoryPool();
  const three = [pool.acquire(1), pool.acquire(1), pool.acquire(1)];
  for (const memory of three) pool.release(memory);
  pool.trim(10_000);
  assert.equal(pool.keptBytes, 3 * 2048, "they were needed");
  pool.release(pool.acquire(1));
  pool.trim(10_001);
  assert.equal(pool.keptBytes, 3 * 2048, "too soon after the last one");
  pool.trim(15_000);
  assert.equal(pool.keptBytes, 2048, "one was needed");
  pool.trim(20_000);
  assert.equal(pool.keptBytes, 0, "none was");
  pool.release(pool.acquire(1));
  pool.trim(1);
  pool.trim(2);
  assert.equal(pool.keptBytes, 2048, "another clock is not taken for the end of time");
});
