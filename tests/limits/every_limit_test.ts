/**
 * That no limit is without a test: neither on the fake clock nor on real sockets.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { pinnedIn } from "./limit_tests.ts";
import { LIMITS } from "./rows.ts";

for (const [where, place] of [["on the fake clock", "fake_clock"], ["on real sockets", "real_sockets"]]) {
  test(`every limit has its test ${where}`, async () => {
    assert.deepEqual((await pinnedIn(place)).sort(), [...LIMITS].sort());
  });
}
