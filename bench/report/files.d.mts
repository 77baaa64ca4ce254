/** Types of files.mjs, for the test that imports it. */

export interface ReportFiles {
  page: string;
  readme: string;
  charts: Map<string, string>;
}

export function reportFiles(results: Readonly<Record<string, unknown>>, readme: string): ReportFiles;
