/** BufferPool: what is given back is used again, up to a bound, and nothing else is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BufferPool } from "../../src/wire/buffer_pool.ts";

test("a buffer that was given back is used again, and others are made", () => {
  const pool = new BufferPool(8, 2);
  const buffer = pool.acquire();
  assert.equal(buffer.length, 8);
  pool.release(buffer);
  assert.equal(pool.acquire(), buffer);
  assert.notEqual(pool.acquire(), buffer);
});

test("no more than the bound are kept", () => {
  const pool = new BufferPool(8, 2);
  const [a, b, c] = [pool.acquire(), pool.acquire(), pool.acquire()];
  for (const buffer of [a, b, c]) pool.release(buffer);
  assert.deepEqual(new Set([pool.acquire(), pool.acquire()]), new Set([a, b]));
  assert.notEqual(pool.acquire(), c);
});

test("buffers of another size are not kept", () => {
  const pool = new BufferPool(8, 2);
  const other = new Uint8Array(16);
  pool.release(other);
  pool.release(new Uint8Array(0));
  assert.equal(pool.acquire().length, 8);
});
