/** HTTP/2 connections of a server: beside HTTP/1.1, behind proxies, at its caps, and what is told of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import type { Exchange } from "../../src/api/exchange.ts";
import type { ConnectionState } from "../../src/api/transport.ts";
import {
  bodyOf,
  connectHttp2,
  frame,
  Http2Client,
  type Http2Connected,
  PREFACE,
  request,
  SETTING,
  uint32,
  visit,
} from "../support/http2_client.ts";
import { Place } from "../limits/place.ts";
import { get, parseResponses, settled } from "../support/memory.ts";
import { CLIENT, CLIENT_V1, CLIENT_V2 } from "../support/proxy_headers.ts";
import { bytesOf } from "../wire/helpers.ts";

const exchange = (x: Exchange): void => x.target === "/waits" ? undefined : x.respond(200, {}, x.target);

/** A transport that tells what ALPN has agreed upon. */
class AlpnTransport extends MemoryTransport {
  readonly alpnProtocol: string | null;

  constructor(alpnProtocol: string | null) {
    super();
    this.alpnProtocol = alpnProtocol;
  }
}

function accept({ server }: Pick<Http2Connected, "server">, transport: MemoryTransport): Http2Client {
  server.accept(transport);
  return new Http2Client(transport);
}

test("http1: false refuses HTTP/1.1, and speaks HTTP/2", async () => {
  const connected = await connectHttp2({ exchange, http1: false });
  connected.peer.get(1);
  assert.equal(bodyOf(connected.peer.read(), 1), "/");
  for (const text of [get(), "x", "PRI * HTTP/1.1\r\n\r\n", "\x16\x03\x01"]) {
    const transport = new MemoryTransport();
    const { facade } = connected.server.accept(transport);
    transport.send(text);
    assert.match(transport.text(), /^HTTP\/1\.1 505 /);
    assert.equal(transport.ended, true);
    transport.sendEnd();
    assert.equal(await facade.closed, "protocol_error");
  }
});

test("where ALPN has agreed upon one protocol, the other is refused", async () => {
  const connected = await connectHttp2({ exchange });
  const h2 = new AlpnTransport("h2");
  connected.server.accept(h2);
  h2.send(get());
  assert.match(h2.text(), /^HTTP\/1\.1 505 /);
  const h1 = new AlpnTransport("http/1.1");
  connected.server.accept(h1);
  h1.send(PREFACE);
  assert.match(h1.text(), /^HTTP\/1\.1 505 /);
  assert.deepEqual([h2.ended, h1.ended], [true, true]);
});

test("what ALPN has agreed upon is spoken, and either where it has not", async () => {
  const connected = await connectHttp2({ exchange });
  for (const alpn of ["h2", null]) {
    const peer = accept(connected, new AlpnTransport(alpn));
    peer.open();
    peer.get(1);
    assert.equal(bodyOf(peer.read(), 1), "/");
  }
  for (const alpn of ["http/1.1", null]) {
    const transport = new AlpnTransport(alpn);
    connected.server.accept(transport);
    transport.send(get());
    assert.deepEqual(parseResponses(transport.text()).map(({ status }) => status), [200]);
  }
});

test("a PROXY header comes before the preface, however it is cut", async () => {
  const connected = await connectHttp2({
    proxyProtocol: { allow: ["unknown"] },
    exchange: (x) => x.respond(200, {}, JSON.stringify(x.remoteAddr)),
  });
  for (const header of [CLIENT_V1, CLIENT_V2]) {
    for (const cut of [1, header.length, header.length + 3, header.length + 24]) {
      const peer = accept(connected, new MemoryTransport());
      const input = bytesOf(header + PREFACE);
      peer.send(input.subarray(0, cut));
      peer.send(input.subarray(cut), frame("SETTINGS", 0, 0), peer.headers(1, request()));
      assert.equal(bodyOf(peer.read(), 1), JSON.stringify(CLIENT.remoteAddr));
    }
  }
});

test("one that makes room before its preface came is told in the protocol that ALPN has agreed upon", async () => {
  for (const http1 of [true, false]) {
    const { server } = new Place({ exchange, http2: true, http1, maxConnections: 1 });
    await server.loaded;
    const evicted = accept({ server }, new AlpnTransport("h2"));
    server.accept(new AlpnTransport("h2"));
    assert.deepEqual(evicted.told(), [
      "SETTINGS",
      "WINDOW_UPDATE 0 +4128769",
      "GOAWAY 0 ENHANCE_YOUR_CALM",
    ]);
    assert.equal(evicted.transport.ended, true);
  }
});

test("one that makes room in its TLS handshake is closed without a word: what it speaks is not known", async () => {
  class HandshakingTransport extends MemoryTransport {
    readonly isSecure = true;
    readonly handshaking = true;
  }
  const { server } = new Place({ exchange, http2: true, maxConnections: 1 });
  await server.loaded;
  const evicted = new HandshakingTransport();
  server.accept(evicted);
  server.accept(new HandshakingTransport());
  assert.deepEqual([evicted.text(), evicted.closed], ["", true]);
});

test("at maxConnections an idle connection makes room; those with requests stay, and the newcomer is refused", async () => {
  const { server } = new Place({ exchange, http2: true, maxConnections: 2 });
  await server.loaded;
  const busy = visit({ server });
  busy.get(1, "/waits");
  const idle = visit({ server });
  idle.get(1);
  idle.read();
  const newcomer = visit({ server });
  assert.equal(idle.transport.closed, true);
  newcomer.get(1, "/waits");
  const last = new MemoryTransport();
  const { facade } = server.accept(last);
  assert.match(last.text(), /^HTTP\/1\.1 503 /);
  assert.equal(last.ended, true);
  last.sendEnd();
  assert.equal(await facade.closed, "rejected");
  assert.equal(busy.transport.closed, false);
  const { accepted, rejected, evicted } = server.stats();
  assert.deepEqual([accepted, rejected, evicted], [3, 1, 1]);
});

test("http1: false refuses a newcomer in HTTP/2", async () => {
  const { server } = new Place({ exchange, http1: false, http2: true, maxConnections: 1 });
  await server.loaded;
  visit({ server }).get(1, "/waits");
  const last = accept({ server }, new MemoryTransport());
  last.send(PREFACE, frame("SETTINGS", 0, 0));
  const told = last.told();
  assert.deepEqual([told[0], told.at(-1)], ["SETTINGS", "GOAWAY 0 ENHANCE_YOUR_CALM"]);
  assert.equal(last.transport.ended, true);
});

test("a server tells of requests and states as with HTTP/1.1", async () => {
  const states: ConnectionState[] = [];
  const connected = await connectHttp2({ exchange, onStateChange: (_, state) => void states.push(state) });
  const { peer, server, connection, client } = connected;
  peer.get(1, "/waits");
  peer.get(3);
  peer.get(5);
  assert.deepEqual(states, ["new", "active"]);
  peer.cancel(1);
  const { requests, reused, active, idle } = server.stats();
  assert.deepEqual([requests, reused, active, idle], [3, 2, 0, 1]);
  assert.equal(connection.requests, 3);
  const [{ state, requests: own }] = server.connections();
  assert.deepEqual([state, own], ["idle", 3]);
  peer.get(7);
  client.sendEnd();
  assert.deepEqual(states, ["new", "active", "idle", "active", "idle", "draining", "closed"]);
  assert.equal(await connection.closed, "client_closed");
  assert.deepEqual(server.stats().closed, { client_closed: 1 });
});

test("why a connection was closed: reset by the client, with and without requests under way", async () => {
  for (const [path, reason] of [["/waits", "client_gone"], ["/", "client_closed"]] as const) {
    const { peer, client, connection } = await connectHttp2({ exchange });
    peer.get(1, path);
    client.reset();
    assert.equal(await connection.closed, reason);
  }
});

test("a transport that fails aborts every stream's signal, and rejects what is read and awaited", async () => {
  const failures: string[] = [];
  const fail = (what: string) => (error: { code: string }) => void failures.push(`${what}: ${error.code}`);
  const { peer, client, errors } = await connectHttp2({
    exchange(x) {
      x.signal.addEventListener("abort", () => fail("signal")(x.signal.reason.cause));
      if (x.method === "POST") return x.text().then(() => {}, fail("body"));
      x.start(200);
      x.write(new Uint8Array(100_000));
      return x.ready().catch(fail("ready"));
    },
  });
  peer.get(1);
  peer.post(3);
  client.reset();
  await settled();
  assert.deepEqual(failures.sort(), [
    "body: peer_gone",
    "ready: peer_gone",
    "signal: peer_gone",
    "signal: peer_gone",
  ]);
  assert.deepEqual(errors, []);
});

test("one write takes the answers to all that came together", async () => {
  const { peer, client } = await connectHttp2({ exchange });
  const before = client.written.length;
  peer.send(...[1, 3, 5, 7].map((id) => peer.headers(id, request())));
  assert.equal(client.written.length, before + 1);
  assert.equal(peer.told().length, 8);
});

/** The frames of six bodies of 64 KiB by how many KiB are gathered for a write. */
const gathered: Record<number, number[]> = {
  16_384: Array(12).fill(32),
  65_536: [96, 96, 96, 96],
};

for (const [highWaterMark, writes] of Object.entries(gathered)) {
  test(`frames are gathered up to half as much again as highWaterMark, ${highWaterMark}`, async () => {
    const { peer, client } = await connectHttp2({
      exchange: (x) => x.respond(200, {}, new Uint8Array(64 * 1024)),
      highWaterMark: Number(highWaterMark),
    }, { settings: [[SETTING.initialWindowSize, 64 * 1024]] });
    peer.send(frame("WINDOW_UPDATE", 0, 0, uint32(1024 * 1024)));
    const before = client.written.length;
    peer.send(...[1, 3, 5, 7, 9, 11].map((id) => peer.headers(id, request())));
    assert.deepEqual(client.written.slice(before).map(({ length }) => Math.floor(length / 1024)), writes);
  });
}
