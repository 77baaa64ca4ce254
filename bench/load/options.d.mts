/** Types of options.mjs, for the test that imports it. */
export const HELP: string;
export function readOptions(args: readonly string[]): Record<string, unknown>;
