// A WebSocket server by the `ws` package, on Deno, Bun and Node alike: echoes every message. `info.upgrade()` gives the
// connection as two streams, of which `Duplex.fromWeb` makes what `ws` takes.
// Run it with `npm start -- examples/websocket.ts`; PORT chooses the port.
import { Buffer } from "node:buffer";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { Duplex } from "node:stream";
import process from "node:process";
import { WebSocketServer } from "ws";
import { FastResponse, serve, type Upgraded } from "../mod.ts";
import { announce, endOnSignals } from "./support.ts";

const sockets = new WebSocketServer({ noServer: true, maxPayload: 16 * 1024 * 1024 });

sockets.on("connection", (socket) => {
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on("error", () => {}); // the client broke the protocol, or has gone; `close` follows
  socket.on("close", (code, reason) => {
    console.log(`closed with ${code}${reason.length > 0 ? `: ${reason}` : ""}`);
  });
});

const server = await serve({
  port: Number(process.env.PORT ?? 8000),

  fetch(request, info) {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      const headers = { upgrade: "websocket", connection: "upgrade" };
      return new FastResponse("This is a WebSocket server.\n", { status: 426, headers });
    }
    // Silent, since `ws` responds to the handshake itself.
    const upgraded = info.upgrade({ silent: true });
    accept(request, upgraded);
    return upgraded.response;
  },
});

function accept({ method, url, headers }: Request, { readable, writable }: Upgraded): void {
  // What `ws` reads of a request. What the client has sent behind it comes out of the stream.
  const request = { method, url: new URL(url).pathname, headers: Object.fromEntries(headers) };
  const stream = Duplex.fromWeb({ readable, writable } as Parameters<typeof Duplex.fromWeb>[0]);
  sockets.handleUpgrade(request as IncomingMessage, stream, Buffer.alloc(0), (socket) => {
    sockets.emit("connection", socket, request);
  });
}

announce(server);
console.log(`Try: new WebSocket("ws://localhost:${new URL(server.url).port}/") in a browser's console`);

// The server waits for upgraded connections too, and knows nothing of how they end: that is told here.
endOnSignals(server, () => {
  const closes = Array.from(sockets.clients, (socket) => once(socket, "close"));
  for (const socket of sockets.clients) socket.close(1001, "the server goes away");
  return Promise.all(closes);
});
