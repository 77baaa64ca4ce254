/**
 * Bodies that the operating system gives, a file's or those of `fetch`: on Deno they are read into memory that is used
 * again, which must not happen before it was sent.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import type { Exchange } from "../../src/api/exchange.ts";
import { memoryPool } from "../../src/wire/memory_pool.ts";
import { LOCAL, start } from "../support/local_servers.ts";

declare const Bun: { file(path: string): Blob };
declare const Deno: { open(path: string): Promise<{ readonly readable: ReadableStream }> };

/** Bodies at a time. */
const BODIES = 4;
/** More than the system buffers for one client, in words; no whole number of chunks. */
const WORDS = 3_000_001;

/** Each word of it is to be found there alone. */
function bodyOf(index: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(WORDS);
  for (let at = 0; at < WORDS; at++) words[at] = at * BODIES + index;
  return new Uint8Array(words.buffer);
}

async function openFile(path: string): Promise<ReadableStream> {
  if ("Bun" in globalThis) return Bun.file(path).stream();
  if ("Deno" in globalThis) return (await Deno.open(path)).readable;
  return Readable.toWeb(createReadStream(path)) as ReadableStream;
}

/** Reads one body over HTTP/1.1. */
async function* readOverHttp1(url: string): AsyncGenerator<Uint8Array> {
  const { body } = await fetch(url);
  for await (const chunk of body!) yield chunk;
}

/** As `readOverHttp1`, over a connection of HTTP/2, whose windows are small. */
async function* readOverHttp2(url: string): AsyncGenerator<Uint8Array> {
  const session = connectHttp2(url);
  try {
    yield* session.request({ ":path": new URL(url).pathname });
  } finally {
    session.close();
  }
}

/** Reads one after the other, of all of which the first chunk has come: the others wait for their client. */
async function readEach(bodies: AsyncGenerator<Uint8Array>[]): Promise<Buffer[]> {
  const firsts = await Promise.all(bodies.map((body) => body.next()));
  const received: Buffer[] = [];
  for (const [index, body] of bodies.entries()) {
    const chunks = [firsts[index].value as Uint8Array];
    for await (const chunk of body) chunks.push(chunk);
    received.push(Buffer.concat(chunks));
  }
  return received;
}

for (const [protocol, read] of [["HTTP/1.1", readOverHttp1], ["HTTP/2", readOverHttp2]] as const) {
  test(`files and bodies of fetch do not mix with others at the same time, over ${protocol}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "mooring-"));
    try {
      for (let index = 0; index < BODIES; index++) writeFileSync(join(folder, String(index)), bodyOf(index));
      await using upstream = await start({
        exchange: (x) => x.respond(200, undefined, bodyOf(Number(x.target.slice(1)))),
      });
      await using server = await start({
        http2: true,
        async fetch(request) {
          const [, kind, index] = new URL(request.url).pathname.split("/");
          if (kind === "file") return new Response(await openFile(join(folder, index)));
          return await fetch(`http://${LOCAL.hostname}:${upstream.port}/${index}`);
        },
      });
      const at = (path: string): string => `http://${LOCAL.hostname}:${server.port}/${path}`;
      const bodies = Array.from({ length: BODIES }, (_, i) => read(at(i % 2 ? `file/${i}` : `fetched/${i}`)));
      const received = await readEach(bodies);
      received.forEach((body, index) => assert.ok(body.equals(bodyOf(index)), `body ${index}`));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

/** What one chunk is read into, with the room for a head. */
const CHUNK_MEMORY = 65 * 1024;

/** Counts the memory of chunks: what was acquired of the pool, and what is not released again. */
function countChunks(): { acquired: number; held: number } & Disposable {
  const counts = {
    acquired: 0,
    held: 0,
    [Symbol.dispose]() {
      Reflect.deleteProperty(memoryPool, "acquire");
      Reflect.deleteProperty(memoryPool, "release");
    },
  };
  const { acquire, release } = memoryPool;
  memoryPool.acquire = (count) => {
    if (count === CHUNK_MEMORY) counts.acquired++, counts.held++;
    return acquire.call(memoryPool, count);
  };
  memoryPool.release = (memory) => {
    if (memory.length === CHUNK_MEMORY) counts.held--;
    release.call(memoryPool, memory);
  };
  return counts;
}

test("the memory of chunks that were sent goes back to the pool, and that of the end does", async () => {
  const upstreams: Record<string, (x: Exchange) => void> = {
    whole: (x) => x.respond(200, undefined, "hello"),
    empty: (x) => x.respond(200, { "x-a": "1" }, ""),
    pieces: async (x) => {
      x.start(200);
      for (const piece of ["hel", "lo"]) {
        await new Promise((resolve) => setTimeout(resolve));
        x.write(piece);
      }
      x.end();
    },
  };
  await using upstream = await start({ exchange: (x) => upstreams[x.target.slice(1)](x) });
  await using server = await start({
    fetch: (request) => fetch(`http://${LOCAL.hostname}:${upstream.port}${new URL(request.url).pathname}`),
  });
  using chunks = countChunks();
  for (const name of Object.keys(upstreams)) {
    const response = await fetch(`http://${LOCAL.hostname}:${server.port}/${name}`);
    assert.equal(await response.text(), name === "empty" ? "" : "hello");
    assert.equal(chunks.held, 0, name);
  }
  assert.equal(chunks.acquired > 0, "Deno" in globalThis);
});

test("a body of fetch that the client leaves is cancelled", async () => {
  let over!: () => void;
  const isCancelled = new Promise<void>((resolve) => over = resolve);
  await using upstream = await start({
    fetch(request) {
      request.signal.addEventListener("abort", over);
      return new Response(
        new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(10)) }),
      );
    },
  });
  await using server = await start({ fetch: () => fetch(`http://${LOCAL.hostname}:${upstream.port}`) });
  const client = new AbortController();
  const { body } = await fetch(`http://${LOCAL.hostname}:${server.port}`, { signal: client.signal });
  const { value } = await body!.getReader().read();
  assert.equal(value!.length, 10);
  client.abort();
  await isCancelled;
});
