/**
 * maxHeaderBytes, maxHeaders, maxTargetBytes and maxBodyBytes: within and beyond them, in whatever pieces,
 * and off.
 */
import assert from "node:assert/strict";
import type { Exchange } from "../../src/api/exchange.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import { connect, get, settled } from "../support/memory.ts";
import { echo, KINDS, ok, reading } from "./fake_clock_handlers.ts";
import { assertEnds, assertProtocolError, last, statuses } from "./fake_clock_outcomes.ts";
import { chunked, headOf, LAST_CHUNK, postHead } from "./fake_clock_requests.ts";
import { limit } from "./limit_tests.ts";

// maxHeaderBytes, maxHeaders, maxTargetBytes

/** A GET with this many header lines. */
function headWith(lines: number): string {
  return get("/", ...Array.from({ length: lines - 1 }, (_, i) => `X-${i}: 1`));
}

/** Fails unless `within` is answered, and `beyond` refused before the handler sees it, in whatever pieces it comes. */
async function assertHeadLimit(
  options: Partial<ConnectionOptions>,
  within: string,
  beyond: string,
  status: number,
): Promise<void> {
  for (const bytewise of [false, true]) {
    const targets: string[] = [];
    const limited = connect({
      ...options,
      exchange(x) {
        targets.push(x.target);
        ok(x);
      },
    });
    const send = (text: string): void => {
      for (const part of bytewise ? text : [text]) limited.client.send(part);
    };
    send(within);
    assert.deepEqual(statuses(limited.client), [200]);
    send(beyond);
    assert.deepEqual(statuses(limited.client), [200, status]);
    assert.deepEqual([last(limited.client).connection, targets.length], ["close", 1]);
    await assertEnds(limited, "protocol_error");
  }
}

limit("maxHeaderBytes answers a head that is larger with 431", async () => {
  await assertHeadLimit({ maxHeaderBytes: 500 }, headOf(500), headOf(501), 431);
  await assertHeadLimit({}, headOf(16_384), headOf(16_385), 431);
});

limit("maxHeaderBytes answers a head that never ends", () => {
  const { client } = connect({ exchange: ok, maxHeaderBytes: 500 });
  client.send(headOf(502).slice(0, 500));
  assert.equal(client.text(), "");
  client.send("x");
  assert.deepEqual(statuses(client), [431]);
});

limit("maxHeaderBytes: 0 takes every head", () => {
  const { client } = connect({ exchange: ok, maxHeaderBytes: 0 });
  client.send(headOf(200_000));
  assert.deepEqual(statuses(client), [200]);
});

limit("maxHeaders answers a head with more lines with 431", async () => {
  await assertHeadLimit({ maxHeaders: 10 }, headWith(10), headWith(11), 431);
  await assertHeadLimit({}, headWith(100), headWith(101), 431);
});

limit("maxHeaders: 0 takes every number of lines", () => {
  const { client } = connect({ exchange: ok, maxHeaders: 0 });
  client.send(headWith(1_000));
  assert.deepEqual(statuses(client), [200]);
});

limit("maxHeaderBytes, maxHeaders: the trailers are bounded too", async () => {
  // The empty line behind them counts.
  const bytes = (length: number): string => "X: ".padEnd(length - 4, "x") + "\r\n\r\n";
  const lines = (count: number): string => "X: 1\r\n".repeat(count) + "\r\n";
  for (
    const [options, within, beyond] of [
      [{ maxHeaders: 0, maxHeaderBytes: 600 }, bytes(600), bytes(601)],
      [{ maxHeaders: 10, maxHeaderBytes: 0 }, lines(10), lines(11)],
    ] as const
  ) {
    const failures: unknown[] = [];
    const exchange = (x: Exchange): Promise<void> => echo(x).catch((error) => void failures.push(error));
    const { client } = connect({ ...options, exchange });
    client.send(chunked("body") + "0\r\n" + within + chunked("body") + "0\r\n" + beyond);
    await settled();
    assert.deepEqual([statuses(client), last(client).connection], [[200, 431], "close"]);
    assert.equal(failures.length, 1);
    assertProtocolError(failures[0], "head_too_large", 431);
    const off = connect({ maxHeaders: 0, maxHeaderBytes: 0, exchange: echo });
    off.client.send(chunked("body") + "0\r\n" + beyond);
    await settled();
    assert.deepEqual(statuses(off.client), [200]);
  }
});

limit("maxTargetBytes answers a target that is longer with 414", async () => {
  const target = (length: number): string => "/".padEnd(length, "x");
  await assertHeadLimit({ maxTargetBytes: 100 }, get(target(100)), get(target(101)), 414);
  await assertHeadLimit({}, get(target(8_192)), get(target(8_193)), 414);
});

limit("maxTargetBytes: 0 takes every target", () => {
  const { client } = connect({ exchange: ok, maxTargetBytes: 0, maxHeaderBytes: 0 });
  client.send(get("/" + "x".repeat(100_000)));
  assert.deepEqual(statuses(client), [200]);
});

// maxBodyBytes

limit("maxBodyBytes refuses a length before the handler is called", async () => {
  for (const [options, most] of [[{ maxBodyBytes: 100 }, 100], [{}, 128 * 1024 * 1024]] as const) {
    let called = 0;
    const limited = connect({ ...options, exchange: () => void called++ });
    limited.client.send(postHead(most));
    assert.deepEqual([limited.client.text(), called], ["", 1]);
    const beyond = connect({ ...options, exchange: () => assert.fail() });
    beyond.client.send(postHead(most + 1) + "x");
    assert.deepEqual([statuses(beyond.client), last(beyond.client).connection], [[413], "close"]);
    await assertEnds(beyond, "protocol_error");
  }
});

for (const kind of KINDS) {
  limit(`maxBodyBytes refuses chunks as they come, and tells reader and signal (${kind})`, async () => {
    const { options, told } = reading(kind);
    const limited = connect({ ...options, maxBodyBytes: 100 });
    limited.client.send(chunked("x".repeat(60), "x".repeat(40)) + LAST_CHUNK + chunked("x".repeat(60)));
    await settled();
    assert.deepEqual([statuses(limited.client), told.reader], [[200], undefined]);
    limited.client.send("29\r\n" + "x".repeat(41));
    await settled();
    assert.deepEqual([statuses(limited.client), last(limited.client).connection], [[200, 413], "close"]);
    assertProtocolError(told.reader, "body_too_large", 413);
    assert.equal(told.signal!.reason.cause, told.reader);
    await assertEnds(limited, "protocol_error");
  });
}

limit("maxBodyBytes: 0 takes every body", async () => {
  const { client, connection } = connect({ maxBodyBytes: 0, exchange: (x) => void x.text().catch(() => {}) });
  client.send(postHead(Number.MAX_SAFE_INTEGER) + "x".repeat(1_000));
  assert.deepEqual([client.text(), connection.state], ["", "active"]);
  const chunks = connect({ maxBodyBytes: 0, exchange: echo });
  chunks.client.send(chunked("x".repeat(1_000_000)) + LAST_CHUNK);
  await settled();
  assert.deepEqual(statuses(chunks.client), [200]);
});
