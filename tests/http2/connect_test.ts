/**
 * CONNECT and extended CONNECT (RFC 9113 §8.5, RFC 8441): tunnels through a stream, by a real client.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { test } from "node:test";
import { type Exchange, type FetchHandler, serve, type ServeOptions } from "../../mod.ts";
import { Deferred } from "../../src/core/deferred.ts";
import { inTime } from "../support/deadline.ts";

/** Calls `use` with a client of a server with these options. */
async function withClient(
  options: Partial<ServeOptions>,
  use: (client: ClientHttp2Session) => Promise<void>,
): Promise<void> {
  const all = { port: 0, hostname: "127.0.0.1", http2: true, ...options } as ServeOptions;
  const server = await serve(all);
  const client = connect(server.url);
  client.on("error", () => {});
  try {
    await inTime(once(client, "remoteSettings"), "SETTINGS");
    await inTime(use(client), "the test");
  } finally {
    client.destroy();
    await server.close();
  }
}

const EXTENDED = {
  ":method": "CONNECT",
  ":protocol": "echo",
  ":scheme": "http",
  ":path": "/tunnel",
  ":authority": "a.example",
};

async function textOf(stream: ClientHttp2Stream): Promise<string> {
  let text = "";
  for await (const chunk of stream.setEncoding("utf8")) text += chunk;
  return text;
}

async function statusOf(stream: ClientHttp2Stream): Promise<number | undefined> {
  const [headers] = await once(stream, "response");
  return headers[":status"];
}

const echo: FetchHandler = (_request, info) => {
  const { readable, writable, response } = info.upgrade();
  readable.pipeTo(writable).catch(() => {});
  return response;
};

test("the client is told that extended CONNECT is spoken", async () => {
  await withClient({ fetch: echo }, (client) => {
    assert.equal(client.remoteSettings.enableConnectProtocol, true);
    return Promise.resolve();
  });
});

for (
  const [kind, head] of [
    ["extended CONNECT", EXTENDED],
    ["CONNECT", { ":method": "CONNECT", ":authority": "target.example:443" }],
  ] as const
) {
  test(`a tunnel by ${kind} moves bytes both ways, past the windows, and ends on both sides`, async () => {
    await withClient({ fetch: echo }, async (client) => {
      const stream = client.request(head, { endStream: false });
      assert.equal(await statusOf(stream), 200);
      const sent = "0123456789".repeat(50_000);
      const received = textOf(stream);
      stream.end(sent);
      assert.ok(await received === sent);
      if (!stream.closed) await once(stream, "close");
      assert.equal(stream.rstCode, constants.NGHTTP2_NO_ERROR);
    });
  });
}

test("an exchange handler sees the request of a tunnel, and responds with fields", async () => {
  let seen: unknown[] = [];
  const exchange = (x: Exchange): void => {
    seen = [x.method, x.target, x.authority, x.httpVersion, x.hasBody];
    const { writable } = x.upgrade({ protocol: "ECHO", fields: { "x-tunnel": "1" } });
    void writable.close();
  };
  await withClient({ exchange }, async (client) => {
    const stream = client.request(EXTENDED, { endStream: false });
    const [headers] = await once(stream, "response");
    assert.deepEqual([headers[":status"], headers["x-tunnel"]], [200, "1"]);
    assert.equal(await textOf(stream), "");
    assert.deepEqual(seen, ["CONNECT", "/tunnel", "a.example", "2", false]);
  });
});

test("a CONNECT that is refused gets its response, and other requests go on", async () => {
  const fetch: FetchHandler = ({ method }) =>
    new Response(method, { status: method === "CONNECT" ? 403 : 200 });
  await withClient({ fetch }, async (client) => {
    const refused = client.request(EXTENDED, { endStream: false });
    assert.equal(await statusOf(refused), 403);
    const other = client.request({ ":path": "/" });
    assert.equal(await textOf(other), "GET");
  });
});

for (
  const [what, head, options, message] of [
    ["a GET", { ":path": "/" }, {}, /asks for no upgrade/],
    ["another protocol", EXTENDED, { protocol: "chat" }, /does not offer "chat"/],
    ["an upgrade without a response", EXTENDED, { silent: true }, /leave out option "silent"/],
  ] as const
) {
  test(`upgrade() throws for ${what}, and a response can still be sent`, async () => {
    let error: unknown;
    const fetch: FetchHandler = (_request, info) => {
      try {
        info.upgrade(options);
      } catch (thrown) {
        error = thrown;
      }
      return new Response(null, { status: 400 });
    };
    await withClient({ fetch }, async (client) => {
      const stream = client.request(head);
      assert.equal(await statusOf(stream), 400);
      assert.match((error as Error).message, message);
      assert.equal((error as { code?: string }).code, "no_upgrade");
      stream.resume();
    });
  });
}

test("a tunnel whose client resets the stream fails on the server, and the connection lives on", async () => {
  const failed = new Deferred<unknown>();
  const fetch: FetchHandler = (request, info) => {
    if (request.method !== "CONNECT") return new Response("here");
    const { writable, response } = info.upgrade();
    writable.getWriter().closed.catch(failed.resolve);
    return response;
  };
  await withClient({ fetch }, async (client) => {
    const stream = client.request(EXTENDED, { endStream: false });
    stream.on("error", () => {});
    await statusOf(stream);
    stream.close(constants.NGHTTP2_CANCEL);
    assert.equal((await failed.promise as { code?: string }).code, "peer_gone");
    assert.equal(await textOf(client.request({ ":path": "/" })), "here");
  });
});

test("a tunnel that the program aborts is reset for the client alone", async () => {
  const fetch: FetchHandler = (request, info) => {
    if (request.method !== "CONNECT") return new Response("here");
    const { writable, response } = info.upgrade();
    void writable.abort(new Error("no more"));
    return response;
  };
  await withClient({ fetch }, async (client) => {
    const stream = client.request(EXTENDED, { endStream: false });
    stream.on("error", () => {});
    if (!stream.closed) await once(stream, "close");
    assert.equal(stream.rstCode, constants.NGHTTP2_CANCEL);
    assert.equal(await textOf(client.request({ ":path": "/" })), "here");
  });
});
