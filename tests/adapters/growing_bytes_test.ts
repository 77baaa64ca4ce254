/**
 * Bytes that grow are those that were appended, in memory of their own, whichever memory the runtime has for them.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { sinkBytes } from "../../src/adapters/bun_growing_bytes.ts";
import { growingBytes, type MakeGrowingBytes } from "../../src/wire/growing_bytes.ts";

const kinds: Record<string, MakeGrowingBytes> = {
  "an ArrayBuffer": growingBytes,
  ..."Bun" in globalThis && { "a sink of Bun's": sinkBytes },
};

const MIB = 1024 * 1024;

/** `count` bytes that differ from those of other seeds. */
const bytesFrom = (seed: number, count: number): Uint8Array =>
  Uint8Array.from({ length: count }, (_, i) => seed + i);

const sizes: Record<string, number[]> = {
  "one byte": [1],
  "a part of no bytes": [0, 5, 0],
  "bytes one by one": Array(300).fill(1),
  "less than the first capacity": [1000, 15_383],
  "what grows twice and more": [10, 20_000, 1, 700_000, 40_000, 1_000_000],
};

for (const [kind, make] of Object.entries(kinds)) {
  for (const [name, parts] of Object.entries(sizes)) {
    const total = parts.reduce((sum, count) => sum + count);
    for (
      const [how, promised] of Object.entries({
        "of a length that was promised": total,
        "of any length": undefined,
      })
    ) {
      test(`${kind}: ${name}, ${how}`, () => {
        const growing = make(parts[0], promised);
        const expected = new Uint8Array(total);
        let at = 0;
        for (const [i, count] of parts.entries()) {
          const part = bytesFrom(i, count + 2);
          growing.append(part, 1, count + 1);
          expected.set(part.subarray(1, count + 1), at);
          at += count;
          part.fill(255); // it is used again
        }
        const bytes = growing.finish();
        assert.deepEqual(bytes, expected);
        assert.equal(bytes.constructor, Uint8Array);
        assert.equal(bytes.buffer.byteLength, total); // as `arrayBuffer()` gives it
      });
    }
  }
}

for (const [kind, make] of Object.entries(kinds)) {
  test(`${kind}: memory for what was promised is not touched before it comes`, () => {
    const part = new Uint8Array(64 * 1024).fill(1);
    const before = process.memoryUsage().rss;
    const growing = Array.from({ length: 8 }, () => make(part.length, 64 * MIB));
    for (const bytes of growing) for (let i = 0; i < 40; i++) bytes.append(part, 0, part.length);
    const growth = process.memoryUsage().rss - before;
    for (const bytes of growing) bytes.discard();
    assert.ok(growth < 100 * MIB, `${growth} bytes more, of 20 MiB that came and 512 MiB that were promised`);
  });

  test(`${kind}: what is discarded does not wait for the garbage collector`, () => {
    const part = new Uint8Array(1 * MIB).fill(1);
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 100; i++) {
      const growing = make(part.length, 8 * MIB);
      for (let j = 0; j < 8; j++) growing.append(part, 0, part.length);
      growing.discard();
    }
    const growth = process.memoryUsage().rss - before;
    const most = "transfer" in ArrayBuffer.prototype ? 100 * MIB : Infinity; // Node 20 has nothing else than its collector
    assert.ok(growth < most, `${growth} bytes more after 800 MiB`);
  });
}
