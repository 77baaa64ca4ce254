/**
 * A client that pipelines and reads nothing: no more than `highWaterMark` and one response wait for it, whatever
 * the responses are made of and however they are given.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FastResponse } from "../../mod.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import { connect, settled } from "../support/memory.ts";

const KIB = 1024;
const HIGH_WATER_MARK = 64 * KIB;
/** Fills one segment of 64 KiB. */
const PIPELINED = "GET / HTTP/1.1\r\nHost:\r\n\r\n".repeat(2_621);
/** What the fields of a response take at the most. */
const HEAD = KIB;

/** Bodies at the sizes where the engine takes another way, with their lengths in bytes. */
const BODIES:
  readonly (readonly [name: string, body: string | Uint8Array<ArrayBuffer> | null, bytes: number])[] = [
    ["no body", null, 0],
    ["a text of 5 characters", "hello", 5],
    ["a text of 16,384 characters", "a".repeat(16 * KIB), 16 * KIB],
    ["a text of 16,384 characters of three bytes", "€".repeat(16 * KIB), 48 * KIB],
    ["a text of 16,385 characters", "a".repeat(16 * KIB + 1), 16 * KIB + 1],
    ["16 KiB of bytes", new Uint8Array(16 * KIB), 16 * KIB],
    ["32 KiB of bytes", new Uint8Array(32 * KIB), 32 * KIB],
    ["200 KiB of bytes", new Uint8Array(200 * KIB), 200 * KIB],
  ];

for (const [name, body, bytes] of BODIES) {
  const ways: Record<string, ConnectionOptions> = {
    "respond()": { exchange: (x) => x.respond(200, {}, body) },
    "respond(), asynchronous": {
      async exchange(x) {
        await null;
        x.respond(200, {}, body);
      },
    },
    "write()": {
      exchange(x) {
        x.start(200);
        if (body !== null) x.write(body);
        x.end();
      },
    },
    "end()": {
      exchange(x) {
        x.start(200, { "content-length": String(bytes) });
        x.end(body);
      },
    },
    "FastResponse": { fetch: () => new FastResponse(body) },
    "Response": { fetch: () => new Response(body) },
    "a stream": { fetch: () => new Response(new Response(body).body) },
    "earlyHints()": {
      exchange(x) {
        for (let i = 0; i < 1_000; i++) x.earlyHints({ link: "</style.css>; rel=preload; as=style" });
        x.respond(200, {}, body);
      },
    },
  };
  for (const [way, options] of Object.entries(ways)) {
    test(`no more than highWaterMark and one response wait for a client: ${name} by ${way}`, async () => {
      const { client, server } = connect({ ...options, highWaterMark: HIGH_WATER_MARK });
      client.takesWrites = false;
      client.send(PIPELINED);
      await settled();
      const bound = HIGH_WATER_MARK + bytes + HEAD;
      assert.ok(
        client.unsent() > 0 && client.unsent() <= bound,
        `${client.unsent()} bytes wait, not ${bound}`,
      );
      assert.ok(server.stats().requests < 2_621);
      await server.close();
    });
  }
}
