/** What the application bench computes: the answer to an upload, and ratios from rounds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Digest } from "../../bench/apps/digest.ts";
import { type Entry, figuresOf, meansOf } from "../../bench/apps/figures.mjs";

/** A server that took so much CPU in its rounds. */
const entry = (id: string, micros: number[], more: Partial<Entry> = {}): Entry => ({
  id,
  rounds: micros.map((cpuMicros) => ({ cpuMicros })),
  ...more,
});

test("a digest does not depend on how the bytes came in chunks", () => {
  const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => i * 7 % 251);
  for (const all of [true, false]) {
    const whole = String(new Digest(all).add(bytes));
    for (const size of [1, 4095, 4096, 4097, 9_999]) {
      const digest = new Digest(all);
      for (let at = 0; at < bytes.length; at += size) digest.add(bytes.subarray(at, at + size));
      assert.equal(String(digest), whole, `${size} bytes in a chunk`);
    }
  }
});

test("a digest of all bytes tells of each", () => {
  const bytes = new Uint8Array(5_000);
  const whole = String(new Digest(true).add(bytes));
  bytes[4_097] = 1;
  assert.notEqual(String(new Digest(true).add(bytes)), whole);
});

test("ratios are taken within a round, and their median is the figure", () => {
  const [mooring, before, peer] = figuresOf([
    entry("mooring", [10, 20, 10], { peer: "peer" }),
    entry("mooring@before", [20, 20, 40], { peer: "peer", here: "mooring" }),
    entry("peer", [20, 10, 10], { peer: "peer" }),
  ]);
  assert.deepEqual(mooring.peerToThis, { median: 1, min: 0.5, max: 2 });
  assert.equal(mooring.thisToHere, undefined);
  assert.deepEqual(before.thisToHere, { median: 2, min: 1, max: 4 });
  assert.equal(peer.peerToThis, undefined);
});

test("a peer that failed leaves no ratio, and the mean is that of the rows that have one", () => {
  const row = (mooring: number, peer: Partial<Entry>) => ({
    servers: figuresOf([entry("mooring", [mooring], { peer: "peer" }), entry("peer", [8], peer)]),
  });
  const results = [row(1, {}), row(4, {}), row(8, { error: "it did not start" })];
  assert.deepEqual([...meansOf(results, "peerToThis")], [["mooring", 4]]);
});
