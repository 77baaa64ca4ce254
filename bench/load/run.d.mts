/** Types of run.mjs, for the test that imports it. */
export interface LoadJob {
  readonly url: string;
  readonly connections: number;
  readonly timeout: number;
  readonly amount?: number;
  readonly seconds?: number;
  readonly reconnect?: boolean;
  readonly pause?: number;
  readonly rate?: number;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface LoadResult {
  readonly sent: number;
  readonly ok: number;
  readonly other: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly timeouts: number;
  readonly lost: number;
  readonly endedIdle: number;
  readonly connections: number;
  readonly mostOpen: number;
  readonly seconds: number;
  readonly requestsPerSecond: number;
  readonly latency?: Readonly<Record<"mean" | "p50" | "p90" | "p99" | "p99_9" | "max", number>>;
  readonly curve: readonly (readonly [percentile: number, milliseconds: number])[];
}

export function runLoad(job: LoadJob, hooks?: { readonly signal?: AbortSignal }): Promise<LoadResult>;
