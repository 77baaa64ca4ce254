// Latency of one row on one runtime: requests come at a constant rate, half of what the peer can answer at the most, to
// Mooring and to the peer alike (see clients/open_loop.mjs).

import { inTurn, measureInTurn } from "../lib/interleaved.mjs";
import { stopAll } from "../lib/server_process.mjs";
import { median } from "../lib/stats.mjs";
import { writePayloads } from "../lib/workloads.mjs";
import { latencyFigures, rowFacts } from "./figures.mjs";
import { runSteady } from "./loads.mjs";
import { startAll } from "./start.mjs";

/** The rows that are measured. */
export const LATENCY_ROWS = ["text", "html", "list", "pull", "upload-64k"];
/** Seconds of the load that tells of the capacity. */
export const CAPACITY_SECONDS = 0.5;
/** Seconds of a round: twice as many as of the rows, for one request of a hundred to be some. */
export const latencySeconds = ({ seconds }) => 2 * seconds;
/** The part of the peer's capacity that is asked for. */
const SHARE = 0.5;

/** @returns what the row gave on the runtime, as it is in the JSON */
export async function measureLatency(runtime, row, options, { load, pins, scratch }) {
  const server = options.server.filter((id) => id !== "raw");
  const entries = await startAll(runtime, row, { ...options, server }, { pins, scratch });
  const job = { payloads: writePayloads(row, scratch) };
  const { rounds, connections } = options;
  const seconds = latencySeconds(options);
  const title = `${runtime.title} ${row.name}`;
  await measureInTurn(entries, load, job, {
    rounds: 1,
    seconds: CAPACITY_SECONDS,
    warmUp: options.warmUp,
    title: `${title}: capacity`,
  });
  for (const entry of entries) entry.rate = rateFor(entry, entries);
  await inTurn(entries, { rounds, title: `${title}: latency` }, async (entry) => {
    const { process: { pid, port }, rate } = entry;
    if (!rate) throw new Error("the capacity of its peer is not known");
    (entry.latencies ??= []).push(
      await runSteady({ ...job, port, pid, connections, rate, seconds }, pins.client),
    );
  });
  stopAll();
  return {
    ...rowFacts(runtime, row),
    servers: latencyFigures(entries),
  };
}

/** Requests a second; the capacity is what a whole core would answer. */
function rateFor({ peer: id }, entries) {
  const peer = entries.find((entry) => entry.id === id);
  if (!peer || peer.error) return undefined;
  return Math.round(SHARE * 1e6 / median(peer.rounds.map(({ cpuMicros }) => cpuMicros)));
}
