/** What is written together leaves together, on each of many connections, and nothing waits for the next turn. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../../src/api/exchange.ts";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import { connect, get, parseResponses, settled } from "../support/memory.ts";

/** Counts writes. */
class CountingTransport extends MemoryTransport {
  writes = 0;

  override write(bytes: Uint8Array, start: number, end: number): boolean {
    this.writes++;
    return super.write(bytes, start, end);
  }
}

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
  })
) {
  test(`chunks that come ${what} leave in one write, on each of some connections`, async () => {
    const first = connect({ fetch: () => streamOf(20, pull) });
    const clients = Array.from({ length: 3 }, () => new CountingTransport());
    for (const client of clients) first.server.accept(client);
    for (const client of clients) client.send(get());
    for (let i = 0; i < 20; i++) await settled();
    for (const client of clients) {
      assert.equal(parseResponses(client.text())[0].body, "chunk;".repeat(20));
      assert.ok(client.writes <= 3, `${client.writes} writes`);
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
  assert.match(client.text(), /chunk;\r\n$/);
  go();
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

test("a body of bytes and its head leave in one write; what is gathered before goes along", () => {
  const { server } = connect({
    fetch: (request) =>
      new Response(request.url.endsWith("/small") ? "small" : new Uint8Array(100_000).fill(97)),
  });
  const client = new CountingTransport();
  server.accept(client);
  client.send(get("/large"));
  assert.equal(client.writes, 1);
  client.send(get("/small") + get("/large"));
  assert.equal(client.writes, 2);
  const bodies = parseResponses(client.text()).map(({ body }) => body);
  assert.deepEqual(bodies, ["a".repeat(100_000), "small", "a".repeat(100_000)]);
});
