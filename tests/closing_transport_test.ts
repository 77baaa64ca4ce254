/** A transport that closes its connection from inside of a write, as a sink of the program's may. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryTransport } from "../src/adapters/memory.ts";
import type { ConnectionOptions } from "../src/api/options.ts";
import { FastResponse } from "../src/fetch/fast_response.ts";
import { connectHttp2, FLAG, SETTING } from "./support/http2_client.ts";
import { connect, get, settled } from "./support/memory.ts";

const BYTES = new Uint8Array(300 * 1024);

const HANDLERS: Record<string, ConnectionOptions> = {
  "bytes": { exchange: (x) => x.respond(200, {}, BYTES) },
  "pooled bytes": { fetch: () => new FastResponse(BYTES) },
  "a text": { exchange: (x) => x.respond(200, {}, "x".repeat(100_000)) },
  "a stream": {
    async exchange(x) {
      x.start(200);
      for (let i = 0; i < 20; i++) if (!x.write(BYTES.subarray(0, 10_000))) await x.ready();
      x.end();
    },
  },
};

/** The writes that a response takes, at most. */
const WRITES = 30;

/** Has `client` call `close` from inside of the write with this number; answers whether there was one. */
function closeInWrite(client: MemoryTransport, number: number, close: () => void): () => boolean {
  const { write } = MemoryTransport.prototype;
  let writes = 0;
  client.write = (bytes, start, end) => {
    if (++writes === number) close();
    return write.call(client, bytes, start, end);
  };
  return () => writes >= number;
}

for (const [what, handler] of Object.entries(HANDLERS)) {
  test(`a transport closes its connection from inside of a write of ${what}: others are served`, async () => {
    const errors: unknown[] = [];
    const options: ConnectionOptions = { ...handler, onError: (error) => void errors.push(error) };
    let closed = 0;
    for (let number = 1; number <= WRITES; number++) {
      const { client, connection } = connect(options);
      const wasReached = closeInWrite(client, number, () => connection.close());
      client.send(get("/").repeat(3));
      await settled();
      if (wasReached()) closed++;
      assert.equal(connection.state, wasReached() ? "closed" : "idle");
    }
    assert.ok(closed > 0);
    assert.deepEqual(errors, []);
    const { client } = connect(options);
    client.send(get("/"));
    await settled();
    assert.match(client.text(), /^HTTP\/1.1 200 /);
  });

  test(`a transport closes its connection from inside of a write of ${what} on HTTP/2: others are served`, async () => {
    const errors: unknown[] = [];
    const options: ConnectionOptions = { ...handler, onError: (error) => void errors.push(error) };
    let closed = 0;
    for (let number = 1; number <= WRITES; number++) {
      const { peer, client, connection } = await connectHttp2(options, {
        settings: [[SETTING.initialWindowSize, 150_000]],
      });
      peer.widen(0, 1_000_000);
      const wasReached = closeInWrite(client, number, () => connection.close());
      for (const stream of [1, 3, 5]) peer.get(stream);
      await settled();
      for (let i = 0; i < 5 && connection.state !== "closed"; i++) {
        for (const stream of [1, 3, 5]) peer.widen(stream, 20_000);
        await settled();
      }
      if (!wasReached()) continue;
      closed++;
      assert.equal(connection.state, "closed");
    }
    assert.ok(closed > 0);
    assert.deepEqual(errors, []);
    const { peer } = await connectHttp2(options, { settings: [[SETTING.initialWindowSize, 1_000_000]] });
    peer.widen(0, 1_000_000);
    for (const stream of [1, 3, 5]) peer.get(stream);
    await settled();
    const ends = peer.read().filter(({ type, flags }) => type === "DATA" && (flags & FLAG.end) !== 0);
    assert.deepEqual(ends.map(({ stream }) => stream).sort(), [1, 3, 5]);
  });
}
