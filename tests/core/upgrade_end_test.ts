/** The ends of upgraded connections, by the client, the server or both. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionError } from "../../src/api/errors.ts";
import type { Exchange } from "../../src/api/exchange.ts";
import { connect, settled } from "../support/memory.ts";
import { ASK, assertEnd, encode, readText, rejection, SWITCHED, switched } from "../support/upgrades.ts";

test("an upgraded connection is over when both sides have ended, the client first", async () => {
  const connected = await switched({}, "last words");
  const { client, upgraded, states, got } = connected;
  client.sendEnd();
  assert.equal(connected.connection.state, "upgraded");
  const reader = upgraded.readable.getReader();
  assert.equal(await readText(reader, 10), "last words");
  assert.equal((await reader.read()).done, true);
  const writer = upgraded.writable.getWriter();
  await writer.write(encode("an answer"));
  await settled();
  assert.equal(client.closed, false);
  await writer.close();
  assert.equal(got(), "an answer");
  assert.deepEqual([client.ended, client.closed, client.wasReset], [true, true, false]);
  assert.deepEqual(states, ["new", "active", "upgraded", "closed"]);
  await assertEnd(connected, "upgraded");
});

test("an upgraded connection is over when both sides have ended, the server first", async () => {
  const connected = await switched();
  const { client, upgraded } = connected;
  await upgraded.writable.getWriter().close();
  assert.deepEqual([client.ended, client.closed], [true, false]);
  client.send("one more");
  client.sendEnd();
  assert.equal(client.closed, false, "somebody may still read what came");
  const reader = upgraded.readable.getReader();
  assert.equal(await readText(reader, 8), "one more");
  assert.equal((await reader.read()).done, true);
  await settled();
  assert.deepEqual([client.closed, client.wasReset], [true, false]);
  await assertEnd(connected, "upgraded");
});

test("what came before both sides of an upgraded connection ended can be read after its socket is gone", async () => {
  const connected = await switched();
  const { client, upgraded, connection } = connected;
  await upgraded.writable.getWriter().close();
  client.send("unread");
  client.sendEnd();
  client.reset(); // a transport tells so also after two good ends
  assert.equal(connection.state, "closed", "nobody can hold it any more");
  const reader = upgraded.readable.getReader();
  assert.equal(await readText(reader, 6), "unread");
  assert.equal((await reader.read()).done, true);
  assert.equal(await connection.closed, "upgraded");
});

test("an upgraded connection ends only when all that was written is sent", async () => {
  const connected = await switched();
  const { client, upgraded } = connected;
  client.sendEnd();
  client.takesWrites = false;
  const writer = upgraded.writable.getWriter();
  const written = writer.write(encode("slow"));
  const closed = writer.close();
  await settled();
  assert.equal(client.closed, false);
  client.drain();
  await Promise.all([written, closed]);
  await settled();
  assert.equal(client.closed, true);
  await assertEnd(connected, "upgraded");
});

test("a client that half-closed before the upgrade gets its answer all the same", async () => {
  let x: Exchange | undefined;
  const { client, connection } = connect({ exchange: (given) => void (x = given) });
  client.send(ASK + "tail");
  client.sendEnd();
  const { readable, writable } = x!.upgrade();
  const reader = readable.getReader();
  assert.equal(await readText(reader, 4), "tail");
  assert.equal((await reader.read()).done, true);
  const writer = writable.getWriter();
  writer.write(encode("bye"));
  await writer.close();
  assert.equal(client.text(), SWITCHED + "bye");
  assert.equal(await connection.closed, "upgraded");
});

test("whoever cancels the readable of an upgraded connection drops what comes", async () => {
  const connected = await switched({ highWaterMark: 1000 }, "x".repeat(2000));
  const { client, upgraded, clock } = connected;
  assert.equal(client.paused, true);
  await upgraded.readable.cancel();
  assert.equal(client.paused, false);
  for (let i = 0; i < 10; i++) client.send("y".repeat(1000));
  assert.equal(client.paused, false);
  const writer = upgraded.writable.getWriter();
  await writer.write(encode("bye"));
  await writer.close();
  // As in any lingering close, the client may still be reading that.
  assert.deepEqual([client.ended, client.closed], [true, false]);
  client.send("still sending");
  clock.advance(4_000);
  assert.equal(client.closed, false);
  clock.advance(2_000);
  assert.equal(client.closed, true);
  assert.equal(client.wasReset, false);
  await assertEnd(connected, "upgraded");
});

test("an upgraded connection that nobody reads any more is over when its client ends too", async () => {
  const connected = await switched();
  await connected.upgraded.readable.cancel();
  await connected.upgraded.writable.getWriter().close();
  connected.client.sendEnd();
  assert.equal(connected.client.closed, true);
  await assertEnd(connected, "upgraded");
});

test("lingerTimeout: 0 closes an upgraded connection that nobody reads any more at once", async () => {
  const connected = await switched({ lingerTimeout: 0 });
  await connected.upgraded.readable.cancel();
  await connected.upgraded.writable.getWriter().close();
  assert.equal(connected.client.closed, true);
  await assertEnd(connected, "upgraded");
});

test("aborting the writable of an upgraded connection resets it, also while a write waits", async () => {
  for (const waits of [false, true]) {
    const connected = await switched();
    const { client, upgraded } = connected;
    const reader = upgraded.readable.getReader();
    const writer = upgraded.writable.getWriter();
    client.takesWrites = !waits;
    const written = writer.write(new Uint8Array(100_000)).catch(() => {});
    await settled();
    const reason = new Error("enough");
    const aborted = writer.abort(reason);
    assert.equal(await rejection(reader.read()), reason);
    assert.deepEqual([client.closed, client.wasReset], [true, true], `a write waits: ${waits}`);
    await Promise.allSettled([aborted, written, writer.closed]);
    await assertEnd(connected, "upgraded");
  }
});

test("a client that breaks an upgraded connection fails both streams", async () => {
  const connected = await switched();
  const { client, upgraded } = connected;
  client.takesWrites = false;
  const read = rejection(upgraded.readable.getReader().read());
  const writer = upgraded.writable.getWriter();
  const write = rejection(writer.write(new Uint8Array(100_000)));
  const closed = rejection(writer.closed);
  await settled();
  client.reset(new Error("ECONNRESET"));
  for (const error of [await read, await write, await closed]) {
    assert.ok(error instanceof ConnectionError, `a ConnectionError, not ${error}`);
    assert.equal(error.code, "peer_gone");
  }
  await assertEnd(connected, "upgraded");
});

test("close() cuts an upgraded connection off, as forced", async () => {
  const connected = await switched();
  const { client, upgraded, server } = connected;
  const read = rejection(upgraded.readable.getReader().read());
  const closed = rejection(upgraded.writable.getWriter().closed);
  await server.close();
  for (const error of [await read, await closed]) assert.equal((error as ConnectionError).code, "closed");
  assert.equal(client.closed, true);
  await assertEnd(connected, "forced");
});

test("shutdown() waits for upgraded connections, and cuts them off at its deadline", async () => {
  const good = await switched();
  const finishing = good.server.shutdown({ timeout: 10_000, idleGrace: 0 });
  good.clock.advance(9_000);
  await settled();
  assert.equal(good.connection.state, "upgraded");
  assert.equal(good.server.stats().upgraded, 1);
  await good.upgraded.writable.getWriter().close();
  good.client.sendEnd();
  assert.equal((await good.upgraded.readable.getReader().read()).done, true);
  assert.deepEqual(await finishing, { finished: 1, idleClosed: 0, forced: 0, closed: { upgraded: 1 } });

  const bad = await switched();
  const forcing = bad.server.shutdown({ timeout: 10_000, idleGrace: 0 });
  bad.clock.advance(10_000);
  assert.deepEqual(await forcing, { finished: 0, idleClosed: 0, forced: 1, closed: { forced: 1 } });
  assert.ok(await rejection(bad.upgraded.readable.getReader().read()) instanceof ConnectionError);
});
