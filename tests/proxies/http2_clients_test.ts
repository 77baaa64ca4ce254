/**
 * Clients of HTTP/2, and of gRPC, in front of HAProxy and nginx that speak HTTP/2 with `serve()`. Not many large bodies at
 * a time: HAProxy 2.6 stalls on those where it speaks HTTP/2 on both sides, whatever the server is.
 */
import assert from "node:assert/strict";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { runtimes } from "../../scripts/tools.mjs";
import { startExample } from "../support/example.ts";
import { startHttp2 } from "../support/http2_servers.ts";
import { HAProxy, Nginx, type Proxy } from "../support/proxies.ts";
import { needs, runWell } from "../support/tools.ts";

const here = fileURLToPath(import.meta.url);
/** A program of the tests, with the extension of this file: Node 20 runs the built ones. */
const program = (name: string): string => path.join(path.dirname(here), "..", `${name}${path.extname(here)}`);

const PROXIES: Record<string, (port: number) => Promise<Proxy>> = {
  // It tells HTTP/2 by its preface.
  haproxy: (port) => HAProxy.start([`server a 127.0.0.1:${port} proto h2`]),
  nginx: (port) =>
    Nginx.start({
      pass: "grpc_pass",
      http2: true,
      upstream: [`server 127.0.0.1:${port}`, "keepalive 16"],
    }),
};

for (const [name, before] of Object.entries(PROXIES)) {
  test(`@grpc/grpc-js calls examples/grpc through ${name}`, needs(name), async () => {
    await using example = await startExample("grpc");
    await using proxy = await before(example.port);
    const calls = [
      "make unary calls",
      "get streams",
      "send streams",
      "talk both ways",
      "cancel, and have a deadline",
    ];
    await runWell(runtimes.node, [
      program("examples/grpc_client"),
      ...["@grpc/grpc-js", calls.join(" | "), `unix:${proxy.socket}`],
    ]);
    await example.stop();
    assert.match(example.log, /the count is over: AbortError\n[^]*the count is over: /);
  });
}

test("node:http2 asks through HAProxy, with trailers both ways", needs("haproxy"), async () => {
  await using server = await startHttp2("plain", { http1: false });
  await using proxy = await PROXIES.haproxy(server.port);
  for (const way of ["some", "trailers", "duplex"]) {
    await runWell(runtimes.node, [program("clients/http2_node_client"), way, `unix:${proxy.socket}`]);
  }
  assert.equal(server.stats().closed.protocol_error, undefined);
});
