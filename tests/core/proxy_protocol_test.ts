/**
 * Option "proxyProtocol": what a PROXY header tells of the client, and to whom.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { serveConn } from "../../mod.ts";
import type { Addr, ConnectionState } from "../../src/api/transport.ts";
import { webStream } from "../support/byte_streams.ts";
import { connect, get, post, settled } from "../support/memory.ts";
import { bodies, connectFrom, OWN, statuses, tell, told, UNKNOWN } from "../support/proxied_connections.ts";
import {
  CLIENT,
  CLIENT_V1,
  CLIENT_V2,
  COMMAND,
  FAMILY,
  tlv,
  unixPath,
  v2,
} from "../support/proxy_headers.ts";
import { WireClient } from "../support/wire_client.ts";
import { bytesOf } from "../wire/helpers.ts";

test("a PROXY header tells exchange handlers the client's address", () => {
  for (const header of [CLIENT_V1, CLIENT_V2]) {
    const connected = connectFrom(OWN.remoteAddr, {
      exchange: tell,
      proxyProtocol: { allow: ["10.0.0.0/8"] },
    });
    const { client, connection, server } = connected;
    assert.deepEqual([connection.remoteAddr, connection.localAddr], [OWN.remoteAddr, OWN.localAddr]);
    client.send(bytesOf(header));
    assert.deepEqual([connection.remoteAddr, connection.localAddr], [CLIENT.remoteAddr, CLIENT.localAddr]);
    assert.deepEqual(server.connections()[0].remoteAddr, CLIENT.remoteAddr);
    client.send(get("/1"));
    client.send(get("/2"));
    assert.deepEqual(bodies(connected), [told(CLIENT, "/1"), told(CLIENT, "/2")]);
    assert.equal(connection.state, "idle");
    connection.close();
    assert.deepEqual(connection.remoteAddr, CLIENT.remoteAddr, "it is known after the end, too");
  }
});

test("a PROXY header tells fetch handlers the client's address", async () => {
  const connected = connect({
    fetch: (_request, info) => Response.json([info.remoteAddr, info.connection.localAddr]),
    ...UNKNOWN,
  });
  connected.client.send(bytesOf(CLIENT_V2 + get()));
  await settled();
  assert.deepEqual(bodies(connected), [JSON.stringify([CLIENT.remoteAddr, CLIENT.localAddr])]);
});

test("a PROXY header and the requests behind it may be cut anywhere", () => {
  for (const header of [CLIENT_V1, CLIENT_V2]) {
    const input = header + get("/1") + post("hello", "/2") + get("/3");
    const expected = ["/1", "/2", "/3"].map((target) => told(CLIENT, target));
    for (let cut = 0; cut <= input.length; cut++) {
      const connected = connect({ exchange: tell, ...UNKNOWN });
      connected.client.send(bytesOf(input.slice(0, cut)));
      connected.client.send(bytesOf(input.slice(cut)));
      assert.deepEqual(bodies(connected), expected, `cut at ${cut}`);
    }
    const connected = connect({ exchange: tell, ...UNKNOWN });
    for (const byte of input) connected.client.send(bytesOf(byte));
    assert.deepEqual(bodies(connected), expected);
  }
});

test("a PROXY header with the largest TLVs is read whatever highWaterMark is", () => {
  const header = v2(COMMAND.proxy, FAMILY.tcp4, CLIENT_V2.slice(16) + tlv(0x04, "x".repeat(4065)));
  assert.equal(header.length, 4096);
  const connected = connect({ exchange: tell, highWaterMark: 1, ...UNKNOWN });
  const { client } = connected;
  for (const byte of header) {
    client.send(bytesOf(byte));
    assert.equal(client.paused, false);
  }
  client.send(get("/"));
  assert.deepEqual(bodies(connected), [told(CLIENT, "/")]);
});

test("a PROXY header tells the path of a Unix socket", () => {
  const { client, connection } = connect({ exchange: tell, ...UNKNOWN });
  client.send(bytesOf(v2(COMMAND.proxy, FAMILY.unix, unixPath("/run/a.sock") + unixPath("/run/b.sock"))));
  assert.deepEqual(connection.remoteAddr, { transport: "unix", path: "/run/a.sock" });
  assert.deepEqual(connection.localAddr, { transport: "unix", path: "/run/b.sock" });
});

test("a PROXY header that tells no address leaves the transport's", () => {
  for (
    const header of [
      v2(COMMAND.local, FAMILY.unspec, ""),
      v2(COMMAND.local, FAMILY.tcp4, CLIENT_V2.slice(16)),
      v2(COMMAND.proxy, FAMILY.unspec, ""),
      v2(COMMAND.proxy, FAMILY.udp4, CLIENT_V2.slice(16)),
      "PROXY UNKNOWN\r\n",
      "PROXY UNKNOWN 203.0.113.7 198.51.100.1 1 2\r\n",
    ]
  ) {
    const connected = connectFrom(OWN.remoteAddr, { exchange: tell, proxyProtocol: { allow: ["10.0.0.2"] } });
    connected.client.send(bytesOf(header + get("/")));
    assert.deepEqual(bodies(connected), [told(OWN, "/")], JSON.stringify(header));
  }
});

test("a connection is new until the first byte of a request, PROXY header or not", () => {
  const states: [ConnectionState, Addr | undefined][] = [];
  const { client, connection } = connectFrom(OWN.remoteAddr, {
    exchange: tell,
    proxyProtocol: { allow: ["10.0.0.2"] },
    onStateChange: (connection, state) => states.push([state, connection.remoteAddr]),
  });
  client.send(bytesOf(CLIENT_V2.slice(0, 20)));
  assert.equal(connection.state, "new");
  client.send(bytesOf(CLIENT_V2.slice(20)));
  assert.equal(connection.state, "new");
  client.send("G");
  assert.equal(connection.state, "active");
  client.send(get().slice(1));
  assert.equal(connection.state, "idle");
  client.sendEnd();
  assert.deepEqual(states, [
    ["new", OWN.remoteAddr],
    ["active", CLIENT.remoteAddr],
    ["idle", CLIENT.remoteAddr],
    ["draining", CLIENT.remoteAddr],
    ["closed", CLIENT.remoteAddr],
  ]);
});

test("a PROXY header comes once: a second one is a malformed request", () => {
  for (const header of [CLIENT_V1, CLIENT_V2]) {
    const first = connect({ exchange: tell, ...UNKNOWN });
    first.client.send(bytesOf(header + header));
    assert.deepEqual(statuses(first), [400]);
    const later = connect({ exchange: tell, ...UNKNOWN });
    later.client.send(bytesOf(header + get("/")));
    later.client.send(bytesOf(header));
    assert.deepEqual(statuses(later), [200, 400]);
    assert.deepEqual(later.connection.remoteAddr, CLIENT.remoteAddr);
  }
});

test("serveConn() reads a PROXY header from streams without an address", async () => {
  const toServer = new TransformStream<Uint8Array, Uint8Array>();
  const toClient = new TransformStream<Uint8Array, Uint8Array>();
  const connection = serveConn({ readable: toServer.readable, writable: toClient.writable }, {
    exchange: tell,
    ...UNKNOWN,
  });
  using client = new WireClient(webStream(toClient.readable, toServer.writable));
  await client.send(bytesOf(CLIENT_V2.slice(0, 15)));
  await client.send(bytesOf(CLIENT_V2.slice(15) + get("/1")));
  assert.equal((await client.response()).text, told(CLIENT, "/1"));
  assert.deepEqual(connection.remoteAddr, CLIENT.remoteAddr);
  connection.close();
});
