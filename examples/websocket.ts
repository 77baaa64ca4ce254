// A WebSocket server, on Deno, Bun and Node alike: echoes every message. It needs the `ws` package.
// Run it with `npm start -- examples/websocket.ts`; PORT chooses the port.
import process from "node:process";
import { serve } from "../mod.ts";
import { upgradeWebSocket } from "../websocket.ts";
import { announce, endOnSignals } from "./support.ts";

/** Of the WebSockets that are open: resolves when that is over, and logged. */
const open = new Set<Promise<void>>();

const server = await serve({
  port: Number(process.env.PORT ?? 8000),

  fetch(request) {
    // To what is no handshake the response is a 426, a 405 or a 400.
    const { socket, response } = upgradeWebSocket(request);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => socket.send(data);
    socket.onopen = () => {
      const closed = closeOf(socket);
      open.add(closed);
      void closed.then(() => open.delete(closed));
    };
    return response;
  },
});

async function closeOf(socket: WebSocket): Promise<void> {
  const { code, reason } = await new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
  console.log(`closed with ${code}${reason === "" ? "" : `: ${reason}`}`);
}

// The server closes what is open with 1001, and waits for the clients' answers.
endOnSignals(server, () => Promise.all(open));
announce(server, { Try: `new WebSocket("${server.url.replace("http", "ws")}") in a browser's console` });
