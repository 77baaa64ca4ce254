/**
 * How a runtime is started so that what a program allocates can be read off its heap: with room enough that no
 * collection comes in between, and, on V8, with `gc()` to begin from nothing.
 */

/**
 * Flags of V8, on Node and Deno. The young generation has 64 MiB: more than is allocated at a time. What V8 inlines, and
 * so whether `performance.now()` makes a number object, must not depend on how far a compiler in the background has come.
 */
export const V8_FLAGS: readonly string[] = [
  "--no-concurrent-recompilation",
  "--expose-gc",
  "--min-semi-space-size=64",
  "--max-semi-space-size=64",
];

/** What the environment says to Bun. */
export const BUN_ENV: Readonly<Record<string, string>> = { BUN_JSC_useGC: "0" };
