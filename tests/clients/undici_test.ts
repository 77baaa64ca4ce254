/**
 * undici against `serve()`, pipelining.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { Client, Pool } from "undici/index.js";
import { assertSameBytes, patternBytes } from "../support/bytes.ts";
import { sampleServer } from "../support/sample_server.ts";

const PIPELINING = 10;

for (const kind of ["exchange", "fetch"] as const) {
  test(`undici pipelines 500 requests on one connection (${kind})`, async () => {
    await using sample = await sampleServer(kind);
    const client = new Client(sample.server.url, { pipelining: PIPELINING });
    try {
      let pipelined = 0;
      const paths = Array.from({ length: 500 }, (_, i) => `/${i}`);
      const answers = await Promise.all(paths.map(async (path) => {
        const { statusCode, body } = await client.request({ path, method: "GET", blocking: false });
        pipelined = Math.max(pipelined, client.stats.running);
        return `${statusCode} ${await body.text()}`;
      }));
      assert.deepEqual(answers, paths.map((path) => `200 ${path}`));
      assert.equal(pipelined, PIPELINING);
      const { accepted, requests, reused } = sample.server.stats();
      assert.deepEqual({ accepted, requests, reused }, { accepted: 1, requests: 500, reused: 499 });
    } finally {
      await client.destroy();
    }
  });
}

test("undici sends bodies and reads streams over a pool of pipelined connections", async () => {
  await using sample = await sampleServer();
  const pool = new Pool(sample.server.url, { connections: 4, pipelining: PIPELINING });
  try {
    await Promise.all(Array.from({ length: 100 }, async (_, i) => {
      const sent = patternBytes(1000 * i, i);
      const { body } = await pool.request({
        path: "/echo",
        method: "PUT",
        body: sent,
        idempotent: true,
        blocking: false,
      });
      assertSameBytes(new Uint8Array(await body.arrayBuffer()), sent);
      const stream = await pool.request({ path: "/stream", method: "GET" });
      assert.equal((await stream.body.arrayBuffer()).byteLength, 1_000_000);
    }));
    const { accepted, requests } = sample.server.stats();
    assert.deepEqual({ accepted, requests }, { accepted: 4, requests: 200 });
  } finally {
    await pool.destroy();
  }
});
