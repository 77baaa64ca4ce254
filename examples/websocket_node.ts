// A WebSocket server on Node by the `ws` package, which wants a socket of Node's: `info.upgrade()` gives it, and
// sends nothing itself. Run it with `npm start -- examples/websocket_node.ts`; PORT chooses the port.
import { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import process from "node:process";
import { WebSocketServer } from "ws";
import { FastResponse, serve } from "../mod.ts";
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
    const { socket, response } = info.upgrade({ silent: true });
    // What `ws` reads of a request. It answers the handshake, or refuses it; and all that the client has sent
    // after its request comes out of the socket, so that there is nothing to hand over beside it.
    const { pathname, search } = new URL(request.url);
    const asked = {
      method: request.method,
      url: pathname + search,
      headers: Object.fromEntries(request.headers),
    };
    sockets.handleUpgrade(asked as IncomingMessage, socket as Duplex, Buffer.alloc(0), (webSocket) => {
      sockets.emit("connection", webSocket, asked);
    });
    return response;
  },
});

announce(server);
console.log(`Try: new WebSocket("ws://localhost:${new URL(server.url).port}/") in a browser's console`);

// The server waits for upgraded connections too, and knows nothing of how they end: that is told here.
endOnSignals(server, () => {
  for (const socket of sockets.clients) socket.close(1001, "the server goes away");
});
