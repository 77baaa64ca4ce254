/** Types of text_chart.mjs, for the test that imports it. */
import type { Series } from "./chart.mjs";

export function renderDistributions(series: readonly Series[]): string[];
