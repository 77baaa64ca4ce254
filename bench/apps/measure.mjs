// One row on one runtime: its servers are started afresh, checked, and measured in turn.

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { peakBytes } from "../attacks/watch.mjs";
import { guarded, measureInTurn } from "../lib/interleaved.mjs";
import { checkAnswers } from "../lib/preflight.mjs";
import { startServer, stopAll } from "../lib/server_process.mjs";
import { writePayloads } from "../lib/workloads.mjs";
import { figuresOf } from "./figures.mjs";
import { raw, serversOf } from "./roster.mjs";

/** Seconds of load that a server gets at the most before its first round, for the compilers to settle. */
export const WARM_UP_SECONDS = 1;

/** @returns what the row gave on the runtime, as it is in the JSON */
export async function measureRow(runtime, row, options, { load, pins, scratch }) {
  const entries = await startAll(runtime, row, options, { pins, scratch });
  const job = { payloads: writePayloads(row, scratch), tls: row.tls, refused: row.status > 399 };
  const { rounds, seconds } = options;
  const warmUp = Math.min(WARM_UP_SECONDS, seconds);
  await measureInTurn(entries, load, job, { rounds, seconds, warmUp, title: `${runtime.title} ${row.name}` });
  for (const entry of entries.filter(({ error }) => !error)) {
    await guarded(entry, () => entry.peakBytes = peakOf(entry.process.pid));
  }
  stopAll();
  return {
    runtime: runtime.title,
    version: runtime.version,
    row: row.name,
    title: row.title,
    servers: figuresOf(entries),
  };
}

/** Starts and checks the HTTP servers first: the raw loop then answers with the bytes that Mooring answered with. */
async function startAll(runtime, row, options, { pins, scratch }) {
  let recorded;
  const entries = [];
  const start = async (spec, args) => {
    const entry = { ...spec, rounds: [] };
    entries.push(entry);
    await guarded(entry, async () => {
      entry.process = await startServer(runtime, spec, pins.server, args);
      for (const workload of row.checks) {
        const bytes = await checkAnswers(entry.process.port, workload);
        recorded ??= bytes;
      }
    });
  };
  for (const spec of serversOf(runtime, options)) {
    const saysClose = row.closes && spec.endsSilently?.(runtime);
    await start(spec, [JSON.stringify({ ...spec.settings, files: scratch, tls: row.tls, saysClose })]);
  }
  if (row.raw && recorded && options.server.includes(raw.id)) {
    const file = join(scratch, "answer");
    writeFileSync(file, recorded);
    await start(raw, [file, ...row.closes ? ["close"] : []]);
  }
  return entries;
}

/** The most memory that was resident since the start; Linux alone tells. */
function peakOf(pid) {
  return existsSync(`/proc/${pid}/status`) ? peakBytes(pid) : NaN;
}
