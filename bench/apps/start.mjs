// The servers of a row, started afresh and checked.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { guarded } from "../lib/interleaved.mjs";
import { checkAnswers } from "../lib/preflight.mjs";
import { startServer } from "../lib/server_process.mjs";
import { raw, serversOf } from "./roster.mjs";
import { startUpstream } from "./upstream.mjs";

/** The HTTP servers come first: the raw loop then answers with the bytes that Mooring answered with. */
export async function startAll(runtime, row, options, { pins, scratch }) {
  const upstream = row.upstream && await startUpstream(row.upstream, { pins, scratch });
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
    const settings = { ...spec.settings, files: scratch, tls: row.tls, saysClose, upstream };
    await start(spec, [JSON.stringify(settings)]);
  }
  if (row.raw && recorded && options.server.includes(raw.id)) {
    const file = join(scratch, "answer");
    writeFileSync(file, recorded);
    await start(raw, [file, ...row.closes ? ["close"] : []]);
  }
  return entries;
}
