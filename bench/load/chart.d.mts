/** Types of chart.mjs, for the test that imports it. */
export interface Series {
  readonly name: string;
  readonly curve: readonly (readonly [percentile: number, milliseconds: number])[];
}

export function writeLatencyChart(file: string, title: string, series: readonly Series[]): Promise<void>;
