/**
 * Bytes that grow are those that were appended, in memory of their own, whichever memory the runtime has for them.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sinkBytes } from "../../src/adapters/bun_growing_bytes.ts";
import { growingBytes, type MakeGrowingBytes } from "../../src/wire/growing_bytes.ts";

const kinds: Record<string, MakeGrowingBytes> = {
  "an ArrayBuffer": growingBytes,
  ..."Bun" in globalThis && { "a sink of Bun's": sinkBytes },
};

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
