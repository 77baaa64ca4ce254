// The inspector's page and what it asks for, to be served by any server beside its own paths.
import { readFile } from "node:fs/promises";
import net from "node:net";
import { FastResponse, type FetchHandler, type FetchInfo, type NetAddr, type Server } from "../../mod.ts";
import type { Routes } from "../support.ts";
import { SnapshotFeed } from "./feed.ts";

/** How long a slow answer takes, in milliseconds: so long that a browser needs a connection for each of them. */
const SLOW = 1_000;
/** How many connections one click opens. */
const OPENED_AT_ONCE = 8;

/** The page of one server. */
export interface Inspector {
  readonly routes: Routes;
  /** Ends the streams of events, which never end by themselves. */
  close(): void;
}

/** Makes the page of the server that `getServer` answers, to be served below `path`, which ends with a slash. */
export async function inspectorOf(getServer: () => Server, path = "/"): Promise<Inspector> {
  const [page, style, script, icon] = await Promise.all([
    asset("page.html", "text/html; charset=utf-8"),
    asset("page.css", "text/css; charset=utf-8"),
    asset("page.js", "text/javascript; charset=utf-8"),
    asset("icon.svg", "image/svg+xml"),
  ]);
  let feed: SnapshotFeed | undefined;

  function events({ signal }: Request, { connection }: FetchInfo): Response {
    const headers = { "content-type": "text/event-stream", "cache-control": "no-store" };
    feed ??= new SnapshotFeed(getServer());
    return new Response(feed.watch(connection.id, signal), { headers });
  }

  /** Opens connections to this very server, each with one request; they stay until the server closes them. */
  function openConnections(): Response {
    const { port } = getServer().addr as NetAddr;
    for (let i = 0; i < OPENED_AT_ONCE; i++) {
      const socket = net.connect({ port, host: "127.0.0.1" });
      socket.on("error", () => {}); // refused at the limit, or cut off at the end: it shows in the table
      socket.resume();
      socket.write(`GET ${path}fast HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    }
    return FastResponse.json({ opened: OPENED_AT_ONCE });
  }

  const routes: Routes = {
    [path]: { GET: page },
    [`${path}page.css`]: { GET: style },
    [`${path}page.js`]: { GET: script },
    [`${path}icon.svg`]: { GET: icon },
    [`${path}events`]: { GET: events },
    // What the page's buttons ask for.
    [`${path}fast`]: { GET: tellConnection },
    [`${path}slow`]: { GET: tellConnectionLater },
    [`${path}connections`]: { POST: openConnections },
  };
  return { routes, close: () => feed?.close() };
}

/** A file of the page; read once, and sent with a policy that lets the page load nothing from elsewhere. */
async function asset(name: string, type: string): Promise<FetchHandler> {
  const content = new Uint8Array(await readFile(new URL(name, import.meta.url)));
  const headers = {
    "content-type": type,
    "cache-control": "no-cache",
    "content-security-policy": "default-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
  };
  return () => new FastResponse(content, { headers });
}

function tellConnection(_request: Request, { connection }: FetchInfo): Response {
  const headers = { "cache-control": "no-store" };
  return FastResponse.json({ connection: connection.id, request: connection.requests }, { headers });
}

async function tellConnectionLater(request: Request, info: FetchInfo): Promise<Response> {
  await new Promise((resolve) => setTimeout(resolve, SLOW));
  return tellConnection(request, info);
}
