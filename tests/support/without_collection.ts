/**
 * How a runtime is started so that what a program allocates can be read off its heap: with room enough that no
 * collection comes in between, and, on V8, with `gc()` to begin from nothing.
 */

/** Flags of V8, on Node and Deno. The young generation has 64 MiB: more than is allocated at a time. */
export const V8_FLAGS: readonly string[] = [
  "--expose-gc",
  "--min-semi-space-size=64",
  "--max-semi-space-size=64",
];

/** What the environment says to Bun. */
export const BUN_ENV: Readonly<Record<string, string>> = { BUN_JSC_useGC: "0" };
