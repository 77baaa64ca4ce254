/** Types of check_imports.mjs, for the test that imports it. */
export interface Edge {
  from: string;
  to: string;
  line: number;
}
export function checkEdges(edges: Edge[]): string[];
export function checkMentions(file: string, source: string): string[];
