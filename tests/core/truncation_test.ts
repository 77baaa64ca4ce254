/**
 * A response that the end of the connection ends (HTTP/1.0, no length) must not look complete when it is cut off:
 * the client sees a failure instead (RFC 9112 §8).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, type Connected, settled } from "../support/memory.ts";

const REQUEST = "GET / HTTP/1.0\r\nHost: a.example\r\n\r\n";

/** Ways in which a connection ends under a response. */
const ENDS: Readonly<Record<string, (connected: Connected) => void>> = {
  "connection.close()": ({ connection }) => connection.close(),
  "server.close()": ({ server }) => void server.close(),
  "the deadline of shutdown()": ({ server, clock }) => {
    void server.shutdown({ timeout: 1_000 });
    clock.advance(2_000);
  },
  "making room": ({ internal }) => internal.evict(false),
};

for (const [what, end] of Object.entries(ENDS)) {
  test(`a streamed response to HTTP/1.0 that ${what} cuts off is reset`, async () => {
    const connected = connect({
      exchange(x) {
        x.start(200);
        x.write("a part");
        return new Promise(() => {});
      },
    });
    connected.client.send(REQUEST);
    end(connected);
    await settled();
    assert.deepEqual([connected.client.closed, connected.client.wasReset], [true, true]);
  });

  test(`a streamed response to HTTP/1.0 that the client has not taken whole when ${what} ends it is reset`, async () => {
    const connected = connect({
      exchange(x) {
        x.start(200);
        x.end("all of it");
      },
    });
    connected.client.takesWrites = false;
    connected.client.send(REQUEST);
    end(connected);
    await settled();
    assert.deepEqual([connected.client.closed, connected.client.wasReset], [true, true]);
  });

  test(`a response that was taken whole is not reset by ${what}`, async () => {
    const connected = connect({
      exchange(x) {
        x.start(200);
        x.end("all of it");
      },
    });
    connected.client.send(REQUEST);
    end(connected);
    connected.clock.advance(10_000);
    await settled();
    assert.deepEqual([connected.client.closed, connected.client.wasReset], [true, false]);
  });
}
