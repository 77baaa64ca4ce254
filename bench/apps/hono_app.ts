// The application on Hono, with what Hono brings for each of these. app.ts is the same without.

import { readFile } from "node:fs/promises";
import { Hono } from "hono";
import { compress } from "hono/compress";
import { getCookie, setCookie } from "hono/cookie";
import { proxy } from "hono/proxy";
import { streamSSE } from "hono/streaming";
import {
  BYTES_1M,
  BYTES_4K,
  BYTES_64K,
  eventData,
  EVENTS,
  HTML,
  HTML_64K,
  HTML_NOT_ASCII,
  renderPage,
  SHIPS,
  TEXT,
} from "./content.ts";
import { Digest } from "./digest.ts";
import { nextEvent, POLL } from "./feed.ts";
import { staticFiles } from "./files.ts";
import { closing, settings } from "./settings.ts";
import { awaitedLines, generatedEvents, pulledBlocks, pulledLines } from "./streams.ts";

const BYTES_TYPE = { "content-type": "application/octet-stream" };
const EVENTS_TYPE = { "content-type": "text/event-stream", "cache-control": "no-cache" };

const blob = new Blob([BYTES_1M]);
const find = async (value: string): Promise<string> => value;

export const app: Hono = new Hono();

app.use("/ships/*", async (c, next) => {
  await next();
  c.header("server-timing", "app;dur=1");
});
app.use("/gzip", compress());
app.use("/static/*", await staticFiles(settings.files));

app.get("/text", (c) => c.text(TEXT));
app.get("/closing", (c) => c.text(TEXT, closing as { headers: Record<string, string> }));
app.get("/async", async (c) => {
  const user = await find("user");
  const text = await find(user && TEXT);
  return c.text(text);
});
app.get("/turn", async (c) => {
  await new Promise<void>((resolve) => void setImmediate(resolve));
  return c.text(TEXT);
});
app.get("/ships/:id", (c) => {
  const id = c.req.param("id");
  return c.json({ id, name: `Ship ${id}`, unit: c.req.query("unit") });
});

app.get("/html", (c) => c.html(HTML));
app.get("/html-utf8", (c) => c.html(HTML_NOT_ASCII));
app.get("/html-64k", (c) => c.html(HTML_64K));
app.get("/rendered", (c) => c.html(renderPage(c.req.query("title") ?? "")));
app.get("/gzip", (c) => c.html(HTML));
app.get("/list", (c) => c.json(SHIPS));
app.get("/bytes-4k", (c) => c.body(BYTES_4K, 200, BYTES_TYPE));
app.get("/bytes-64k", (c) => c.body(BYTES_64K, 200, BYTES_TYPE));
app.get("/bytes-1m", (c) => c.body(BYTES_1M, 200, BYTES_TYPE));
app.get("/proxy", () => proxy(settings.upstream!));
app.get("/proxy-changed", async (c) => {
  const { body, headers, status } = await proxy(settings.upstream!);
  c.header("x-served-by", "bench");
  return c.newResponse(body, { status: status as 200, headers });
});
app.get("/poll-timer", async (c) => {
  await new Promise<void>((resolve) => void setTimeout(resolve, POLL));
  return c.text(TEXT);
});
app.get("/poll-event", async (c) => {
  await nextEvent();
  return c.text(TEXT);
});
app.get("/blob", () => new Response(blob, { headers: BYTES_TYPE }));
app.get("/read.jpg", async (c) => {
  const photo = await readFile(`${settings.files}/static/photo.jpg`);
  return c.body(photo as Uint8Array<ArrayBuffer>, 200, { "content-type": "image/jpeg" });
});

app.get("/pull", (c) => c.body(pulledLines(), 200, BYTES_TYPE));
app.get("/pull-async", (c) => c.body(awaitedLines(), 200, BYTES_TYPE));
app.get("/blocks", (c) => c.body(pulledBlocks(), 200, BYTES_TYPE));
app.get("/events", (c) =>
  streamSSE(c, async (stream) => {
    for (let id = 0; id < EVENTS; id++) {
      await stream.writeSSE({ event: "position", data: eventData(id), id: String(id) });
    }
  }));
app.get("/events-generator", (c) => c.body(generatedEvents(), 200, EVENTS_TYPE));

app.get("/cookies", (c) => {
  const session = getCookie(c, "session")!;
  setCookie(c, "session", session, { path: "/", httpOnly: true });
  setCookie(c, "theme", "dark", { path: "/", maxAge: 3600 });
  return c.text(session);
});
app.get("/old", (c) => c.redirect("/new"));

app.post("/upload", async (c) => {
  const body = new Uint8Array(await c.req.arrayBuffer());
  return c.text(String(new Digest(c.req.query("all") !== undefined).add(body)));
});
app.post("/stream", async (c) => {
  const digest = new Digest(c.req.query("all") !== undefined);
  for await (const chunk of c.req.raw.body!) digest.add(chunk);
  return c.text(String(digest));
});
app.post("/json", async (c) => {
  const ship = await c.req.json();
  return c.json({ name: ship.name, notes: ship.notes.length });
});
app.post("/form", async (c) => {
  const form = await c.req.parseBody();
  const photo = form.photo as File;
  const digest = new Digest(c.req.query("all") !== undefined).add(new Uint8Array(await photo.arrayBuffer()));
  return c.json({ name: form.name, file: photo.name, photo: String(digest) });
});
