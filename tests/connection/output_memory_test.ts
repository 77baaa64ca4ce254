/**
 * The memory of output: what a transport keeps is not written to until it is drained, and is used again then.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import { SerializedTransport } from "../../src/connection/serialized_transport.ts";
import { HttpServer } from "../../src/server/http_server.ts";
import { connectionSettings } from "../../src/settings.ts";
import type { ConnectionOptions } from "../../src/options.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { get, settled } from "../support/memory.ts";

const KIB = 1024;

/** A transport that keeps the memory of each write until `drain`, without a copy. */
class Keeping extends MemoryTransport {
  readonly kept: Uint8Array[] = [];

  override write(bytes: Uint8Array, start: number, end: number): boolean {
    this.kept.push(bytes.subarray(start, end));
    return super.write(bytes, start, end);
  }
}

function twoClients(options: ConnectionOptions): [Keeping, Keeping] {
  const server = new HttpServer(options, connectionSettings(options), new FakeClock());
  const accept = (): Keeping => {
    const client = new Keeping();
    client.takesWrites = false;
    server.accept(client);
    return client;
  };
  return [accept(), accept()];
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

for (const size of [100, 20 * KIB, 200 * KIB]) {
  test(`what a transport keeps of a text of ${size} characters is not written to until it is drained`, async () => {
    const [first, second] = twoClients({
      exchange: (x) => x.respond(200, {}, x.target.slice(1).repeat(size)),
    });
    first.send(get("/a"));
    await settled();
    const before = first.kept.map(text).join("");
    assert.ok(before.endsWith("a".repeat(size)));
    for (let i = 0; i < 3; i++) {
      second.send(get("/b"));
      second.drain();
      second.takesWrites = false;
    }
    await settled();
    assert.equal(first.kept.map(text).join(""), before);
  });
}

for (const size of [100, 20 * KIB]) {
  test(`memory of a text of ${size} bytes is used again once it is drained`, async () => {
    const [first, second] = twoClients({ exchange: (x) => x.respond(200, {}, "x".repeat(size)) });
    first.send(get());
    await settled();
    const { buffer } = first.kept[0];
    second.send(get());
    await settled();
    assert.notEqual(second.kept[0].buffer, buffer);
    first.drain();
    first.takesWrites = false;
    first.send(get());
    await settled();
    assert.equal(first.kept.at(-1)!.buffer, buffer);
  });
}

test("memory that was kept when its connection ended is not used again", async () => {
  const [first, second] = twoClients({ exchange: (x) => x.respond(200, {}, x.target.slice(1).repeat(100)) });
  first.send(get("/a"));
  await settled();
  const before = text(first.kept[0]);
  first.reset();
  for (let i = 0; i < 3; i++) {
    second.send(get("/b"));
    await settled();
  }
  assert.equal(text(first.kept[0]), before);
});

test("a drain that was told before a write was kept is none of that write", async () => {
  const drains: number[] = [];
  let writes = 0;
  const transport = new MemoryTransport();
  const serialized = new SerializedTransport(transport, {
    receive() {},
    receiveEnd() {},
    drained: () => void drains.push(writes),
    transportClosed() {},
  });
  const write = (isTaken: boolean): void => {
    transport.takesWrites = isTaken;
    writes++;
    serialized.write(new Uint8Array(1), 0, 1);
  };
  serialized.start();
  write(false);
  serialized.enter();
  serialized.drained();
  write(false);
  serialized.leave();
  await settled();
  assert.deepEqual(drains, [], "the second write is still kept");
  serialized.drained();
  serialized.enter();
  serialized.drained();
  write(true);
  serialized.leave();
  await settled();
  assert.deepEqual(drains, [2, 3]);
});
