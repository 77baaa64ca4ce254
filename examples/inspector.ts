// A server that shows its own connections: a page with a row for each, kept up to date by server-sent events.
// Run it with `node scripts/run.mjs examples/inspector.ts` and open http://localhost:8000/; PORT chooses the port.
import { readFile } from "node:fs/promises";
import net from "node:net";
import process from "node:process";
import { FastResponse, type FetchHandler, type FetchInfo, type NetAddr, serve } from "../mod.ts";
import { SnapshotFeed } from "./inspector/feed.ts";
import { announce, endOnSignals, route } from "./support.ts";

/** How long a slow answer takes, in milliseconds: so long that a browser needs a connection for each of them. */
const SLOW = 1_000;
/** How many connections one click opens. */
const OPENED_AT_ONCE = 8;

const [page, style, script, icon] = await Promise.all([
  asset("page.html", "text/html; charset=utf-8"),
  asset("page.css", "text/css; charset=utf-8"),
  asset("page.js", "text/javascript; charset=utf-8"),
  asset("icon.svg", "image/svg+xml"),
]);

const server = await serve({
  port: Number(process.env.PORT ?? 8000),
  // Short times and few connections, so that there is something to see.
  idleTimeout: 15_000,
  idleTimeoutBuffer: 5_000,
  maxConnections: 60,
  fetch: route({
    "/": { GET: page },
    "/page.css": { GET: style },
    "/page.js": { GET: script },
    "/icon.svg": { GET: icon },
    "/favicon.ico": { GET: icon },
    "/events": { GET: events },
    "/fast": { GET: tellConnection },
    "/slow": { GET: tellConnectionLater },
    "/connections": { POST: openConnections },
  }),
});

const feed = new SnapshotFeed(server);

/** A file of the page; read once, and sent with a policy that lets the page load nothing from elsewhere. */
async function asset(name: string, type: string): Promise<FetchHandler> {
  const content = await readFile(new URL(`inspector/${name}`, import.meta.url));
  const headers = {
    "content-type": type,
    "cache-control": "no-cache",
    "content-security-policy": "default-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
  };
  return () => new FastResponse(content, { headers });
}

function events({ signal }: Request, { connection }: FetchInfo): Response {
  const headers = { "content-type": "text/event-stream", "cache-control": "no-store" };
  return new Response(feed.watch(connection.id, signal), { headers });
}

// What the page's buttons ask for.

function tellConnection(_request: Request, { connection }: FetchInfo): Response {
  const headers = { "cache-control": "no-store" };
  return FastResponse.json({ connection: connection.id, request: connection.requests }, { headers });
}

async function tellConnectionLater(request: Request, info: FetchInfo): Promise<Response> {
  await new Promise((resolve) => setTimeout(resolve, SLOW));
  return tellConnection(request, info);
}

/** Opens connections to this very server, each with one request; they stay until the server closes them. */
function openConnections(): Response {
  const { port } = server.addr as NetAddr;
  for (let i = 0; i < OPENED_AT_ONCE; i++) {
    const socket = net.connect({ port, host: "127.0.0.1" });
    socket.on("error", () => {}); // refused at the limit, or cut off at the end: it shows in the table
    socket.resume();
    socket.write("GET /fast HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  return FastResponse.json({ opened: OPENED_AT_ONCE });
}

// A stream of events never ends by itself: without this, the shutdown would wait for its deadline.
endOnSignals(server, () => feed.close());
announce(server);
console.log(`Try: open ${server.url} in a browser`);
