/** The protocol of ALPN that connections tell which the program has accepted: which are taken, and what is told of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Conn, type ConnectionOptions, createServer, serveConn } from "../../mod.ts";
import { type DenoConn, DenoConnTransport } from "../../src/adapters/deno_conn.ts";
import { transportOf } from "../../src/adapters/streams.ts";
import { connectionSettings } from "../../src/options/settings.ts";
import { Told } from "../support/taken_transports.ts";
import { settled } from "../support/memory.ts";

const exchange = (): void => {};

/** A connection in memory that tells `alpnProtocol`, if it is given. */
function connOf(alpnProtocol?: unknown): Conn {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  return { readable, writable, ...alpnProtocol !== undefined && { alpnProtocol: alpnProtocol as string } };
}

/** Which are taken with these options, and the errors of the others. */
const CASES: readonly (readonly [ConnectionOptions, taken: unknown[], refused: [string, RegExp][]])[] = [
  [{}, ["http/1.1", "http/1.0", null, false, undefined], [
    ["h2", /"h2" \(ALPN\), which is not spoken here: set option "http2" to true$/],
    ["spdy/3", /"spdy\/3" \(ALPN\), .*: this server speaks http\/1\.1, http\/1\.0$/],
    ["constructor", /"constructor" \(ALPN\), .*: this server speaks/],
  ]],
  [{ http2: true }, ["h2", "http/1.1", "http/1.0", null, false, undefined], [
    ["spdy/3", /: this server speaks h2, http\/1\.1, http\/1\.0$/],
  ]],
  [{ http2: true, http1: false }, ["h2", null, false, undefined], [
    ["http/1.1", /"http\/1\.1" \(ALPN\), which is not spoken here: leave out option "http1"$/],
    ["http/1.0", /leave out option "http1"$/],
  ]],
];

for (const [options, taken, refused] of CASES) {
  test(`accept() and serveConn() with ${JSON.stringify(options)} take what is spoken`, async () => {
    const server = createServer({ exchange, ...options });
    const settings = connectionSettings({ exchange, ...options });
    for (const protocol of taken) {
      server.accept(connOf(protocol)).close();
      serveConn(connOf(protocol), { exchange, ...options }).close();
      const told = transportOf(connOf(protocol), settings).alpnProtocol;
      assert.equal(told, protocol === false ? null : protocol);
    }
    for (const [protocol, message] of refused) {
      const isRefused = (error: Error): boolean => error.name === "TypeError" && message.test(error.message);
      const conn = connOf(protocol);
      assert.throws(() => server.accept(conn), isRefused);
      assert.throws(() => serveConn(conn, { exchange, ...options }), isRefused);
      assert.deepEqual([conn.readable.locked, conn.writable.locked], [false, false]);
    }
    await server.close();
  });
}

for (const [agreed, expected] of [["h2", "h2"], ["http/1.1", "http/1.1"], [null, null]] as const) {
  test(`DenoConnTransport tells the protocol of a handshake that is over (${agreed})`, async () => {
    const addr = { transport: "tcp", hostname: "192.0.2.1", port: 1 } as const;
    const conn: DenoConn = {
      remoteAddr: addr,
      localAddr: addr,
      read: () => new Promise(() => {}),
      write: () => new Promise(() => {}),
      closeWrite: () => Promise.resolve(),
      close() {},
      handshake: () => Promise.resolve({ alpnProtocol: agreed }),
    };
    const transport = new DenoConnTransport(conn);
    transport.start(new Told());
    assert.equal(transport.alpnProtocol, undefined);
    await settled();
    assert.equal(transport.alpnProtocol, expected);
    transport.close(false);
  });
}
