/**
 * `fetch` over HTTP/2, of Deno and of undici on Node, in a process of its own.
 */
import assert from "node:assert/strict";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { runtimes } from "../../scripts/tools.mjs";
import { AUTHORITY } from "../support/certificates.ts";
import { answer, LARGE, startHttp2, type Way } from "../support/http2_servers.ts";
import { runWell } from "../support/tools.ts";
import { COUNTS, type FetchReport } from "./http2_fetch_client.ts";

// Beside this file, and with its extension: Node 20 runs the built ones.
const here = fileURLToPath(import.meta.url);
const client = path.join(path.dirname(here), `http2_fetch_client${path.extname(here)}`);

const commands: [name: string, how: Way, command: string, ...args: string[]][] = [
  // Without TLS, Deno's speaks HTTP/1.1 only.
  ["Deno", "TLS", runtimes.deno, "run", "-A", "--no-check"],
  ["undici", "TLS", runtimes.node],
  ["undici", "plain", runtimes.node],
];

for (const [name, how, command, ...args] of commands) {
  test(`fetch of ${name} gets over HTTP/2 what it asks for (${how})`, async () => {
    await using server = await startHttp2(how, {
      fetch: (request, info) =>
        request.url.endsWith("/version") ? new Response(info.httpVersion) : answer(request, info),
    });
    const { stdout } = await runWell(command, [...args, client, name, server.url, AUTHORITY]);
    const report = JSON.parse(stdout.toString()) as FetchReport;
    assert.deepEqual(report, {
      versions: Array.from({ length: COUNTS.together }, () => "2"),
      echoed: true,
      streamed: COUNTS.streamed,
      large: LARGE,
      head: [200, 0],
      refused: 403,
    });
    const { accepted, closed } = server.stats();
    assert.equal(accepted, 1);
    assert.equal(closed.protocol_error, undefined);
  });
}
