/**
 * `node:http2` as a client, in a process of its own on Node.
 */
import assert from "node:assert/strict";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { runtimes } from "../../scripts/tools.mjs";
import { causeOf } from "../support/abort_cause.ts";
import { Child } from "../support/child.ts";
import { answer, startHttp2, WAYS } from "../support/http2_servers.ts";
import { until } from "../support/until.ts";
import { runWell } from "../support/tools.ts";

// Beside this file, and with its extension: Node 20 runs the built ones.
const here = fileURLToPath(import.meta.url);
const client = path.join(path.dirname(here), `http2_node_client${path.extname(here)}`);

for (const how of WAYS) {
  for (const way of ["many", "trailers", "ping", "settings", "duplex"]) {
    test(`node:http2 (${how}): ${way}`, async () => {
      await using server = await startHttp2(how);
      await runWell(runtimes.node, [client, way, server.url]);
      const { accepted, requests, closed } = server.stats();
      assert.equal(accepted, 1);
      assert.ok(requests >= 1);
      assert.equal(closed.protocol_error, undefined);
    });
  }

  test(`node:http2 (${how}): RST_STREAM aborts request.signal, and cancels the response's body`, async () => {
    const aborted: unknown[] = [];
    let cancelled = 0;
    let told!: () => void;
    const all = new Promise<void>((resolve) => told = resolve);
    await using server = await startHttp2(how, {
      async fetch(request, info) {
        if (request.url.endsWith("/aborted")) {
          await all;
          return new Response(String(aborted.length));
        }
        if (!request.url.includes("/endless/")) return await answer(request, info);
        request.signal.addEventListener("abort", () => {
          aborted.push((causeOf(request.signal.reason) as { code: string }).code);
          if (aborted.length === 3) told();
        });
        return new Response(
          new ReadableStream({
            pull: (controller) => controller.enqueue(new Uint8Array(10_000)),
            cancel: () => void cancelled++,
          }),
        );
      },
    });
    await runWell(runtimes.node, [client, "reset", server.url]);
    assert.deepEqual(aborted, ["peer_gone", "peer_gone", "peer_gone"]);
    assert.equal(cancelled, 3);
    assert.equal(server.stats().accepted, 1);
  });

  test(`node:http2 (${how}): GOAWAY on shutdown, and maxRequests, lose no request`, async () => {
    const fetch = async (request: Request): Promise<Response> => {
      const { pathname } = new URL(request.url);
      if (pathname.startsWith("/slow/")) await new Promise((resolve) => setTimeout(resolve, 20));
      return new Response(pathname);
    };
    await using first = await startHttp2(how, { fetch, maxRequests: 500 });
    await using second = await startHttp2(how, { fetch });
    const urls = [first.url, second.url].join();
    await using load = await Child.start([runtimes.node, client, "load", urls]);
    // In the middle of a session: the system resets one that has connected and was not accepted when the listener closes.
    await until(() => first.stats().requests > 2250, true, "requests before the shutdown");
    // The client asks the second where the first listens no more.
    const leaving = first.shutdown({ timeout: 10_000 });
    const report = await leaving;
    await until(() => second.stats().requests > 1000, true, "requests after the shutdown");
    load.kill();
    await load.ended;
    const { asked, refused, sessions, failures } = load.told.at(-1);
    console.log(
      `figures: node:http2 (${how}): ${asked} requests on ${sessions} sessions, ${refused} not sent, ` +
        `${failures.length} failures, ${report.finished} finished, ${report.forced} forced`,
    );
    assert.deepEqual(failures, []);
    assert.equal(report.forced, 0);
    assert.equal(first.stats().requests + second.stats().requests, asked - refused);
    assert.ok(first.stats().closed.max_requests! >= 3);
  });
}
