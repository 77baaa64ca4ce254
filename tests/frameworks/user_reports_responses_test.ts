/**
 * What users of other servers have reported about Response, held against Mooring: each row names the report's
 * project, and what is right.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { ask, open } from "../support/frameworks/answers.ts";
import { onMooring } from "../support/frameworks/servers.ts";
import { answers, talks } from "../support/frameworks/user_reports.ts";

const path = "/";
const encoder = new TextEncoder();

const streamOf = (...chunks: string[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(encoder.encode(chunk));
      controller.close();
    },
  });

answers(
  "node-server 304: a field that is appended after the response was made is sent by its copies, too",
  () => {
    const made = new Response("hello", { headers: { "content-type": "text/plain" } });
    made.headers.append("set-cookie", "session=abc; Path=/");
    return new Response(made.body, made);
  },
  { path },
  { text: "hello", fields: { "set-cookie": "session=abc; Path=/" } },
);

answers(
  "node-server 309: fields may be pairs",
  () => new Response("hello", { headers: [["x-a", "1"], ["x-a", "2"], ["content-type", "x/y"]] }),
  { path },
  { text: "hello", fields: { "x-a": "1, 2", "content-type": "x/y" } },
);

test("node-server 308, bun 10507, bun 28186: a stream's content-length is sent", async () => {
  await using mooring = await onMooring(() =>
    new Response(streamOf("12", "345"), { headers: { "content-length": "5" } })
  );
  using client = await open(mooring.port, { path });
  const { headers, text } = await client.response();
  assert.deepEqual([headers.get("content-length"), headers.get("transfer-encoding"), text], [
    "5",
    undefined,
    "12345",
  ]);
});

test("bun 15355, deno 35728: HEAD tells the content-length that the handler gives with no body", async () => {
  await using mooring = await onMooring(() => new Response(null, { headers: { "content-length": "1000" } }));
  using client = await open(mooring.port, { method: "HEAD", path });
  const { headers } = await client.response(true);
  assert.equal(headers.get("content-length"), "1000");
});

talks(
  "bun 28019: HTTP/1.0 gets a stream as it is, and the end of the connection",
  () => new Response(streamOf("Hello", " Bun", "!\n".repeat(1000))),
  { path: "/never", headers: { connection: "close" } },
  async (_, mooring) => {
    using client = await open(mooring.port, { path: "/ HTTP/1.0\r\nx-rest:" });
    const wire = Buffer.from(await client.readToEnd()).toString();
    assert.doesNotMatch(wire, /transfer-encoding/i);
    assert.ok(wire.endsWith(`\r\n\r\nHello Bun${"!\n".repeat(1000)}`));
  },
);

answers(
  "srvx 228: a view sends its window, not its buffer",
  () => {
    const bytes = encoder.encode("before window after");
    return new Response(new DataView(bytes.buffer, 7, 6));
  },
  { path },
  { text: "window" },
);

answers("srvx 7: a response of text is not empty", () => new Response("hello world"), { path }, {
  text: "hello world",
});

answers(
  "node-server 304 with clone(): both have the fields",
  async () => {
    const made = new Response("hello", { headers: { "x-a": "1" } });
    made.headers.append("x-b", "2");
    const copy = made.clone();
    return new Response(`${await copy.text()} ${copy.headers.get("x-b")}`, made);
  },
  { path },
  { text: "hello 2", fields: { "x-a": "1", "x-b": "2" } },
);

answers(
  "undici 1122: a response without a body can be cloned",
  () => new Response(null, { status: 201 }).clone(),
  {
    path,
  },
  { status: 201, text: "" },
);

answers(
  "js-compute-runtime 47: several cookies in Headers stay apart",
  () => {
    const headers = new Headers();
    for (const cookie of ["a=1", "b=2", "c=3"]) headers.append("set-cookie", cookie);
    return new Response([...headers].length + new Response(null, { headers }).headers.getSetCookie().join(), {
      headers,
    });
  },
  { path },
  { text: "3a=1,b=2,c=3", fields: { "set-cookie": "a=1, b=2, c=3" } },
);

answers(
  "deno 14636: a content-encoding that the handler gives is left alone",
  () => new Response(new Uint8Array([1, 2, 3]), { headers: { "content-encoding": "deflate" } }),
  {
    path,
    headers: { "accept-encoding": "gzip" },
  },
  { text: "\x01\x02\x03", fields: { "content-encoding": "deflate" } },
);

test("srvx of bun 28186: a file as a stream of node:stream is sent whole", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mooring-file-"));
  try {
    const file = join(folder, "file");
    writeFileSync(file, "0123456789".repeat(30_000));
    await using mooring = await onMooring(() =>
      new Response(Readable.toWeb(createReadStream(file)) as unknown as ReadableStream<Uint8Array>)
    );
    assert.equal((await ask(mooring.port, { path })).body.length, 300_000);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
