/**
 * `DenoConnTransport`, on a connection whose calls are in the test's hands.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type DenoConn, DenoConnTransport } from "../../src/adapters/deno_conn.ts";
import type { NetAddr } from "../../src/api/transport.ts";
import { Deferred } from "../../src/core/deferred.ts";
import { settled } from "../support/memory.ts";

const ADDR: NetAddr = { transport: "tcp", hostname: "192.0.2.1", port: 1 };
const LARGE = new Uint8Array(64 * 1024);

/** A connection that reads nothing, and writes when the test says so. */
function connection(): { transport: DenoConnTransport; writes: Deferred<number>[]; told: string[] } {
  const writes: Deferred<number>[] = [];
  const conn: DenoConn = {
    remoteAddr: ADDR,
    localAddr: ADDR,
    read: () => new Promise(() => {}),
    write() {
      const write = new Deferred<number>();
      writes.push(write);
      return write.promise;
    },
    closeWrite: () => Promise.resolve(),
    close() {},
  };
  const transport = new DenoConnTransport(conn);
  const told: string[] = [];
  transport.start({
    receive: () => told.push("receive") > 0,
    receiveEnd: () => told.push("receiveEnd"),
    drained: () => told.push("drained"),
    transportClosed: () => told.push("transportClosed"),
  });
  return { transport, writes, told };
}

test("DenoConnTransport tells that a write is done once all of it was sent", async () => {
  const { transport, writes, told } = connection();
  assert.equal(transport.write(LARGE, 0, LARGE.length), false);
  assert.equal(transport.write(LARGE, 0, 10), false);
  writes[0].resolve(1000);
  await settled();
  writes[1].resolve(LARGE.length - 1000);
  await settled();
  assert.deepEqual(told, []);
  writes[2].resolve(10);
  await settled();
  assert.deepEqual(told, ["drained"]);
  assert.equal(transport.unsent(), 0);
});

for (const isSent of [true, false]) {
  test(`DenoConnTransport tells after close() when the write under way is over (sent: ${isSent})`, async () => {
    const { transport, writes, told } = connection();
    transport.write(LARGE, 0, LARGE.length);
    transport.write(LARGE, 0, LARGE.length);
    transport.close(false);
    await settled();
    assert.deepEqual(told, [], "it is still read");
    if (isSent) writes[0].resolve(1000);
    else writes[0].reject(new Error("closed"));
    await settled();
    assert.deepEqual(told, ["drained"]);
    assert.equal(writes.length, 1, "nothing more is sent");
  });
}

test("DenoConnTransport whose write fails tells that the connection is gone, and then that its memory is not read", async () => {
  const { transport, writes, told } = connection();
  transport.write(LARGE, 0, LARGE.length);
  writes[0].reject(new Error("reset"));
  await settled();
  assert.deepEqual(told, ["transportClosed", "drained"]);
});
