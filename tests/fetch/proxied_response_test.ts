/** `return fetch(upstream)`: a body that the platform has decoded is sent as what it is. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import zlib from "node:zlib";
import * as undici from "undici/index.js";
import { serve } from "../../mod.ts";
import { connect, get, type ParsedResponse } from "../support/memory.ts";
import { readWire } from "../support/wire_text.ts";

const TEXT = "text ".repeat(1_000);

/** How an upstream codes its body. */
const CODERS: Record<string, ((text: string) => Uint8Array) | undefined> = {
  gzip: (text) => zlib.gzipSync(text),
  br: (text) => zlib.brotliCompressSync(text),
  deflate: (text) => zlib.deflateSync(text),
};

/** How a body is read that came as `coding`. */
const DECODERS: Record<string, (body: Uint8Array) => Uint8Array> = {
  gzip: (body) => zlib.gunzipSync(body),
  br: (body) => zlib.brotliDecompressSync(body),
  deflate: (body) => zlib.inflateSync(body),
};

/** Asks for `path` of a server that codes its body as the path says, through `front`, in memory. */
async function askThrough(
  front: (url: string, request: Request) => unknown,
  path: string,
  method = "GET",
): Promise<ParsedResponse & { readonly errors: readonly unknown[] }> {
  const upstream = await serve({
    port: 0,
    hostname: "127.0.0.1",
    exchange(x) {
      const coding = x.target.slice(1);
      if (coding === "304") return x.respond(304, { "content-encoding": "gzip", "etag": '"a"' });
      const coder = CODERS[coding];
      const body = coder === undefined ? Buffer.from(TEXT) : coder(TEXT);
      const fields = { "content-encoding": coder && coding, "x-a": "1" };
      x.respond(200, fields, body);
    },
  });
  try {
    let over!: () => void;
    const isOver = new Promise<void>((resolve) => over = resolve);
    const { client, errors } = connect({
      fetch(request, info) {
        info.completed.then(over, over);
        return front(new URL(path, upstream.url).href, request) as Response;
      },
    });
    client.send(get("/", "Accept-Encoding: gzip, br, deflate").replace("GET", method));
    await isOver;
    const wire = Buffer.concat(client.written).toString("latin1");
    const [{ status, body }] = readWire(wire, method);
    const [, ...lines] = wire.slice(0, wire.indexOf("\r\n\r\n")).split("\r\n");
    const headers = new Map(lines.map((line) => line.split(": ") as [string, string]));
    return { status, headers, body, errors };
  } finally {
    await undici.getGlobalDispatcher().close();
    undici.setGlobalDispatcher(new undici.Agent());
    await upstream.close();
  }
}

/** The text that a client reads that believes the head. */
function read({ headers, body }: ParsedResponse): string {
  const coding = headers.get("content-encoding");
  const bytes = Buffer.from(body, "latin1");
  return Buffer.from(coding === undefined ? bytes : DECODERS[coding](bytes)).toString();
}

const FRONTS: Record<string, (url: string, request: Request) => unknown> = {
  "fetch(url)": (url) => fetch(url),
  "fetch(new Request(url, request))": (url, request) => fetch(new Request(url, request)),
  "a clone": async (url) => (await fetch(url)).clone(),
  "new Response(body, response)": async (url) => {
    const response = await fetch(url);
    return new Response(response.body, response);
  },
  "new Response(body, { headers })": async (url) => {
    const { body, headers } = await fetch(url);
    return new Response(body, { headers });
  },
  "a response whose content-encoding was deleted": async (url) => {
    const fetched = await fetch(url);
    const response = new Response(fetched.body, fetched);
    response.headers.delete("content-encoding");
    return response;
  },
};

for (const coding of ["gzip", "br", "deflate", "plain"]) {
  for (const [what, front] of Object.entries(FRONTS)) {
    // Where the platform leaves deflate as it is, so must the response.
    if (coding === "deflate" && /deleted/.test(what)) continue;
    test(`${what} of an upstream that sends ${coding} is read by a client`, async () => {
      const response = await askThrough(front, `/${coding}`);
      assert.deepEqual(response.errors, []);
      assert.deepEqual([response.status, response.headers.get("x-a")], [200, "1"]);
      assert.equal(read(response), TEXT);
    });
  }
}

test("a body that was decoded says nothing of how it was coded", async () => {
  for (const coding of ["gzip", "br"]) {
    for (const method of ["GET", "HEAD"]) {
      const { headers, errors } = await askThrough((url) => fetch(url, { method }), `/${coding}`, method);
      assert.deepEqual(errors, []);
      assert.equal(headers.get("content-encoding"), undefined, `${method} ${coding}`);
      if (headers.has("content-length")) assert.equal(headers.get("content-length"), String(TEXT.length));
    }
  }
});

test("a body that came as it is keeps its length", async () => {
  for (const method of ["GET", "HEAD"]) {
    const { headers } = await askThrough((url) => fetch(url, { method }), "/plain", method);
    assert.equal(headers.get("content-length"), String(TEXT.length), method);
  }
});

test("a 304 of an upstream keeps what it says of the body that a client has", async () => {
  const { status, headers, errors } = await askThrough((url) => fetch(url), "/304");
  assert.deepEqual([status, headers.get("etag"), errors], [304, '"a"', []]);
});

test("what a handler has coded itself stays as it is", async () => {
  const coded = zlib.gzipSync(TEXT);
  for (
    const make of [
      () => new Response(coded, { headers: { "content-encoding": "gzip" } }),
      () => new Response(new Blob([coded]), { headers: { "content-encoding": "gzip" } }),
      () => new Response(new Blob([coded]).stream(), { headers: { "content-encoding": "gzip" } }),
      async (url: string) => {
        const { body } = await fetch(url);
        const stream = body!.pipeThrough(new CompressionStream("gzip") as unknown as TransformStream);
        return new Response(stream, { headers: { "content-encoding": "gzip" } });
      },
    ]
  ) {
    const response = await askThrough(make, "/gzip");
    assert.deepEqual(response.errors, []);
    assert.equal(response.headers.get("content-encoding"), "gzip");
    assert.equal(read(response), TEXT);
  }
});

test("what undici's fetch() gives of an upstream that compresses is read by a client", async () => {
  for (const coding of ["gzip", "br"]) {
    const response = await askThrough((url) => undici.fetch(url), `/${coding}`);
    assert.deepEqual(response.errors, []);
    assert.equal(read(response), TEXT);
  }
});
