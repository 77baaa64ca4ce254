/** Types of options_table.mjs, for the test that imports it. */
export interface TableOption {
  readonly scope: "connection" | "server" | "listen" | "serve";
  readonly default?: boolean | number | string;
  readonly doc: string;
}
export function optionsTable(options: Iterable<readonly [string, TableOption]>): string;
export function tablePlace(page: string): { start: number; end: number };
