/**
 * The opening handshake: what is answered to a request that is one, and to those that are not.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type ConnectionError,
  createServer,
  type Exchange,
  type FetchInfo,
  type NetAddr,
  serve,
} from "../../mod.ts";
import { MemoryTransport } from "../../testing.ts";
import { upgradeWebSocket } from "../../websocket.ts";
import { connectTcp } from "../support/byte_streams.ts";
import { ACCEPTED, echo, FrameClient, handshake, serveWebSockets, TEXT } from "../support/web_sockets.ts";
import { WireClient, type WireResponse } from "../support/wire_client.ts";

/** The answer to a request. */
async function ask(port: number, request: string): Promise<WireResponse> {
  using client = new WireClient(await connectTcp(port));
  await client.send(request);
  return await client.response();
}

test("upgradeWebSocket() answers with the key of RFC 6455, and no extension or protocol of its own", async () => {
  await using opened = await serveWebSockets(echo);
  using client = new WireClient(await connectTcp(opened.port));
  await client.send(handshake({
    "sec-websocket-extensions": "permessage-deflate",
    "sec-websocket-protocol": "chat",
  }));
  const head = (await client.readUntil("\r\n\r\n")).toLowerCase().split("\r\n");
  assert.match(head[0], /^http\/1\.1 101 /);
  assert.deepEqual(
    head.slice(1).sort(),
    ["connection: upgrade", `sec-websocket-accept: ${ACCEPTED.toLowerCase()}`, "upgrade: websocket"],
  );
});

test("upgradeWebSocket() takes what else is one: lists, cases, spaces", async () => {
  await using opened = await serveWebSockets(echo);
  for (
    const lines of [
      { connection: "keep-alive, Upgrade" },
      { upgrade: "WebSocket" },
      { upgrade: "foo, websocket" },
      { "sec-websocket-protocol": "a, b,, c" },
    ]
  ) {
    using client = await FrameClient.open(opened.port, lines);
    await client.sendFrames({ opcode: TEXT, payload: "here" });
    assert.equal((await client.frame()).text, "here");
  }
});

const REFUSED: [what: string, status: number, request: string][] = [
  ["no Upgrade", 426, handshake({ upgrade: undefined })],
  ["another Upgrade", 426, handshake({ upgrade: "h2c" })],
  ["an Upgrade that Connection does not list", 426, handshake({ connection: "keep-alive" })],
  ["HTTP/1.0", 426, handshake({}, "GET / HTTP/1.0")],
  ["no version", 426, handshake({ "sec-websocket-version": undefined })],
  ["another version", 426, handshake({ "sec-websocket-version": "8" })],
  ["two versions", 426, handshake({ "sec-websocket-version": "13, 8" })],
  ["POST", 405, handshake({ "content-length": "0" }, "POST / HTTP/1.1")],
  ["HEAD's sibling OPTIONS", 405, handshake({}, "OPTIONS / HTTP/1.1")],
  ["no key", 400, handshake({ "sec-websocket-key": undefined })],
  ["a short key", 400, handshake({ "sec-websocket-key": "dGhlIHNhbXBsZQ==" })],
  ["a key that is no base64", 400, handshake({ "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZ!==" })],
  ["a key with bits beyond its bytes", 400, handshake({ "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZR==" })],
  [
    "two keys",
    400,
    handshake({
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
    }),
  ],
  ["a protocol that is no token", 400, handshake({ "sec-websocket-protocol": "a b" })],
  ["no protocol at all", 400, handshake({ "sec-websocket-protocol": "," })],
  ["a protocol twice", 400, handshake({ "sec-websocket-protocol": "a, b, a" })],
];

test("upgradeWebSocket() answers what is no handshake, and the connection goes on", async () => {
  const closes: string[] = [];
  await using opened = await serveWebSockets((socket) => {
    assert.equal(socket.readyState, WEB_SOCKET.CONNECTING);
    socket.onopen = () => closes.push("open");
    socket.onerror = () => closes.push("error");
    socket.onclose = ({ code, wasClean }) => closes.push(`${code} ${wasClean} ${socket.readyState}`);
  });
  for (const [what, status, request] of REFUSED) {
    const { status: answered, headers, text } = await ask(opened.port, request);
    assert.equal(answered, status, what);
    assert.notEqual(text, "");
    if (status === 426) {
      assert.equal(headers.get("sec-websocket-version"), "13", what);
      assert.equal(headers.get("upgrade"), "websocket", what);
    }
    if (status === 405) assert.equal(headers.get("allow"), "GET");
    assert.deepEqual(closes.splice(0), ["error", "1006 false 3"], what);
  }
  using client = new WireClient(await connectTcp(opened.port));
  await client.send(handshake({ "sec-websocket-key": undefined }));
  assert.equal((await client.response()).status, 400);
  await client.send(handshake());
  assert.match(await client.readUntil("\r\n\r\n"), /^HTTP\/1\.1 101 /);
  assert.deepEqual(opened.errors, []);
});

const WEB_SOCKET = { CONNECTING: 0 };

test("upgradeWebSocket() refuses a handshake with a body that was not read", async () => {
  await using opened = await serveWebSockets(echo);
  const { status } = await ask(opened.port, `${handshake({ "content-length": "5" })}hello`);
  assert.equal(status, 400);
});

test("upgradeWebSocket() chooses the first of its protocols that the client offers", async () => {
  for (
    const [spoken, offered, chosen] of [
      ["chat", "chat", "chat"],
      [["b", "a"], "a, b", "b"],
      [["a"], "b", ""],
      [["A"], "a", ""],
      [[], "a", ""],
    ] as const
  ) {
    let protocol: string | undefined;
    await using opened = await serveWebSockets((socket) => protocol = socket.protocol, { protocol: spoken });
    using client = new WireClient(await connectTcp(opened.port));
    await client.send(handshake({ "sec-websocket-protocol": offered }));
    const head = await client.readUntil("\r\n\r\n");
    assert.equal(/^sec-websocket-protocol: (.*)$/im.exec(head)?.[1] ?? "", chosen);
    assert.equal(protocol, chosen);
  }
});

test("upgradeWebSocket() compresses where both want it", async () => {
  let socket: WebSocket | undefined;
  await using opened = await serveWebSockets((made) => echo(socket = made), { perMessageDeflate: true });
  using client = await FrameClient.open(opened.port, { "sec-websocket-extensions": "permessage-deflate" });
  assert.match(socket!.extensions, /^permessage-deflate/);
  const payload = "x".repeat(10_000);
  await client.sendFrames({ opcode: TEXT, payload });
  const answer = await client.frame();
  assert.equal(answer.rsv, 4);
  assert.ok(answer.payload.length < 100);
});

test("upgradeWebSocket() takes the info, and the exchange", async () => {
  const server = await serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(_request, info) {
      await null;
      const { socket, response } = upgradeWebSocket(info);
      echo(socket);
      return response;
    },
  });
  const second = await serve({
    port: 0,
    hostname: "127.0.0.1",
    exchange(x) {
      echo(upgradeWebSocket(x).socket);
    },
  });
  for (const { addr } of [server, second]) {
    const { port } = addr as NetAddr;
    using client = await FrameClient.open(port);
    await client.sendFrames({ opcode: TEXT, payload: "here" });
    assert.equal((await client.frame()).text, "here");
    assert.equal((await ask(port, handshake({ upgrade: undefined }))).status, 426);
  }
  await Promise.all([server.close(), second.close()]);
});

test("upgradeWebSocket() says what is wrong with its arguments", async () => {
  const wrong: [unknown, object, RegExp][] = [
    [undefined, {}, /takes the request, the info or the exchange/],
    [new Request("http://a.example/"), {}, /of a request that was copied since, pass the info/],
    [null, { protocols: ["a"] }, /"protocols" is unknown/],
    [null, { protocol: "a b" }, /"protocol" must be a token/],
    [null, { protocol: 1 }, /"protocol" must be a name/],
    [null, { idleTimeout: -1 }, /"idleTimeout" must be a number of seconds/],
    [null, { idleTimeout: "1" }, /"idleTimeout" must be a number of seconds/],
    [null, { maxPayload: 1.5 }, /"maxPayload" must be a whole number/],
    [null, { perMessageDeflate: null }, /"perMessageDeflate" must be/],
    [null, { perMessageDeflate: [] }, /"perMessageDeflate" must be/],
    [
      null,
      { perMessageDeflate: { serverMaxWindowBits: 99 } },
      /"perMessageDeflate.serverMaxWindowBits" must/,
    ],
    [
      null,
      { perMessageDeflate: { clientMaxWindowBits: "9" } },
      /"perMessageDeflate.clientMaxWindowBits" must/,
    ],
  ];
  for (const [handle, options, message] of wrong) {
    assert.throws(() => upgradeWebSocket(handle as Request, options), { message });
  }
});

test("upgradeWebSocket() fails on a request that was answered", async () => {
  let request: Request | undefined;
  const server = await serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(given) {
      request = given;
      return new Response("answered");
    },
  });
  await (await fetch(server.url)).text();
  assert.throws(() => upgradeWebSocket(request!), { name: "ExchangeError", code: "over" });
  await server.close();
});

test("a WebSocket has the URL of its request, with its own scheme", async () => {
  const urls: [string, string][] = [];
  const server = createServer({
    trustProxy: { allow: ["10.0.0.1"], fields: ["x-forwarded-proto", "x-forwarded-host"] },
    fetch(request) {
      const { socket, response } = upgradeWebSocket(request);
      urls.push([socket.url, request.url]);
      return response;
    },
  });
  const forwarded = { "x-forwarded-proto": "https", "x-forwarded-host": "b.example:8443" };
  for (
    const [target, lines, url] of [
      ["/chat?room=1", {}, "http://a.example/chat?room=1"],
      ["http://a.example/chat?room=1", {}, "http://a.example/chat?room=1"],
      ["HTTPS://a.example", {}, "http://a.example/"],
      ["/chat", forwarded, "https://b.example:8443/chat"],
      ["http://a.example/chat", forwarded, "https://b.example:8443/chat"],
    ] as const
  ) {
    const client = new MemoryTransport();
    Object.assign(client, { remoteAddr: { transport: "tcp", hostname: "10.0.0.1", port: 40_000 } });
    server.accept(client);
    client.send(handshake(lines, `GET ${target} HTTP/1.1`));
    assert.deepEqual(urls.splice(0), [[url.replace("http", "ws"), url]]);
  }
  await server.close();
});

for (const handle of ["request", "info", "exchange"] as const) {
  test(`upgradeWebSocket() of the ${handle} tells that the client has gone`, async () => {
    let go = (): void => {};
    const isGone = new Promise<void>((resolve) => go = resolve);
    let ended = (): void => {};
    const isEnded = new Promise<void>((resolve) => ended = resolve);
    const thrown: unknown[] = [];
    const errors: unknown[] = [];
    const upgrade = async (given: Request | FetchInfo | Exchange): Promise<Response> => {
      await isGone;
      try {
        return upgradeWebSocket(given).response;
      } catch (error) {
        thrown.push(error);
        throw error;
      } finally {
        queueMicrotask(ended);
      }
    };
    const server = createServer({
      onError: (error) => void errors.push(error),
      ...handle === "exchange"
        ? { exchange: async (x) => void await upgrade(x) }
        : { fetch: (request, info) => upgrade(handle === "info" ? info : request) },
    });
    const client = new MemoryTransport();
    server.accept(client);
    client.send(handshake());
    client.reset();
    go();
    await isEnded;
    await server.close();
    assert.deepEqual(thrown.map((error) => [(error as Error).name, (error as ConnectionError).code]), [
      ["ConnectionError", "peer_gone"],
    ]);
    assert.deepEqual(errors, []);
  });
}
