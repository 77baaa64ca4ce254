/** What is written together leaves together, on each of many connections, and nothing waits longer than the turn. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../../src/api/exchange.ts";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import { memoryPool } from "../../src/wire/memory_pool.ts";
import { connect, get, parseResponses, settled } from "../support/memory.ts";

function streamOf(chunks: number, pull: () => void | Promise<void> = () => {}): Response {
  let left = chunks;
  return new Response(
    new ReadableStream({
      async pull(controller) {
        await pull();
        controller.enqueue(new TextEncoder().encode("chunk;"));
        if (--left === 0) controller.close();
      },
    }, { highWaterMark: 0 }),
  );
}

for (
  const [what, pull] of Object.entries({
    "at once": () => {},
    "by a promise": async () => {
      for (let i = 0; i < 3; i++) await null;
    },
    "by a chain of promises": async () => {
      for (let i = 0; i < 100; i++) await null;
    },
  })
) {
  test(`chunks that come ${what} leave in one write, on each of some connections`, async () => {
    const first = connect({ fetch: () => streamOf(20, pull) });
    const clients = Array.from({ length: 3 }, () => new MemoryTransport());
    for (const client of clients) first.server.accept(client);
    for (const client of clients) client.send(get());
    for (let i = 0; i < 20; i++) await settled();
    for (const client of clients) {
      assert.equal(parseResponses(client.text())[0].body, "chunk;".repeat(20));
      assert.ok(client.written.length <= 3, `${client.written.length} writes`);
    }
  });
}

test("a chunk leaves although the next one is not there yet", async () => {
  let go!: () => void;
  let pulls = 0;
  const { client } = connect({
    fetch: () => streamOf(2, () => pulls++ === 0 ? undefined : new Promise((resolve) => go = resolve)),
  });
  client.send(get());
  await settled();
  await settled();
  assert.match(client.text(), /chunk;\r\n$/);
  go();
  await settled();
  await settled();
  assert.equal(parseResponses(client.text())[0].body, "chunk;".repeat(2));
});

test("more connections than may gather at a time all get what is theirs", async () => {
  const waiting: Exchange[] = [];
  const { server } = connect({ exchange: (x) => void waiting.push(x) });
  const clients = Array.from({ length: 600 }, () => new MemoryTransport());
  for (const client of clients) server.accept(client);
  clients.forEach((client, i) => client.send(get(`/${i}`)));
  for (const x of waiting) {
    x.start(200);
    x.write(x.target);
  }
  for (const x of waiting) x.end("!");
  await settled();
  clients.forEach((client, i) => assert.equal(parseResponses(client.text())[0].body, `/${i}!`));
});

test("a connection that is closed by another one's write gives that one nothing", async () => {
  const waiting: Exchange[] = [];
  const { server } = connect({ exchange: (x) => void waiting.push(x) });
  let writing: Exchange | null = null;
  /** Its write closes the connection that writes at that moment. */
  class Closing extends MemoryTransport {
    override write(bytes: Uint8Array, start: number, end: number): boolean {
      writing?.connection.close();
      return super.write(bytes, start, end);
    }
  }
  const clients = Array.from({ length: 300 }, (_, i) => i === 0 ? new Closing() : new MemoryTransport());
  for (const client of clients) server.accept(client);
  for (const client of clients) client.send(get());
  for (const x of waiting) x.start(200, { "content-length": "100" });
  await settled();
  for (const x of waiting) {
    writing = x;
    x.write("what nobody else may see");
    if (x.connection.state === "closed") break;
  }
  const closed = writing;
  writing = null;
  assert.ok(closed !== waiting.at(-1), "it was closed while it wrote");
  const late = new MemoryTransport();
  server.accept(late);
  late.send(get());
  waiting.at(-1)!.respond(200, {}, "late");
  await settled();
  assert.match(late.text(), /^HTTP\/1\.1 200 [^]*\r\n\r\nlate$/);
});

test("a broadcast to many connections in one turn holds memory for some of them", async () => {
  const open: Exchange[] = [];
  const { server } = connect({
    exchange(x) {
      x.start(200);
      open.push(x);
    },
  });
  const clients = Array.from({ length: 2_000 }, () => new MemoryTransport());
  for (const client of clients) server.accept(client);
  for (const client of clients) client.send(get());
  for (const x of open) x.write("first");
  await settled();
  for (const x of open) x.write("second");
  assert.ok(memoryPool.keptBytes < 4 * 1024 * 1024, `${memoryPool.keptBytes} bytes`);
  const unsent = clients.filter((client) => !client.text().includes("second")).length;
  assert.ok(unsent <= 128, `${unsent} wait`);
  await settled();
  for (const client of clients) assert.ok(client.text().includes("second"));
});

test("chunks that come in bursts leave by the burst, however long the chunks before were", async () => {
  const transport = new MemoryTransport();
  const { server } = connect({
    async exchange(x) {
      x.start(200);
      for (let burst = 0; burst < 4; burst++) {
        x.write("0123456789");
        await settled();
        for (let i = 0; i < 5; i++) {
          x.write("0123456789");
          await null;
        }
        await settled();
      }
      x.end();
    },
  });
  server.accept(transport);
  transport.send(get());
  for (let i = 0; i < 20; i++) await settled();
  assert.equal(parseResponses(transport.text())[0].body, "0123456789".repeat(24));
  assert.ok(transport.written.length <= 9, `${transport.written.length} writes`);
});

test("a body of bytes and its head leave in one write; what is gathered before goes along", () => {
  const { server } = connect({
    fetch: (request) =>
      new Response(request.url.endsWith("/small") ? "small" : new Uint8Array(100_000).fill(97)),
  });
  const client = new MemoryTransport();
  server.accept(client);
  client.send(get("/large"));
  assert.equal(client.written.length, 1);
  client.send(get("/small") + get("/large"));
  assert.equal(client.written.length, 2);
  const bodies = parseResponses(client.text()).map(({ body }) => body);
  assert.deepEqual(bodies, ["a".repeat(100_000), "small", "a".repeat(100_000)]);
});
