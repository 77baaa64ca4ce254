/**
 * Clients that send a large upload get the answer that comes before its end.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Client } from "undici/index.js";
import type { ConnectionOptions } from "../../src/api/options.ts";
import type { CloseReason } from "../../src/api/transport.ts";
import { inTime } from "../support/deadline.ts";
import { needs } from "../support/tools.ts";
import { curl } from "./curl.ts";
import { test } from "./limit_tests.ts";
import { chunk, CHUNKED, MIB, postHead } from "./real_sockets_requests.ts";
import { open, testThatEveryServerHasEnded } from "./site.ts";
import { limit } from "./timed_limit_tests.ts";

/** Far more than any buffer on the way, and than is drained. */
const UPLOAD = 50 * MIB;
const PIECE = new Uint8Array(MIB).fill(0x61);

/** Sites that answer an upload early, by their answer. */
const EARLY: readonly (readonly [answer: string, options: ConnectionOptions, reason: CloseReason])[] = [
  ["413", { maxBodyBytes: MIB, exchange: (x) => x.bytes().then(() => {}) }, "protocol_error"],
  [
    "413",
    { maxBodyBytes: MIB, fetch: async (request) => new Response(await request.text()) },
    "protocol_error",
  ],
  ["401", { exchange: (x) => x.respond(401, {}, "who are you?") }, "unread_body"],
  ["401", { fetch: () => new Response("who are you?", { status: 401 }) }, "unread_body"],
];

/** Fails unless `text` is what such a site says with this status. */
function assertEarlyAnswer(status: number | string, text: string, answer: string): void {
  assert.equal(String(status), answer);
  assert.match(text, answer === "401" ? /^who are you\?$/ : /^413 Content Too Large: .*\d+ bytes\n$/);
}

limit("lingerTimeout lets a client that sends all before it reads get its answer", async () => {
  for (const [answer, options, reason] of EARLY) {
    await using site = await open(options);
    for (const head of [postHead(UPLOAD), CHUNKED]) {
      const visitor = await site.visit();
      await visitor.client.send(head);
      for (let sent = 0; sent < UPLOAD; sent += PIECE.length) {
        await visitor.client.send(head === CHUNKED ? chunk(PIECE) : PIECE);
      }
      if (head === CHUNKED) await visitor.client.send("0\r\n\r\n");
      const response = await visitor.client.response();
      assertEarlyAnswer(response.status, response.text, answer);
      await visitor.assertEnds(reason);
    }
  }
});

test("curl reads an early answer to its upload", needs("curl"), async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "mooring-upload-"));
  try {
    const file = path.join(folder, "upload.bin");
    await writeFile(file, new Uint8Array(UPLOAD));
    for (const [answer, options] of EARLY) {
      await using site = await open(options);
      for (const framing of [[], ["--header", "Transfer-Encoding: chunked"]]) {
        const upload = ["--header", "Expect:", ...framing, "--data-binary", `@${file}`];
        const printed = await curl(...upload, `http://127.0.0.1:${site.port}/`);
        assertEarlyAnswer(printed.slice(-3), printed.slice(0, -3), answer);
      }
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** An upload in pieces, of a length that nobody is told. */
function uploadStream(): ReadableStream<Uint8Array> {
  let left = UPLOAD;
  return new ReadableStream({
    pull(controller) {
      if (left === 0) return controller.close();
      controller.enqueue(PIECE.slice());
      left -= PIECE.length;
    },
  });
}

test("undici and fetch read an early answer to their upload", async () => {
  for (const [answer, options] of EARLY) {
    await using site = await open(options);
    const url = `http://127.0.0.1:${site.port}`;
    for (const body of [() => new Uint8Array(UPLOAD), uploadStream]) {
      const client = new Client(url);
      try {
        const response = await inTime(
          client.request({ path: "/", method: "POST", body: body() as Uint8Array }),
          "undici's answer",
        );
        assertEarlyAnswer(response.statusCode, await response.body.text(), answer);
      } finally {
        await client.destroy();
      }
      const init = { method: "POST", body: body(), duplex: "half" } as RequestInit;
      const response = await inTime(fetch(url, init), "the answer of fetch()");
      assertEarlyAnswer(response.status, await response.text(), answer);
    }
  }
});

testThatEveryServerHasEnded();
