// CPU and memory of one row on one runtime: its servers are measured in turn.

import { existsSync } from "node:fs";
import { peakBytes } from "../attacks/watch.mjs";
import { guarded, measureInTurn } from "../lib/interleaved.mjs";
import { stopAll } from "../lib/server_process.mjs";
import { writePayloads } from "../lib/workloads.mjs";
import { figuresOf, rowFacts } from "./figures.mjs";
import { loadOf } from "./loads.mjs";
import { startAll } from "./start.mjs";

/** Seconds of a round: twice as many where requests wait, or the connections are few. */
export const secondsOf = ({ connections }, { seconds }) => connections ? 2 * seconds : seconds;

/** @returns what the row gave on the runtime, as it is in the JSON */
export async function measureRow(runtime, row, options, { load, pins, scratch }) {
  const entries = await startAll(runtime, row, options, { pins, scratch });
  const job = { payloads: writePayloads(row, scratch), tls: row.tls, refused: row.status > 399 };
  const { rounds, warmUp } = options;
  const seconds = secondsOf(row, options);
  const title = `${runtime.title} ${row.name}`;
  await measureInTurn(entries, loadOf(row, load, pins), job, { rounds, seconds, warmUp, title });
  for (const entry of entries.filter(({ error }) => !error)) {
    await guarded(entry, () => entry.peakBytes = peakOf(entry.process.pid));
  }
  stopAll();
  return {
    ...rowFacts(runtime, row),
    connections: row.connections,
    servers: figuresOf(entries),
  };
}

/** The most memory that was resident since the start; Linux alone tells. */
function peakOf(pid) {
  return existsSync(`/proc/${pid}/status`) ? peakBytes(pid) : NaN;
}
