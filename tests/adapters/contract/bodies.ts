/**
 * Bodies in both directions, whole and in pieces, held back while nobody reads; trailers; responses without
 * one.
 */
import assert from "node:assert/strict";
import { Deferred } from "../../../src/core/deferred.ts";
import { assertSameBytes, concat, patternBytes } from "../../support/bytes.ts";
import { get } from "../../support/memory.ts";
import { handler, KINDS } from "./handlers.ts";
import type { On } from "./harness.ts";
import { chunked, exchangeMany } from "./requests.ts";
import { DOWNLOAD, MIB, PIECE, TOO_MUCH, UPLOAD } from "./sizes.ts";

/** Bodies and trailers. */
export function testBodies(on: On): void {
  for (const kind of KINDS) {
    on(`echoes a body of 1 MiB (${kind})`, async (serve) => {
      const server = await serve(handler(kind, async ({ bytes }) => concat([await bytes()])));
      const client = await server.connect();
      const body = patternBytes(UPLOAD);
      const sent = client.send(
        `POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${body.length}\r\n\r\n`,
        body,
        get("/after"),
      );
      assertSameBytes((await client.response()).body, body);
      await sent;
      assert.equal((await client.response()).status, 200);
    });

    on(`echoes a chunked body with chunks of all sizes, read as a stream (${kind})`, async (serve) => {
      const server = await serve(handler(kind, async ({ stream }) => {
        const parts: Uint8Array[] = [];
        for await (const part of stream()) parts.push(part);
        return concat(parts);
      }));
      const client = await server.connect();
      const chunks = [1, 2, 15, 16, 17, 4095, 65_535, 65_536, 300_000].map((size, i) =>
        patternBytes(size, i)
      );
      const sent = client.send(chunked("/", chunks, "X-Trailer: yes"), chunked("/", chunks));
      assertSameBytes((await client.response()).body, concat(chunks));
      assertSameBytes((await client.response()).body, concat(chunks));
      await sent;
    });

    on(`holds back an upload that nobody reads (${kind})`, async (serve) => {
      const gate = new Deferred<void>();
      const begun = new Deferred<void>();
      const server = await serve({
        maxBodyBytes: TOO_MUCH,
        ...handler(kind, async ({ target, stream }) => {
          if (target !== "/upload") return target;
          begun.resolve();
          await gate.promise;
          let length = 0;
          for await (const part of stream()) length += part.length;
          return String(length);
        }),
      });
      const client = await server.connect();
      await client.send(`POST /upload HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${TOO_MUCH}\r\n\r\n`);
      await begun.promise;
      let sent = 0;
      const piece = patternBytes(MIB);
      const sending = (async () => {
        for (; sent < TOO_MUCH; sent += piece.length) await client.send(piece);
      })();
      await exchangeMany(await server.connect());
      assert.ok(sent < TOO_MUCH, "the server takes what it cannot have use for");
      gate.resolve();
      assert.equal((await client.response()).text, String(TOO_MUCH));
      await sending;
    });
  }

  on("brings a streamed response of 8 MiB to a slow reader (exchange)", async (serve) => {
    const piece = patternBytes(PIECE);
    const held = new Deferred<boolean>();
    let written = 0;
    const server = await serve({
      async exchange(x) {
        if (x.target !== "/large") return x.respond(200, undefined, x.target);
        x.start(200);
        // Not a byte is read before the handler was told to wait, however much the system buffers.
        for (let told = false; written < DOWNLOAD || !told && written < TOO_MUCH; written += PIECE) {
          if (x.write(piece)) continue;
          told = true;
          held.resolve(true);
          await x.ready();
        }
        held.resolve(false);
        x.end();
      },
    });
    const client = await server.connect();
    await client.send(get("/large"), get("/next"));
    assert.ok(await held.promise, `the handler could write ${TOO_MUCH} bytes that nobody reads`);
    const { body } = await client.response();
    assert.equal(body.length, written);
    for (let at = 0; at < body.length; at += PIECE) assertSameBytes(body.subarray(at, at + PIECE), piece);
    assert.equal((await client.response()).text, "/next");
  });

  on("brings a streamed response of 8 MiB to a slow reader (fetch)", async (serve) => {
    const piece = patternBytes(PIECE);
    const begun = new Deferred<void>();
    let pulled = 0;
    let enough = TOO_MUCH;
    const server = await serve({
      fetch(request) {
        const { pathname } = new URL(request.url);
        if (pathname !== "/large") return new Response(pathname);
        return new Response(
          new ReadableStream({
            pull(controller) {
              begun.resolve();
              controller.enqueue(piece.slice());
              pulled += PIECE;
              if (pulled >= enough) controller.close();
            },
          }),
        );
      },
    });
    const client = await server.connect();
    await client.send(get("/large"), get("/next"));
    await begun.promise;
    await exchangeMany(await server.connect());
    assert.ok(pulled < TOO_MUCH, "the server pulls what nobody reads");
    enough = DOWNLOAD;
    const { body } = await client.response();
    assert.equal(body.length, pulled);
    for (let at = 0; at < body.length; at += PIECE) assertSameBytes(body.subarray(at, at + PIECE), piece);
    assert.equal((await client.response()).text, "/next");
  });

  for (const kind of KINDS) {
    on(`brings a response of 8 MiB in one piece to a slow reader (${kind})`, async (serve) => {
      const large = patternBytes(DOWNLOAD);
      const answered = new Deferred<void>();
      const server = await serve(handler(kind, ({ target }) => {
        if (target !== "/large") return target;
        queueMicrotask(() => answered.resolve());
        return large;
      }));
      const client = await server.connect();
      await client.send(get("/large"), get("/next"));
      await answered.promise;
      assertSameBytes((await client.response()).body, large);
      assert.equal((await client.response()).text, "/next");
    });
  }

  on("sends no body to HEAD, with 204 and with 304", async (serve) => {
    const server = await serve({
      exchange(x) {
        const status = Number(x.target.slice(1));
        x.respond(
          status,
          status === 304 ? { "content-length": 5 } : undefined,
          status === 200 ? "hello" : null,
        );
      },
    });
    const client = await server.connect();
    await client.send(get("/200").replace("GET", "HEAD"), get("/204"), get("/304"), get("/200"));
    const head = await client.response(true);
    assert.equal(head.headers.get("content-length"), "5");
    const empty = await client.response();
    assert.deepEqual([empty.status, empty.headers.get("content-length")], [204, undefined]);
    const unchanged = await client.response();
    assert.deepEqual([unchanged.status, unchanged.headers.get("content-length")], [304, "5"]);
    assert.equal((await client.response()).text, "hello");
  });

  on("sends no body to HEAD, with 204 and with 304 (fetch)", async (serve) => {
    const server = await serve({
      fetch(request) {
        const status = Number(new URL(request.url).pathname.slice(1));
        return new Response(status === 200 ? "hello" : null, { status });
      },
    });
    const client = await server.connect();
    await client.send(get("/200").replace("GET", "HEAD"), get("/204"), get("/304"), get("/200"));
    assert.equal((await client.response(true)).status, 200);
    assert.equal((await client.response()).status, 204);
    assert.equal((await client.response()).status, 304);
    assert.equal((await client.response()).text, "hello");
  });

  for (const kind of KINDS) {
    on(`brings trailers both ways (${kind})`, async (serve) => {
      const server = await serve(
        kind === "exchange"
          ? {
            async exchange(x) {
              const body = await x.bytes();
              x.start(200);
              x.end(body, new Headers([...x.trailers()]));
            },
          }
          : {
            async fetch(request, info) {
              const body = await request.arrayBuffer();
              info.sendTrailers(info.trailers);
              return new Response(body);
            },
          },
      );
      const client = await server.connect();
      const body = patternBytes(100_000);
      await client.send(chunked("/", [body], "X-Sum: 42", "X-Other: yes"), get("/next"));
      await client.readUntil("\r\n\r\n");
      const parts: Uint8Array[] = [];
      for (;;) {
        const size = parseInt(await client.readUntil("\r\n"), 16);
        if (size === 0) break;
        parts.push(await client.readBytes(size));
        await client.readUntil("\r\n");
      }
      assertSameBytes(concat(parts), body);
      const trailers = (await client.readUntil("\r\n\r\n")).split("\r\n");
      assert.deepEqual(trailers.sort(), ["x-other: yes", "x-sum: 42"]);
      assert.equal((await client.response()).status, 200);
    });
  }

  on("echoes a body piece by piece", async (serve) => {
    const server = await serve({
      maxBodyBytes: 0,
      async exchange(x) {
        let begun = false;
        for await (const piece of x.chunks()) {
          if (!begun) x.start(200); // earlier, it could not know that it would read all of it
          begun = true;
          if (!x.write(piece)) await x.ready();
        }
        x.end();
      },
    });
    const client = await server.connect();
    const body = patternBytes(8 * MIB);
    const head = `POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${body.length}\r\n\r\n`;
    const sent = client.send(head, body).then(() => client.send(chunked("/", [patternBytes(5)])));
    assertSameBytes((await client.response()).body, body);
    assertSameBytes((await client.response()).body, patternBytes(5));
    await sent;
  });
}
