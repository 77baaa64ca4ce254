/**
 * The limits of sizes over TCP: of heads and bodies, of what is skipped, and of what waits on its way.
 */
import assert from "node:assert/strict";
import { Deferred } from "../../src/core/deferred.ts";
import { concat, patternBytes } from "../support/bytes.ts";
import { get } from "../support/memory.ts";
import { counting, KINDS, ok } from "./real_sockets_handlers.ts";
import { assertProtocolError, assertRefused } from "./real_sockets_outcomes.ts";
import { chunk, CHUNKED, KIB, MIB, postHead } from "./real_sockets_requests.ts";
import { until } from "./real_sockets_times.ts";
import { open, testThatEveryServerHasEnded } from "./site.ts";
import { limit } from "./timed_limit_tests.ts";

limit("maxHeaderBytes, maxHeaders, maxTargetBytes: more gets 431 or 414", async () => {
  const target = "/".padEnd(100, "x");
  const padded = (length: number): string => {
    const head = get("/", "X: ");
    return get("/", "X: ".padEnd(3 + length - head.length, "x"));
  };
  const lines = (count: number): string =>
    get("/", ...Array.from({ length: count - 1 }, (_, i) => `X-${i}: 1`));
  for (
    const [options, off, within, beyond, status] of [
      [{ maxTargetBytes: 100 }, { maxTargetBytes: 0 }, get(target), get(target + "x"), 414],
      [{ maxHeaderBytes: 1_000 }, { maxHeaderBytes: 0 }, padded(1_000), padded(1_001), 431],
      [{ maxHeaders: 20 }, { maxHeaders: 0 }, lines(20), lines(21), 431],
    ] as const
  ) {
    await using site = await open({ exchange: ok, ...options });
    const visitor = await site.visit();
    assert.equal((await visitor.ask(within)).status, 200);
    assertRefused(await visitor.ask(beyond), status);
    await visitor.assertEnds("protocol_error");
    await using unlimited = await open({ exchange: ok, ...off });
    assert.equal((await (await unlimited.visit()).ask(beyond)).status, 200);
  }
});

limit("maxBodyBytes answers 413, before a body or in the middle of it", async () => {
  for (const kind of KINDS) {
    const { options, told } = counting(kind);
    await using site = await open({ ...options, maxBodyBytes: 100_000 });
    const length = await site.visit();
    const within = new Uint8Array(100_000).fill(0x61);
    assert.equal((await length.ask(concat([postHead(within.length), within]))).text, "100000");
    assertRefused(await length.ask(postHead(within.length + 1)), 413);
    await length.assertEnds("protocol_error");
    const chunks = await site.visit();
    const half = chunk(within.subarray(50_000));
    assert.equal((await chunks.ask(concat([CHUNKED, half, half, "0\r\n\r\n"]))).text, "100000");
    assert.deepEqual(told, []);
    assertRefused(await chunks.ask(concat([CHUNKED, half, half, chunk("x")])), 413);
    await chunks.assertEnds("protocol_error");
    assertProtocolError(told[0], "body_too_large");
    await using boundless = await open({ ...options, maxBodyBytes: 0 });
    assert.equal(
      (await (await boundless.visit()).ask(concat([postHead(100_001), within, "x"]))).text,
      "100001",
    );
  }
});

limit("drainBody.bytes is how much of an unread body is skipped", async () => {
  await using site = await open({ exchange: ok, drainBody: { bytes: 100_000 } });
  const body = patternBytes(100_001);
  const visitor = await site.visit();
  const within = body.subarray(1);
  for (const request of [[postHead(within.length, "/a"), within], [CHUNKED, chunk(within), "0\r\n\r\n"]]) {
    assert.equal((await visitor.ask(concat([...request, get("/b")]))).status, 200);
    assert.equal((await visitor.client.response()).text, "/b");
  }
  assertRefused(await visitor.ask(concat([postHead(body.length), body, get("/b")])), 200);
  await visitor.assertEnds("unread_body");
  const chunks = await site.visit();
  assert.equal((await chunks.ask(concat([CHUNKED, chunk(body), "0\r\n\r\n", get("/b")]))).status, 200);
  await chunks.assertEnds("unread_body");
});

limit("highWaterMark is how much of an upload waits for the handler", async () => {
  const upload = new Uint8Array(32 * MIB);
  const readAt = async (highWaterMark: number): Promise<number> => {
    const gate = new Deferred<void>();
    await using site = await open({
      highWaterMark,
      async exchange(x) {
        if (!x.hasBody) return ok(x);
        await gate.promise;
        x.respond(200, {}, String((await x.bytes()).length));
      },
    });
    const [uploading, other] = await site.visits(2);
    await uploading.client.send(postHead(upload.length));
    const sent = uploading.client.send(upload);
    await until(() => site.server.stats().bytesRead >= highWaterMark);
    // Long enough for it to read on, if it would.
    for (let i = 0; i < 200; i++) await other.ask();
    const { bytesRead } = site.server.stats();
    gate.resolve();
    assert.equal((await uploading.client.response()).text, String(upload.length));
    await sent;
    return bytesRead;
  };
  const [little, much] = [await readAt(10 * KIB), await readAt(8 * MIB)];
  assert.ok(little < 2 * MIB && much < 16 * MIB, `read ${little} and ${much} bytes`);
});

limit("highWaterMark is how much of a response waits for the client", async () => {
  const piece = new Uint8Array(8 * KIB);
  const welcomeAt = async (highWaterMark: number): Promise<number> => {
    let welcome = 0;
    await using site = await open({
      highWaterMark,
      exchange(x) {
        x.start(200);
        while (welcome < 128 * MIB && x.write(piece)) welcome += piece.length;
      },
    });
    const { client } = await site.visit();
    await client.send(get());
    await until(() => welcome > 0);
    return welcome;
  };
  // What the system buffers comes on top, where the runtime hands over all that it takes.
  const [little, much] = [await welcomeAt(10 * KIB), await welcomeAt(64 * MIB)];
  assert.ok(little < 48 * MIB && much >= 63 * MIB, `${little} and ${much} bytes were welcome`);
});

testThatEveryServerHasEnded();
