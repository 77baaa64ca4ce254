/**
 * The memory of output: what a transport keeps is not written to until it is drained, and is used again then.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import type { DetachedSocket, TransportEvents } from "../../src/api/transport.ts";
import { SerializedTransport } from "../../src/core/serialized_transport.ts";
import { HttpServer } from "../../src/server/http_server.ts";
import { connectionSettings } from "../../src/options/settings.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { get, settled } from "../support/memory.ts";

const KIB = 1024;

/** A transport that keeps the memory of each write until `drain`, without a copy. */
class Keeping extends MemoryTransport {
  readonly kept: Uint8Array[] = [];
  detach?: () => DetachedSocket;
  events!: TransportEvents;

  override start(events: TransportEvents): void {
    this.events = events;
    super.start(events);
  }

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

test("memory that was kept when its connection ended is used again once the transport tells that it is drained", async () => {
  const [first, second] = twoClients({ exchange: (x) => x.respond(200, {}, x.target.slice(1).repeat(100)) });
  first.send(get("/a"));
  await settled();
  const { buffer } = first.kept[0];
  first.reset();
  first.events.drained();
  second.send(get("/b"));
  await settled();
  assert.ok(second.kept[0].buffer === buffer);
});

test("memory that a socket keeps is not used again after it was handed over", async () => {
  const [first, second] = twoClients({
    exchange: (x) =>
      x.target === "/up" ? void x.upgrade({ protocol: "raw" }).socket : x.respond(200, {}, "b"),
  });
  first.detach = () => ({ socket: {}, unshift() {} });
  first.send("GET /up HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\n");
  await settled();
  const before = text(first.kept[0]);
  assert.match(before, /^HTTP\/1\.1 101 /);
  second.send(get("/b"));
  await settled();
  assert.equal(text(first.kept[0]), before);
});

for (const isTaken of [true, false]) {
  test(`a transport that lets another connection respond inside of write() sends its own bytes (taken: ${isTaken})`, async () => {
    const [first, second] = twoClients({
      exchange: (x) => x.respond(200, {}, x.target.slice(1).repeat(100)),
    });
    first.takesWrites = second.takesWrites = isTaken;
    let isNested = false;
    const sent: string[] = [];
    const { write } = MemoryTransport.prototype;
    first.write = (bytes, start, end) => {
      if (!isNested) {
        isNested = true;
        second.send(get("/b"));
      }
      sent.push(text(bytes.subarray(start, end)));
      return write.call(first, bytes, start, end);
    };
    first.send(get("/a"));
    await settled();
    assert.match(sent.join(""), /\r\n\r\na{100}$/);
    assert.match(second.text(), /\r\n\r\nb{100}$/);
    // Each buffer is lent once.
    first.drain();
    second.drain();
    first.takesWrites = second.takesWrites = false;
    first.send(get("/c"));
    second.send(get("/d"));
    await settled();
    assert.ok(sent.join("").endsWith("c".repeat(100)));
    assert.notEqual(first.written.at(-1)!.buffer, second.written.at(-1)!.buffer);
  });
}

test("a drain that was told before a write was kept is none of that write", async () => {
  const drains: number[] = [];
  let writes = 0;
  const transport = new MemoryTransport();
  const serialized = new SerializedTransport(transport, {
    receive: () => true,
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
