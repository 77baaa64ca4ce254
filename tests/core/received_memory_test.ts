/**
 * Memory that a transport lets the engine keep: a reader gets it as it is where nothing else lies in it, what waits stays
 * in it, and where it is given back the engine looks at it no more.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import type { TransportEvents } from "../../src/api/transport.ts";
import { connectionSettings } from "../../src/options/settings.ts";
import { HttpServer } from "../../src/server/http_server.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { get, parseResponses, settled } from "../support/memory.ts";
import { head } from "../support/request_bodies.ts";

/** Gives the memory of what it sends. */
class GivingTransport extends MemoryTransport {
  #events!: TransportEvents;

  override start(events: TransportEvents): void {
    super.start(events);
    this.#events = events;
  }

  /** Sends; answers whether the memory is free, which is overwritten then. */
  give(data: string | Uint8Array): boolean {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    const isFree = this.#events.receive(bytes, 0, bytes.length, true);
    if (isFree) bytes.fill(0x58);
    return isFree;
  }
}

function connect(options: ConnectionOptions): GivingTransport {
  const client = new GivingTransport();
  new HttpServer(options, connectionSettings(options), new FakeClock()).accept(client);
  return client;
}

/** Reads a body piece by piece, as `next` gives the pieces. */
const readers: Record<
  string,
  (given: (next: () => Promise<Uint8Array | undefined>) => void) => ConnectionOptions
> = {
  "chunks() of an exchange": (given) => ({
    exchange(x) {
      const chunks = x.chunks();
      given(async () => (await chunks.next()).value);
      return new Promise(() => {});
    },
  }),
  "the stream of a fetch request": (given) => ({
    fetch(request) {
      const reader = request.body!.getReader();
      given(async () => (await reader.read()).value);
      return new Promise<never>(() => {});
    },
  }),
};

for (const [name, options] of Object.entries(readers)) {
  const start = (): { client: GivingTransport; next: () => Promise<Uint8Array | undefined> } => {
    let next!: () => Promise<Uint8Array | undefined>;
    const client = connect(options((given) => next = given));
    return { client, next: () => next() };
  };

  test(`${name} has memory that is a piece of the body and nothing else`, async () => {
    const { client, next } = start();
    client.give(head(20));
    const pieces = [new Uint8Array(10).fill(1), new Uint8Array(10).fill(2)];
    for (const piece of pieces) {
      const asked = next();
      await settled();
      assert.equal(client.give(piece), false);
      assert.equal(await asked, piece);
    }
    assert.equal(await next(), undefined);
  });

  test(`${name} has memory that came before it was asked for`, async () => {
    const { client, next } = start();
    client.give(head(20));
    const piece = new Uint8Array(20).fill(1);
    assert.equal(client.give(piece), false);
    assert.equal(await next(), piece);
  });

  test(`${name} has copies of a piece behind a head, or before another request`, async () => {
    const { client, next } = start();
    assert.equal(client.give(head(5_000) + "a".repeat(4_000)), false, "most of it waits");
    const behindHead = await next();
    assert.deepEqual(behindHead, new Uint8Array(4_000).fill(0x61));
    assert.equal(behindHead!.buffer.byteLength, 4_000);
    const asked = next();
    await settled();
    assert.equal(client.give("b".repeat(1_000) + get()), true, "little of it waits");
    const beforeHead = await asked;
    assert.deepEqual(beforeHead, new Uint8Array(1_000).fill(0x62));
    assert.equal(beforeHead!.buffer.byteLength, 1_000);
  });

  test(`${name} may transfer a piece, and the next is right`, async () => {
    const { client, next } = start();
    client.give(head(20));
    client.give("a".repeat(10));
    const first = await next();
    structuredClone(first, { transfer: [first!.buffer as ArrayBuffer] });
    assert.equal(first!.length, 0);
    client.give("b".repeat(10));
    assert.deepEqual(await next(), new Uint8Array(10).fill(0x62));
  });
}

test("memory of which little is left is given back, and what is left is kept", () => {
  const client = connect({ exchange: (x) => x.respond(200, {}, x.target) });
  assert.equal(client.give(get("/a") + get("/b") + get("/c").slice(0, 9)), true);
  assert.equal(client.give(get("/c").slice(9)), true);
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["/a", "/b", "/c"]);
});

test("memory of which much is left is kept until that is complete", () => {
  const client = connect({ exchange: (x) => x.respond(200, {}, x.target) });
  const long = get("/" + "a".repeat(2_000));
  assert.equal(client.give(long.slice(0, 1_900)), false);
  assert.equal(client.give(long.slice(1_900)), true);
  assert.equal(parseResponses(client.text())[0].body, "/" + "a".repeat(2_000));
});

test("memory that comes from inside of a call is given back, and its bytes are not lost", async () => {
  const client: GivingTransport = connect({ exchange: (x) => x.respond(200, {}, x.target) });
  const write = client.write.bind(client);
  const given: boolean[] = [];
  client.write = (bytes, start, end) => {
    if (given.length === 0) given.push(client.give(get("/b")));
    return write(bytes, start, end);
  };
  client.give(get("/a"));
  await settled();
  assert.deepEqual(given, [true]);
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["/a", "/b"]);
});
