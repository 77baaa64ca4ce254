/**
 * What a handler has promised goes on between two reads, although the next one has something to read already: Deno runs no
 * microtasks between the reads of a turn of its event loop.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { runtime } from "../../src/adapters/runtime.ts";
import type { NetAddr, Transport } from "../../src/api/transport.ts";
import { connectTcp } from "../support/byte_streams.ts";
import { toBytes } from "../support/bytes.ts";
import { takeTransports, Told } from "../support/taken_transports.ts";
import { until } from "../support/until.ts";

const CLIENTS = 3;

test("promises go on between the reads of connections that are ready at the same time", async () => {
  const seen: string[] = [];
  const transports: Transport[] = [];
  const server = await takeTransports(runtime.listen, { port: 0, hostname: "127.0.0.1" }, (transport) => {
    const told = new Told();
    told.onReceive = () => {
      // Long enough for the others to have come meanwhile.
      if (seen.length === 0) { for (const end = performance.now() + 100; performance.now() < end;); }
      seen.push("read");
      Promise.resolve().then(() => seen.push("promise"));
    };
    transport.start(told);
    transports.push(transport);
  });
  const { port } = server.addr as NetAddr;
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connectTcp(port)));
  await until(() => transports.length, CLIENTS, "connections");
  // Not awaited: all of them are on their way when the first is read.
  for (const client of clients) void client.write(toBytes("x"));
  await until(() => seen.length, 2 * CLIENTS, "reads and promises");
  assert.deepEqual(seen, Array.from({ length: CLIENTS }, () => ["read", "promise"]).flat());
  for (const client of clients) client.reset();
  for (const transport of transports) transport.close(false);
  await server.close();
});
