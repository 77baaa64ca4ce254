/**
 * python3-h2 as a client, which shows each frame: settings, windows, tables of fields, GOAWAY.
 */
import assert from "node:assert/strict";
import process from "node:process";
import test from "node:test";
import { fileURLToPath } from "node:url";
import type { ShutdownReport } from "../../src/api/server.ts";
import { answer, startHttp2, WAYS } from "../support/http2_servers.ts";
import { repository } from "../support/repository.ts";
import { runWell } from "../support/tools.ts";

/** Debian's, which has the modules of Debian. */
const PYTHON = "/usr/bin/python3";
const program = fileURLToPath(new URL("tests/clients/http2_client.py", repository));
const hasH2 = await runWell(PYTHON, ["-c", "import h2"]).then(() => true, () => false);
const options = { skip: hasH2 || process.env.CI ? false : "python3-h2 is not installed" };

for (const how of WAYS) {
  for (const way of ["settings", "one_octet", "windows", "trailers", "upload"]) {
    test(`python3-h2 (${how}): ${way}`, options, async () => {
      await using server = await startHttp2(how);
      await runWell(PYTHON, [program, way, String(server.port), how]);
      assert.equal(server.stats().closed.protocol_error, undefined);
    });
  }

  test(`python3-h2 (${how}): header_table`, options, async () => {
    await using server = await startHttp2(how, {
      fetch(request, info) {
        if (!request.url.endsWith("/fields")) return answer(request, info);
        const names = [...request.headers.keys()].filter((name) => name.startsWith("x-field"));
        const inOrder = names.sort((a, b) => Number(a.slice(8)) - Number(b.slice(8)));
        return new Response([...inOrder, "x-round"].map((name) => request.headers.get(name)).join());
      },
    });
    await runWell(PYTHON, [program, "header_table", String(server.port), how]);
    assert.equal(server.stats().closed.protocol_error, undefined);
  });

  test(`python3-h2 (${how}): idle_timeout`, options, async () => {
    await using server = await startHttp2(how, { idleTimeout: 300, idleTimeoutBuffer: 0 });
    await runWell(PYTHON, [program, "idle_timeout", String(server.port), how]);
    const { requests, closed } = server.stats();
    assert.deepEqual({ requests, closed }, { requests: 2, closed: { idle_timeout: 1 } });
  });

  test(`python3-h2 (${how}): going_away`, options, async () => {
    let leaving: Promise<ShutdownReport> | null = null;
    await using server = await startHttp2(how, {
      async fetch(request, info) {
        const { pathname } = new URL(request.url);
        if (pathname === "/shutdown") leaving = server.shutdown({ timeout: 20_000, idleGrace: 10_000 });
        if (pathname === "/held" && !info.draining.aborted) {
          await new Promise((resolve) => info.draining.addEventListener("abort", resolve));
        }
        return new Response(pathname);
      },
    });
    await runWell(PYTHON, [program, "going_away", String(server.port), how]);
    const { finished, forced } = await leaving!;
    assert.deepEqual({ finished, forced }, { finished: 1, forced: 0 });
    assert.equal(server.stats().requests, 21);
  });
}
