/**
 * The gRPC example in a process of its own, with real clients on Node.
 */
import assert from "node:assert/strict";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { grpc, unary } from "../../examples/grpc_protocol.ts";
import { runtimes } from "../../scripts/tools.mjs";
import { startExample } from "../support/example.ts";
import { startHttp2 } from "../support/http2_servers.ts";
import { runWell } from "../support/tools.ts";

// Beside this file, and with its extension: Node 20 runs the built ones.
const here = fileURLToPath(import.meta.url);
const program = path.join(path.dirname(here), `grpc_client${path.extname(here)}`);

const CLIENTS = ["@grpc/grpc-js", "@connectrpc/connect-node"];
const CALLS = [
  "make unary calls",
  "get streams",
  "send streams",
  "talk both ways",
  "get errors, before the first message and behind it",
  "cancel, and have a deadline",
];

for (const client of CLIENTS) {
  test(`examples/grpc: calls of ${client}`, async () => {
    await using example = await startExample("grpc");
    await runWell(runtimes.node, [program, client, CALLS.join(" | "), example.url("/")]);
    await example.stop();
    // Both by the client, which told its deadline, too.
    assert.match(example.log, /the count is over: AbortError\n/);
    assert.match(example.log, /the count is over: (?:AbortError|TimeoutError)\n[^]*the count is over: /);
  });
}

for (const client of CLIENTS) {
  test(`examples/grpc_protocol over TLS: calls of ${client}`, async () => {
    const strings = {
      encode: (value: string) => toBinary(StringValueSchema, create(StringValueSchema, { value })),
      decode: (bytes: Uint8Array) => fromBinary(StringValueSchema, bytes).value,
    };
    await using server = await startHttp2("TLS", {
      fetch: grpc({ "/mooring.example.Words/Greet": unary(strings, strings, (name) => `Hello, ${name}!`) }),
    });
    await runWell(runtimes.node, [program, client, "make unary calls", server.url]);
    assert.equal(server.stats().closed.protocol_error, undefined);
  });
}

test("examples/grpc tells what it is to those that make no call", async () => {
  await using example = await startExample("grpc");
  const response = await fetch(example.url("/"));
  assert.equal(response.status, 415);
  assert.equal(await response.text(), "This is a gRPC server.\n");
  await example.stop();
});
