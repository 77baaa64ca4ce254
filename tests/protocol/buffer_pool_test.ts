/** BufferPool: what is given back is used again, up to a bound, and nothing else is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BufferPool } from "../../src/protocol/buffer_pool.ts";

test("a buffer that was given back is used again, and others are made", () => {
  const pool = new BufferPool(8, 2);
  const buffer = pool.take();
  assert.equal(buffer.length, 8);
  pool.giveBack(buffer);
  assert.equal(pool.take(), buffer);
  assert.notEqual(pool.take(), buffer);
});

test("no more than the bound are kept", () => {
  const pool = new BufferPool(8, 2);
  const [a, b, c] = [pool.take(), pool.take(), pool.take()];
  for (const buffer of [a, b, c]) pool.giveBack(buffer);
  assert.deepEqual(new Set([pool.take(), pool.take()]), new Set([a, b]));
  assert.notEqual(pool.take(), c);
});

test("buffers of another size are not kept", () => {
  const pool = new BufferPool(8, 2);
  const other = new Uint8Array(16);
  pool.giveBack(other);
  pool.giveBack(new Uint8Array(0));
  assert.equal(pool.take().length, 8);
});
