/** Types of check_imports.mjs, for the test that imports it. */
export function checkImports(files: Map<string, string>): string[];
