// A WebSocket server on Deno, Bun and Node alike: echoes every message, on the streams that `info.upgrade()` gives.
// Run it with `npm start -- examples/websocket.ts`; PORT chooses the port.
import process from "node:process";
import { FastResponse, serve, type Upgraded } from "../mod.ts";
import { announce, endOnSignals } from "./support.ts";
import { acceptKey, ServerWebSocket } from "./websocket_frames.ts";

const sockets = new Set<ServerWebSocket>();

const server = await serve({
  port: Number(process.env.PORT ?? 8000),

  async fetch(request, info) {
    const accept = await acceptKey(request);
    if (accept === null) {
      const headers = { upgrade: "websocket", connection: "upgrade", "sec-websocket-version": "13" };
      return new FastResponse("This is a WebSocket server.\n", { status: 426, headers });
    }
    const upgraded = info.upgrade({ protocol: "websocket", fields: { "sec-websocket-accept": accept } });
    echo(upgraded).catch((error) => console.error(error));
    return upgraded.response;
  },
});

async function echo(upgraded: Upgraded): Promise<void> {
  const socket = new ServerWebSocket(upgraded);
  sockets.add(socket);
  try {
    for await (const message of socket) await socket.send(message);
  } catch {
    // The client has gone without a close.
  } finally {
    sockets.delete(socket);
    const { code, reason } = socket.closed!;
    console.log(`closed with ${code}${reason && `: ${reason}`} · ${server.stats().upgraded} were open`);
  }
}

announce(server);
console.log(`Try: new WebSocket("ws://localhost:${new URL(server.url).port}/") in a browser's console`);

// The server waits for upgraded connections too, and knows nothing of how they end: that is told here.
endOnSignals(server, () => {
  for (const socket of sockets) socket.close(1001, "the server goes away").catch(() => {});
});
