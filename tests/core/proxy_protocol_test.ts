/**
 * Option "proxyProtocol": who must send a PROXY header, what becomes of its connection, and what it is told.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { serve, serveConn } from "../../mod.ts";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import type { Addr, CloseReason, ConnectionState } from "../../src/api/transport.ts";
import { TIMER_RESOLUTION_MS } from "../../src/core/deadline_queue.ts";
import type { Exchange } from "../../src/api/exchange.ts";
import type { ConnectionOptions, ServeOptions } from "../../src/api/options.ts";
import { HttpServer } from "../../src/server/http_server.ts";
import { connectionSettings, serveSettings } from "../../src/options/settings.ts";
import { webStream } from "../support/byte_streams.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { connect, type Connected, get, parseResponses, post, settled } from "../support/memory.ts";
import {
  CLIENT,
  CLIENT_V1,
  CLIENT_V2,
  COMMAND,
  FAMILY,
  SIGNATURE,
  tlv,
  unixPath,
  v2,
} from "../support/proxy_headers.ts";
import { WireClient } from "../support/wire_client.ts";
import { bytesOf } from "../wire/helpers.ts";

/** Everybody on a connection in memory. */
const UNKNOWN = { proxyProtocol: { allow: ["unknown"] } } as const;

const OWN = {
  remoteAddr: { transport: "tcp", hostname: "10.0.0.2", port: 40_000 },
  localAddr: { transport: "tcp", hostname: "10.0.0.1", port: 8000 },
} as const;

/** A connection in memory with addresses. */
class PeerTransport extends MemoryTransport {
  override readonly remoteAddr: Addr | undefined;
  override readonly localAddr: Addr | undefined = OWN.localAddr;

  constructor(remoteAddr: Addr | undefined) {
    super();
    this.remoteAddr = remoteAddr;
  }
}

/** As `connect`, from an address. */
function connectFrom(remoteAddr: Addr | undefined, options: ConnectionOptions): Connected {
  const clock = new FakeClock();
  const server = new HttpServer(options, connectionSettings(options), clock);
  const client = new PeerTransport(remoteAddr);
  return { client, connection: server.accept(client), server, clock, errors: [] };
}

function tcp(hostname: string): Addr {
  return { transport: "tcp", hostname, port: 40_000 };
}

/** Answers with the ends of the connection, and the target. */
function tell(x: Exchange): void {
  x.respond(200, {}, JSON.stringify([x.remoteAddr, x.connection.localAddr, x.target]));
}

/** What `tell` answers. */
function told(ends: { readonly remoteAddr: Addr; readonly localAddr: Addr }, target: string): string {
  return JSON.stringify([ends.remoteAddr, ends.localAddr, target]);
}

function bodies({ client }: Pick<Connected, "client">): string[] {
  return parseResponses(client.text()).map(({ body }) => body);
}

function statuses({ client }: Pick<Connected, "client">): number[] {
  return parseResponses(client.text()).map(({ status }) => status);
}

/** Asserts that the connection was ended at once, without an answer. */
async function assertCutOff({ client, connection, server }: Connected, of: string): Promise<void> {
  assert.equal(client.closed, true, of);
  assert.equal(client.text(), "", of);
  assert.equal(connection.state, "closed", of);
  assert.equal(await connection.closed, "protocol_error", of);
  assert.equal(connection.requests, 0, of);
  assert.deepEqual(server.stats().closed, { protocol_error: 1 }, of);
}

// What it is for.

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

// States.

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

// What is refused.

test("a connection without the PROXY header that is due is closed with its first byte", async () => {
  for (
    const text of [
      get(),
      post("PROXY"),
      "PRI * HTTP/2.0\r\n\r\n",
      "\x16\x03\x01\x02\x00",
      "\n",
      "\r\n\r\nGET",
    ]
  ) {
    for (const [of, pieces] of [["whole", [text]], ["a byte at a time", [...text]]] as const) {
      const connected = connect({ exchange: () => assert.fail("there was no header"), ...UNKNOWN });
      for (const piece of pieces) connected.client.send(bytesOf(piece));
      await assertCutOff(connected, `${JSON.stringify(text)}, ${of}`);
    }
  }
});

test("a connection with a malformed PROXY header is closed at once, whatever is behind it", async () => {
  const malformed = [
    "PROXY TCP4 203.0.113.7 198.51.100.1 65536 443\r\n",
    "PROXY TCP4 ::1 198.51.100.1 1 443\r\n",
    "PROXY HTTP\r\n",
    CLIENT_V1.replace("\r", ""),
    `PROXY UNKNOWN ${"x".repeat(93)}\r\n`,
    `${SIGNATURE}\x31\x11\0\x0c${CLIENT_V2.slice(16)}`,
    v2(COMMAND.proxy, 0x41, CLIENT_V2.slice(16)),
    v2(COMMAND.proxy, FAMILY.tcp6, CLIENT_V2.slice(16)),
    v2(COMMAND.proxy, FAMILY.tcp4, CLIENT_V2.slice(16).padEnd(4081, "\0")),
  ];
  for (const header of malformed) {
    for (const rest of ["", get()]) {
      for (const cut of [0, 1, 10, header.length]) {
        const connected = connect({ exchange: () => assert.fail("the header is malformed"), ...UNKNOWN });
        connected.client.send(bytesOf((header + rest).slice(0, cut)));
        connected.client.send(bytesOf((header + rest).slice(cut)));
        await assertCutOff(connected, JSON.stringify(header + rest));
      }
    }
  }
});

test("a malformed request behind a PROXY header is answered", async () => {
  const connected = connect({ exchange: tell, ...UNKNOWN });
  connected.client.send(CLIENT_V1 + "GET / HTTP/1.1\r\n\r\n");
  assert.deepEqual(statuses(connected), [400]);
  connected.client.sendEnd();
  assert.equal(await connected.connection.closed, "protocol_error");
});

// Who sends one.

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

// Time, and ends.

test("a PROXY header that does not come, or not to its end, gets no answer", async () => {
  for (const sent of ["", "P", CLIENT_V1.slice(0, -1), CLIENT_V2.slice(0, -1), CLIENT_V1, CLIENT_V2]) {
    const { client, connection, clock } = connect({ exchange: tell, headerTimeout: 1000, ...UNKNOWN });
    clock.advance(600);
    if (sent !== "") client.send(bytesOf(sent));
    clock.advance(399);
    assert.equal(connection.state, "new");
    clock.advance(1 + TIMER_RESOLUTION_MS);
    assert.equal(client.ended, true);
    assert.equal(client.text(), "");
    client.sendEnd();
    assert.equal(await connection.closed, "header_timeout");
  }
});

test("headerTimeout runs through the PROXY header and the first head", async () => {
  const connected = connect({ exchange: tell, headerTimeout: 1000, ...UNKNOWN });
  const { client, connection, clock } = connected;
  clock.advance(400);
  client.send(CLIENT_V1);
  clock.advance(400);
  client.send("GET / ");
  clock.advance(200 + TIMER_RESOLUTION_MS);
  assert.deepEqual(statuses(connected), [408]);
  client.sendEnd();
  assert.equal(await connection.closed, "header_timeout");
});

test("a client that ends or breaks the connection before the first head is client_closed", async () => {
  for (const sent of ["", "P", CLIENT_V1.slice(0, -1), CLIENT_V2.slice(0, 20), CLIENT_V1, CLIENT_V2]) {
    for (const how of ["end", "reset"]) {
      const { client, connection, clock } = connect({ exchange: tell, ...UNKNOWN });
      if (sent !== "") client.send(bytesOf(sent));
      if (how === "end") client.sendEnd();
      else client.reset(new Error("ECONNRESET"));
      assert.equal(connection.state, "closed");
      assert.equal(await connection.closed, "client_closed");
      assert.equal(client.closed, true);
      assert.equal(client.text(), "");
      assert.equal(clock.timers, 0, "nothing is waited for");
    }
  }
});

test("a client that half-closes behind its request is answered", async () => {
  const connected = connect({ exchange: async (x) => (await null, tell(x)), ...UNKNOWN });
  connected.client.send(CLIENT_V1 + get("/"));
  connected.client.sendEnd();
  await settled();
  assert.deepEqual(bodies(connected), [told(CLIENT, "/")]);
});

test("shutdown() ends a connection that waits for its PROXY header, and keeps it for the grace", async () => {
  for (const sent of ["P", CLIENT_V1]) {
    const atOnce = connect({ exchange: tell, ...UNKNOWN });
    atOnce.client.send(sent);
    atOnce.connection.shutdown();
    assert.equal(atOnce.client.ended, true);
    atOnce.client.sendEnd();
    assert.equal(await atOnce.connection.closed, "shutdown_idle");

    const late = connect({ exchange: tell, ...UNKNOWN });
    late.client.send(sent);
    late.connection.retire(500);
    late.clock.advance(400);
    late.client.send(CLIENT_V1.slice(sent.length) + get("/"));
    assert.deepEqual(bodies(late), [told(CLIENT, "/")]);
    late.client.sendEnd();
    assert.equal(await late.connection.closed, "shutdown");

    const never = connect({ exchange: tell, ...UNKNOWN });
    never.client.send(sent);
    never.connection.retire(500);
    never.clock.advance(500 + TIMER_RESOLUTION_MS);
    assert.equal(never.client.ended, true);
    never.client.sendEnd();
    assert.equal(await never.connection.closed, "shutdown_idle");
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
    return { client, connection: server.accept(client) };
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

// On streams.

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

// The option.

test("proxyProtocol is checked when given, and the error tells what is wrong", async () => {
  const wrong: readonly [proxyProtocol: unknown, message: RegExp][] = [
    [null, /option "proxyProtocol" must be an object like .*, not null/],
    [true, /option "proxyProtocol" must be an object like .*, not boolean/],
    [{}, /option "proxyProtocol\.allow" must be an array.*leave out option "proxyProtocol"/],
    [{ allow: [] }, /option "proxyProtocol\.allow" must be an array that names at least one peer/],
    [{ allow: "10.0.0.0/8" }, /option "proxyProtocol\.allow" must be an array/],
    [{ allow: ["unix", 10] }, /option "proxyProtocol\.allow\[1\]" must be a string, not number/],
    [{ allow: ["unix"], deny: [] }, /option "proxyProtocol\.deny" is unknown; the options are allow/],
    [{ allow: [""] }, /option "proxyProtocol\.allow" .*not "": .*10\.0\.0\.0\/8/],
    [
      { allow: ["unix", "localhost"] },
      /option "proxyProtocol\.allow" .*"unix" or "unknown", not "localhost"/,
    ],
    [{ allow: ["Unix"] }, /not "Unix"/],
    [{ allow: ["10.0.0.5/8"] }, /not "10\.0\.0\.5\/8": write "10\.0\.0\.0\/8" .*"10\.0\.0\.5"/],
    [{ allow: ["::1/129"] }, /not "::1\/129": .*0 to 128/],
  ];
  for (const [proxyProtocol, message] of wrong) {
    const options = { exchange: tell, proxyProtocol } as ConnectionOptions;
    const refusal = (error: Error): boolean => {
      assert.equal(error.name, "TypeError");
      assert.match(error.message, message);
      return true;
    };
    await assert.rejects(serve({ ...options, port: 0 }), refusal);
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    assert.throws(() => serveConn({ readable, writable }, options), refusal);
    assert.deepEqual([readable.locked, writable.locked], [false, false], "the streams are as they were");
  }
});

test("proxyProtocol does not go with tls", async () => {
  const tls = { key: "key", cert: "cert" };
  await assert.rejects(
    serve({ port: 0, exchange: tell, tls, ...UNKNOWN }),
    /TypeError: option "proxyProtocol" does not go with option "tls".*let the proxy/,
  );
});

test("proxyProtocol.allow is read once: changing the list later changes nothing", () => {
  const allow = ["10.0.0.2"];
  const options = { exchange: tell, proxyProtocol: { allow } };
  const server = new HttpServer(options, connectionSettings(options), new FakeClock());
  allow[0] = "::1";
  const client = new PeerTransport(OWN.remoteAddr);
  server.accept(client);
  client.send(CLIENT_V1 + get("/"));
  assert.deepEqual(bodies({ client }), [told(CLIENT, "/")]);
});
