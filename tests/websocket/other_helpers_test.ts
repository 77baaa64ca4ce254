/**
 * WebSockets inside of frameworks, and what helpers that were made for other servers are told.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { defineWebSocketHandler, H3 } from "h3";
import { type Context, Hono } from "hono";
import { defineWebSocketHelper, type UpgradeWebSocket, WSContext } from "hono/ws";
import { type FetchHandler, type NetAddr, serve } from "../../mod.ts";
import { upgradeWebSocket } from "../../websocket.ts";
import { connectTcp } from "../support/byte_streams.ts";
import { FrameClient, handshake, TEXT } from "../support/web_sockets.ts";
import { WireClient } from "../support/wire_client.ts";

/** Serves `fetch`, and calls `use` with the port; answers with what `onError` was told. */
async function serving(fetch: FetchHandler, use: (port: number) => Promise<void>): Promise<unknown[]> {
  const errors: unknown[] = [];
  const server = await serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch,
    onError: (error) => void errors.push(error),
  });
  try {
    await use((server.addr as NetAddr).port);
  } finally {
    await server.close();
  }
  return errors;
}

test("upgradeWebSocket() is what Hono's defineWebSocketHelper() needs", async () => {
  const upgrade = defineWebSocketHelper((c, events) => {
    if (c.req.header("upgrade")?.toLowerCase() !== "websocket") return;
    const { socket, response } = upgradeWebSocket(c.req.raw);
    socket.binaryType = "arraybuffer";
    const context = new WSContext<WebSocket>({
      raw: socket,
      url: socket.url,
      protocol: socket.protocol,
      get readyState() {
        return socket.readyState as 0 | 1 | 2 | 3;
      },
      send: (data) => socket.send(data),
      close: (code, reason) => socket.close(code, reason),
    });
    socket.onopen = (event) => events.onOpen?.(event, context);
    socket.onmessage = (event) => events.onMessage?.(event, context);
    socket.onclose = (event) => events.onClose?.(event, context);
    socket.onerror = (event) => events.onError?.(event, context);
    return response;
  });
  const closes: unknown[] = [];
  let close = (): void => {};
  const closed = new Promise<void>((resolve) => close = resolve);
  const app = new Hono();
  app.get(
    "/chat/:name",
    upgrade((c: Context) => ({
      onOpen: (_event, ws) => ws.send(`hello ${c.req.param("name")} on ${ws.url?.pathname}`),
      onMessage: ({ data }, ws) => ws.send(`you said ${data}`),
      onClose: ({ code }) => {
        closes.push(code);
        close();
      },
    })),
  );
  app.get("/chat/:name", (c) => c.text("a page"));
  const errors = await serving(app.fetch as FetchHandler, async (port) => {
    assert.equal(await (await fetch(`http://127.0.0.1:${port}/chat/you`)).text(), "a page");
    using client = new FrameClient(await connectTcp(port));
    await client.send(handshake({}, "GET /chat/you HTTP/1.1"));
    assert.match(await client.readUntil("\r\n\r\n"), /^HTTP\/1\.1 101 /);
    assert.equal((await client.frame()).text, "hello you on /chat/you");
    await client.sendFrames({ opcode: TEXT, payload: "hi" });
    assert.equal((await client.frame()).text, "you said hi");
    await client.sendFrames({ opcode: 8 });
    assert.equal(await client.closeCode(), 1005);
    client.end();
    await closed;
  });
  assert.deepEqual(closes, [1005]);
  assert.deepEqual(errors, []);
});

/** The hooks of h3's handlers, as far as they are used here. */
interface Hooks {
  open?(peer: Peer): void;
  message?(peer: Peer, message: { text(): string }): void;
}

interface Peer {
  send(text: string): void;
}

test("upgradeWebSocket() serves the hooks of h3's defineWebSocketHandler()", async () => {
  const app = new H3({ silent: true });
  app.get("/", () => "a page");
  app.get(
    "/chat",
    defineWebSocketHandler({
      open: (peer: Peer) => peer.send("hello"),
      message: (peer: Peer, message: { text(): string }) => peer.send(`you said ${message.text()}`),
    } as never),
  );
  const handler: FetchHandler = async (request, info) => {
    const answer = await app.fetch(request);
    const { crossws } = answer as Response & { crossws?: Hooks };
    if (crossws === undefined) return answer;
    const { socket, response } = upgradeWebSocket(info);
    const peer: Peer = { send: (text) => socket.send(text) };
    socket.onopen = () => crossws.open?.(peer);
    socket.onmessage = ({ data }) => crossws.message?.(peer, { text: () => String(data) });
    return response;
  };
  const errors = await serving(handler, async (port) => {
    assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), "a page");
    assert.equal((await fetch(`http://127.0.0.1:${port}/chat`)).status, 426);
    using client = new FrameClient(await connectTcp(port));
    await client.send(handshake({}, "GET /chat HTTP/1.1"));
    assert.match(await client.readUntil("\r\n\r\n"), /^HTTP\/1\.1 101 /);
    assert.equal((await client.frame()).text, "hello");
    await client.sendFrames({ opcode: TEXT, payload: "hi" });
    assert.equal((await client.frame()).text, "you said hi");
  });
  assert.deepEqual(errors, []);
});

/** Asks for a WebSocket, is answered 500, and gives what `onError` was told. */
async function failing(handler: FetchHandler): Promise<unknown[]> {
  return await serving(handler, async (port) => {
    using client = new WireClient(await connectTcp(port));
    await client.send(handshake());
    assert.equal((await client.response()).status, 500);
  });
}

/** An application with Hono's helper for this runtime, which leaves errors to the server. */
function honoWith(upgrade: UpgradeWebSocket): FetchHandler {
  const app = new Hono();
  app.onError((error) => {
    throw error;
  });
  app.get("/", upgrade(() => ({})));
  return app.fetch as FetchHandler;
}

const handlers: Record<string, FetchHandler> = {
  "info.upgrade(), called as that of Bun's server,": (request, info) => {
    info.upgrade(request as object);
    return new Response();
  },
};
// Either can be loaded on its own runtime alone.
if ("Bun" in globalThis) handlers["hono/bun"] = honoWith((await import("hono/bun")).upgradeWebSocket);
const { Deno } = globalThis as { Deno?: { upgradeWebSocket(request: Request): { response: Response } } };
if (Deno !== undefined) {
  handlers["hono/deno"] = honoWith((await import("hono/deno")).upgradeWebSocket);
  handlers["Deno.upgradeWebSocket()"] = (request) => Deno.upgradeWebSocket(request).response;
}

for (const [what, handler] of Object.entries(handlers)) {
  test(`${what} says what to use`, async () => {
    const [error, ...others] = await failing(handler);
    assert.ok(error instanceof TypeError);
    assert.match(error.message, /: use upgradeWebSocket\(\) of @mooring\/http\/websocket$/);
    assert.deepEqual(others, []);
  });
}
