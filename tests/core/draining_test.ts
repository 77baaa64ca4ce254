/**
 * Handlers are told that the server, or their connection, is about to end, so that a response without an end can
 * end by itself.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CloseReason } from "../../src/api/transport.ts";
import type { Exchange } from "../../src/api/exchange.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import { connect, type Connected, get, parseResponses, settled } from "../support/memory.ts";

/** Event streams of both kinds, which end when they are told to; `signals` are those that handlers got. */
function eventStreams(signals: AbortSignal[]): Record<string, ConnectionOptions> {
  const until = (signal: AbortSignal, end: () => void): void => {
    signals.push(signal);
    if (signal.aborted) end();
    else signal.addEventListener("abort", end);
  };
  return {
    exchange: {
      exchange(x: Exchange) {
        x.start(200);
        x.write("data: 1\n\n");
        until(x.draining, () => x.end("data: bye\n\n"));
      },
    },
    fetch: {
      fetch: (_request, { draining }) =>
        new Response(
          new ReadableStream({
            start(controller) {
              const send = (text: string): void => controller.enqueue(new TextEncoder().encode(text));
              send("data: 1\n\n");
              until(draining, () => {
                send("data: bye\n\n");
                controller.close();
              });
            },
          }),
        ),
    },
  };
}

/** Ways to end, with what the connection ends for once its stream has: a server waits for a request on its way. */
const ENDS: Readonly<Record<string, readonly [(connected: Connected) => void, CloseReason]>> = {
  "server.shutdown()": [({ server }) => void server.shutdown(), "shutdown_idle"],
  "connection.shutdown()": [({ connection }) => connection.shutdown(), "shutdown"],
};

for (const kind of ["exchange", "fetch"]) {
  for (const [what, [end, reason]] of Object.entries(ENDS)) {
    test(`draining aborts at ${what}, so that an event stream ends by itself (${kind})`, async () => {
      const signals: AbortSignal[] = [];
      const connected = connect(eventStreams(signals)[kind]);
      const { client, connection, clock } = connected;
      client.send(get());
      await settled();
      assert.deepEqual(signals.map(({ aborted }) => aborted), [false]);
      end(connected);
      await settled();
      assert.equal(signals[0].reason.name, "AbortError");
      assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["data: 1\n\ndata: bye\n\n"]);
      clock.advance(10_000);
      assert.equal(await connection.closed, reason);
    });
  }

  test(`draining is aborted already in a request that comes when the server drains (${kind})`, async () => {
    const signals: AbortSignal[] = [];
    const { client, server } = connect(eventStreams(signals)[kind]);
    void server.shutdown();
    client.send(get());
    await settled();
    assert.deepEqual(signals.map(({ aborted }) => aborted), [true]);
    assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["data: 1\n\ndata: bye\n\n"]);
  });
}

test("draining does not abort when a response is complete, or its client goes", async () => {
  const signals: AbortSignal[] = [];
  const { client } = connect({
    exchange(x) {
      signals.push(x.draining);
      x.respond(200);
    },
  });
  client.send(get());
  client.send(get());
  client.reset();
  await settled();
  assert.deepEqual(signals.map(({ aborted }) => aborted), [false, false]);
});
