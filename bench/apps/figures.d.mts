/** Types of figures.mjs, for the test that imports it. */

export interface Entry {
  id: string;
  peer?: string;
  here?: string;
  error?: string;
  rounds: { cpuMicros: number }[];
}

export interface Spread {
  median: number;
  min: number;
  max: number;
}

export interface Figures {
  id: string;
  peerToThis?: Spread;
  thisToHere?: Spread;
}

export interface Latencies {
  id: string;
  error?: string;
  rate?: number;
  latencies?: { p50: number; p99: number; busy: number; unanswered: number }[];
}

export interface LatencyFigures {
  id: string;
  error?: string;
  rate?: number;
  p50?: Spread;
  p99?: Spread;
  busy?: number;
  unanswered?: number;
}

export function latencyFigures(entries: readonly Latencies[]): LatencyFigures[];
export function figuresOf(entries: readonly Entry[]): Figures[];
export function meansOf(
  results: readonly { servers: readonly Figures[] }[],
  figure: "peerToThis" | "thisToHere",
): Map<string, number>;
