/** Who must send a PROXY header, and who counts as the peer of its connection. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { serveConn } from "../../mod.ts";
import type { Addr, CloseReason } from "../../src/api/transport.ts";
import type { ServeOptions } from "../../src/api/options.ts";
import { HttpServer } from "../../src/server/http_server.ts";
import { serveSettings } from "../../src/options/settings.ts";
import { webStream } from "../support/byte_streams.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { get } from "../support/memory.ts";
import {
  assertCutOff,
  bodies,
  connectFrom,
  OWN,
  PeerTransport,
  statuses,
  tcp,
  tell,
  told,
} from "../support/proxied_connections.ts";
import { CLIENT, CLIENT_V1, CLIENT_V2 } from "../support/proxy_headers.ts";
import { WireClient } from "../support/wire_client.ts";
import { bytesOf } from "../wire/helpers.ts";

test("who is allowed must send a PROXY header, and nobody else may", async () => {
  const unix: Addr = { transport: "unix", path: "" };
  const vsock = { transport: "vsock", cid: 1, port: 1 } as unknown as Addr;
  const peers: readonly [allow: string[], in_: (Addr | undefined)[], out: (Addr | undefined)[]][] = [
    [["10.0.0.2"], [tcp("10.0.0.2"), tcp("::ffff:10.0.0.2")], [tcp("10.0.0.3"), unix, undefined, vsock]],
    [["10.0.0.0/8", "::1"], [tcp("10.9.9.9"), tcp("::1")], [tcp("11.0.0.1"), tcp("::2"), tcp("127.0.0.1")]],
    [["fe80::/10"], [tcp("fe80::1"), tcp("fe80::1%eth0")], [tcp("fec0::1"), tcp("10.0.0.2")]],
    [["::/0"], [tcp("::1")], [tcp("10.0.0.2"), tcp("::ffff:10.0.0.2"), unix, undefined]],
    [["unix"], [unix, { transport: "unix", path: "/a" }], [tcp("10.0.0.2"), tcp("unix"), undefined, vsock]],
    [["unknown"], [undefined], [unix, tcp("10.0.0.2"), tcp(""), tcp("unknown"), vsock]],
    [["unix", "unknown", "10.0.0.0/8"], [unix, undefined, tcp("10.0.0.2")], [tcp("::1"), vsock]],
    [["0.0.0.0/0", "::/0"], [tcp("10.0.0.2"), tcp("::1")], [unix, undefined, tcp("host.example"), vsock]],
  ];
  for (const [allow, allowed, others] of peers) {
    const options = { exchange: tell, proxyProtocol: { allow } };
    for (const peer of allowed) {
      const of = JSON.stringify([allow, peer]);
      const withHeader = connectFrom(peer, options);
      withHeader.client.send(CLIENT_V1 + get("/"));
      assert.deepEqual(bodies(withHeader), [told(CLIENT, "/")], of);
      const without = connectFrom(peer, options);
      without.client.send(get("/"));
      await assertCutOff(without, of);
    }
    for (const peer of others) {
      const of = JSON.stringify([allow, peer]);
      for (const header of [CLIENT_V1, CLIENT_V2]) {
        const withHeader = connectFrom(peer, options);
        withHeader.client.send(bytesOf(header + get("/")));
        assert.deepEqual(statuses(withHeader), [400], of);
      }
      const without = connectFrom(peer, options);
      without.client.send(get("/"));
      assert.deepEqual(statuses(without), [200], of);
      assert.deepEqual(without.connection.remoteAddr, peer, of);
    }
  }
});

test("without the option a PROXY header is a malformed request", () => {
  for (const header of [CLIENT_V1, CLIENT_V2]) {
    for (const options of [{ exchange: tell }, { exchange: tell, proxyProtocol: undefined! }]) {
      const connected = connectFrom(OWN.remoteAddr, options);
      connected.client.send(bytesOf(header + get("/")));
      assert.deepEqual(statuses(connected), [400]);
      assert.deepEqual(connected.connection.remoteAddr, OWN.remoteAddr);
    }
  }
});

test("maxConnectionsPerIp counts by the proxy's address, not by the client's", async () => {
  const options: ServeOptions = {
    exchange: tell,
    maxConnectionsPerIp: 1,
    proxyProtocol: { allow: ["10.0.0.0/8"] },
  };
  const server = new HttpServer(options, serveSettings(options), new FakeClock());
  const [first, second, third] = ["10.0.0.2", "10.0.0.2", "10.0.0.3"].map((hostname) => {
    const client = new PeerTransport(tcp(hostname));
    return { client, connection: server.accept(client).facade };
  });
  first.client.send(CLIENT_V1 + get("/"));
  // Turned away without a look at what it sends.
  second.client.send(CLIENT_V1 + get("/"));
  third.client.send(CLIENT_V1 + get("/"));
  assert.deepEqual([first, second, third].map(statuses), [[200], [503], [200]]);
  second.client.sendEnd();
  assert.equal(await second.connection.closed, "rejected");
  // The place that is free again is the one of the proxy.
  first.connection.close();
  const client = new PeerTransport(tcp("10.0.0.2"));
  server.accept(client);
  client.send(CLIENT_V1 + get("/"));
  assert.deepEqual(statuses({ client }), [200]);
});

test("serveConn() goes by the address that the connection has", async () => {
  for (
    const [hostname, expected] of [["192.0.2.1", "protocol_error"], ["192.0.2.2", "forced"]] as const
  ) {
    const toServer = new TransformStream<Uint8Array, Uint8Array>();
    const toClient = new TransformStream<Uint8Array, Uint8Array>();
    const remoteAddr = tcp(hostname);
    const connection = serveConn({ readable: toServer.readable, writable: toClient.writable, remoteAddr }, {
      exchange: tell,
      proxyProtocol: { allow: ["192.0.2.1"] },
    });
    const client = new WireClient(webStream(toClient.readable, toServer.writable));
    const sent = client.send(get("/")).catch(() => {});
    if (expected === "forced") {
      assert.equal((await client.response()).status, 200);
      connection.close();
    } else await client.assertOver();
    await sent;
    const reason: CloseReason = await connection.closed;
    assert.equal(reason, expected);
  }
});
