/**
 * Whose Fetch classes these are: platforms differ in what theirs cost, and in what they forget.
 */

/** What the platform calls itself; Node before 21 has no name. */
export const userAgent: string = globalThis.navigator?.userAgent ?? "";

export const isDeno: boolean = /^Deno\//.test(userAgent);
export const isBun: boolean = /^Bun\//.test(userAgent);
