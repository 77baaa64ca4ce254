/** Types of tools.mjs, for the test that imports it. */
export function parseAb(stdout: string, csv: string, sent: number): Record<string, unknown>;
export function parseWrk(stdout: string): Record<string, unknown>;
