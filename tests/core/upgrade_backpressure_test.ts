/** Upgraded connections: who does not read holds the other side back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { settled } from "../support/memory.ts";
import { readText, rejection, switched } from "../support/upgrades.ts";

test("what nobody reads of an upgraded connection holds its client back", async () => {
  const { client, upgraded, connection } = await switched({ highWaterMark: 1000 });
  for (let i = 0; i < 10 && !client.paused; i++) client.send(`${i}`.repeat(400));
  assert.equal(client.paused, true);
  await settled();
  assert.equal(client.paused, true, "nothing is taken before it is read");
  const reader = upgraded.readable.getReader();
  assert.equal(await readText(reader, 1200), "0".repeat(400) + "1".repeat(400) + "2".repeat(400));
  assert.equal(client.paused, false);
  connection.close();
});

test("a client that reads nothing holds the writer of an upgraded connection back", async () => {
  const { client, upgraded, connection, got } = await switched();
  client.takesWrites = false;
  const writer = upgraded.writable.getWriter();
  let written = 0;
  const writing = (async () => {
    for (let i = 0; i < 100; i++) {
      await writer.ready;
      await writer.write(new Uint8Array(20_000).fill(97));
      written += 20_000;
    }
  })();
  await settled();
  assert.ok(written <= 200_000, `${written} bytes were written to a client that takes none`);
  for (let i = 0; i < 200 && written < 2_000_000; i++) {
    client.drain();
    await settled();
  }
  await writing;
  await settled();
  assert.equal(got().length, 2_000_000);
  connection.close();
});

test("large bytes are handed over uncopied on an upgraded connection", async () => {
  const { client, upgraded, connection } = await switched();
  client.takesWrites = false;
  const large = new Uint8Array(100_000).fill(97);
  const writer = upgraded.writable.getWriter();
  writer.write(large);
  await settled();
  assert.equal(client.written.at(-1)!.buffer, large.buffer);
  client.drain();
  connection.close();
  await writer.closed.catch(() => {});
});

test("an upgraded connection takes bytes only", async () => {
  const { upgraded } = await switched();
  const writer = upgraded.writable.getWriter();
  assert.ok(await rejection(writer.write("text" as unknown as Uint8Array)) instanceof TypeError);
  await rejection(writer.closed);
});
