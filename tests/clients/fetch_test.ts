/**
 * The `fetch` of each runtime, in a process of its own, against `serve()` of the runtime that runs the test.
 */
import assert from "node:assert/strict";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { runtimes } from "../../scripts/tools.mjs";
import { sampleServer, STREAM } from "../support/sample_server.ts";
import { runWell } from "../support/tools.ts";
import { COUNTS, type FetchReport } from "./fetch_client.ts";

// Beside this file, and with its extension: Node 20 runs the built ones.
const here = fileURLToPath(import.meta.url);
const client = path.join(path.dirname(here), `fetch_client${path.extname(here)}`);

const commands: [name: string, command: string, ...args: string[]][] = [
  ["Deno", runtimes.deno, "run", "-A", "--no-check"],
  ["Bun", runtimes.bun, "run"],
  ["Node", runtimes.node],
];

for (const [name, command, ...args] of commands) {
  test(`fetch of ${name} gets what it asks for, on connections that it keeps`, async () => {
    await using sample = await sampleServer();
    const { stdout } = await runWell(command, [...args, client, sample.server.url]);
    const report = JSON.parse(stdout.toString()) as FetchReport;
    assert.deepEqual(report, {
      sequential: Array.from({ length: COUNTS.sequential }, (_, i) => `/s${i}`),
      concurrent: Array.from({ length: COUNTS.concurrent }, (_, i) => `/c${i}`),
      echoed: true,
      streamedUp: COUNTS.streamed,
      streamedDown: STREAM.pieces * STREAM.size,
      head: [200, 0],
      missing: [404, "missing"],
      form: { text: "häfen", name: "upload.bin", size: COUNTS.upload },
    });
    const { accepted, requests, reused } = sample.server.stats();
    assert.equal(requests, COUNTS.sequential + COUNTS.concurrent + 6);
    assert.equal(reused, requests - accepted);
    // Node opens a second set for the second round of requests made together, also to its own server.
    assert.ok(accepted <= 3 * COUNTS.together, `${accepted} connections for ${requests} requests`);
  });
}
