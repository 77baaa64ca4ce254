// The payloads of a workload as files, for clients that are processes of their own, for as long as they are needed.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writePayloads } from "./workloads.mjs";

/** Calls `use` with the files' paths, and removes the files when it is done. */
export async function withPayloads(workload, use) {
  const directory = mkdtempSync(join(tmpdir(), "mooring-bench-"));
  try {
    return await use(writePayloads(workload, directory));
  } finally {
    rmSync(directory, { recursive: true });
  }
}
