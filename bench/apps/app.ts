// The application as a plain `fetch` handler, with a table for a router. hono_app.ts is the same on Hono.

import { readFile } from "node:fs/promises";
import {
  BYTES_1M,
  BYTES_4K,
  BYTES_64K,
  HTML,
  HTML_64K,
  HTML_NOT_ASCII,
  renderPage,
  SHIPS,
  TEXT,
} from "./content.ts";
import { Digest } from "./digest.ts";
import { nextEvent, POLL } from "./feed.ts";
import { openFile } from "./files.ts";
import { closing, settings } from "./settings.ts";
import { awaitedLines, generatedEvents, pulledBlocks, pulledLines, writtenEvents } from "./streams.ts";

type Handler = (request: Request, url: URL) => Response | Promise<Response>;

const HTML_TYPE = { "content-type": "text/html; charset=utf-8" };
const BYTES_TYPE = { "content-type": "application/octet-stream" };
const EVENTS_TYPE = { "content-type": "text/event-stream", "cache-control": "no-cache" };

const blob = new Blob([BYTES_1M]);

const routes: Record<string, Handler> = {
  "GET /text": () => new Response(TEXT),
  "GET /closing": () => new Response(TEXT, closing),
  "GET /async": greet,
  "GET /turn": greetNextTurn,
  "GET /html": () => new Response(HTML, { headers: HTML_TYPE }),
  "GET /html-utf8": () => new Response(HTML_NOT_ASCII, { headers: HTML_TYPE }),
  "GET /html-64k": () => new Response(HTML_64K, { headers: HTML_TYPE }),
  "GET /rendered": (_, url) =>
    new Response(renderPage(url.searchParams.get("title") ?? ""), { headers: HTML_TYPE }),
  "GET /list": () => Response.json(SHIPS),
  "GET /bytes-4k": () => new Response(BYTES_4K, { headers: BYTES_TYPE }),
  "GET /bytes-64k": () => new Response(BYTES_64K, { headers: BYTES_TYPE }),
  "GET /bytes-1m": () => new Response(BYTES_1M, { headers: BYTES_TYPE }),
  "GET /pull": () => new Response(pulledLines(), { headers: BYTES_TYPE }),
  "GET /pull-async": () => new Response(awaitedLines(), { headers: BYTES_TYPE }),
  "GET /blocks": () => new Response(pulledBlocks(), { headers: BYTES_TYPE }),
  "GET /events": () => new Response(writtenEvents(), { headers: EVENTS_TYPE }),
  "GET /events-generator": () => new Response(generatedEvents(), { headers: EVENTS_TYPE }),
  "GET /blob": () => new Response(blob, { headers: BYTES_TYPE }),
  "GET /cookies": answerCookies,
  "GET /old": () => new Response(null, { status: 302, headers: { location: "/new" } }),
  "GET /gzip": answerCompressed,
  "GET /proxy": () => globalThis.fetch(settings.upstream!),
  "GET /proxy-changed": async () => {
    const { body, headers, status } = await globalThis.fetch(settings.upstream!);
    const changed = new Headers(headers);
    changed.set("x-served-by", "bench");
    return new Response(body, { status, headers: changed });
  },
  "GET /poll-timer": async () => {
    await new Promise<void>((resolve) => void setTimeout(resolve, POLL));
    return new Response(TEXT);
  },
  "GET /poll-event": async () => {
    await nextEvent();
    return new Response(TEXT);
  },
  "GET /read.jpg": async () =>
    new Response(await readFile(`${settings.files}/static/photo.jpg`), {
      headers: { "content-type": "image/jpeg" },
    }),
  "POST /upload": async (request, url) => {
    const body = new Uint8Array(await request.arrayBuffer());
    return new Response(String(new Digest(url.searchParams.has("all")).add(body)));
  },
  "POST /stream": async (request, url) => {
    const digest = new Digest(url.searchParams.has("all"));
    for await (const chunk of request.body!) digest.add(chunk);
    return new Response(String(digest));
  },
  "POST /json": async (request) => {
    const ship = await request.json();
    return Response.json({ name: ship.name, notes: ship.notes.length });
  },
  "POST /form": async (request, url) => {
    const form = await request.formData();
    const photo = form.get("photo") as File;
    const digest = new Digest(url.searchParams.has("all")).add(new Uint8Array(await photo.arrayBuffer()));
    return Response.json({ name: form.get("name"), file: photo.name, photo: String(digest) });
  },
};

export function fetch(request: Request): Response | Promise<Response> {
  const url = new URL(request.url);
  const handler = routes[`${request.method} ${url.pathname}`];
  if (handler) return handler(request, url);
  if (url.pathname.startsWith("/ships/")) return timed(() => answerShip(url));
  if (url.pathname.startsWith("/static/")) return answerFile(url.pathname);
  return new Response("404 Not Found", { status: 404 });
}

/** A middleware that sets a field of a response that is there. */
async function timed(next: () => Response | Promise<Response>): Promise<Response> {
  const response = await next();
  response.headers.set("server-timing", "app;dur=1");
  return response;
}

function answerShip({ pathname, searchParams }: URL): Response {
  const id = pathname.slice("/ships/".length);
  return Response.json({ id, name: `Ship ${id}`, unit: searchParams.get("unit") });
}

/** Waits for what is there at once, as with a cache. */
async function greet(): Promise<Response> {
  const user = await find("user");
  const text = await find(user && TEXT);
  return new Response(text);
}

const find = async (value: string): Promise<string> => value;

/** Waits for the next turn of the event loop, as for a database. */
async function greetNextTurn(): Promise<Response> {
  await new Promise<void>((resolve) => void setImmediate(resolve));
  return new Response(TEXT);
}

function answerCookies(request: Request): Response {
  const session = /(?:^|; )session=([^;]*)/.exec(request.headers.get("cookie") ?? "")?.[1];
  const response = new Response(session);
  response.headers.append("set-cookie", `session=${session}; Path=/; HttpOnly`);
  response.headers.append("set-cookie", "theme=dark; Max-Age=3600; Path=/");
  return response;
}

function answerCompressed(request: Request): Response {
  if (!request.headers.get("accept-encoding")?.includes("gzip")) {
    return new Response(HTML, { headers: HTML_TYPE });
  }
  const body = new Response(HTML).body!.pipeThrough(new CompressionStream("gzip"));
  return new Response(body, { headers: { ...HTML_TYPE, "content-encoding": "gzip" } });
}

async function answerFile(path: string): Promise<Response> {
  return new Response(await openFile(settings.files + path), { headers: { "content-type": "image/jpeg" } });
}
