/** Types of tools.mjs, for tests that start the pinned runtimes. */
export const runtimes: Readonly<Record<"deno" | "bun" | "node" | "node20", string>>;
