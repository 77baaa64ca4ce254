/**
 * A browser over HTTP/2: a page and its parts, uploads and an event stream on one connection.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { openPage } from "../support/browser.ts";
import { startHttp2 } from "../support/http2_servers.ts";
import { needs } from "../support/tools.ts";

/** Parts of the page of each kind. */
const PARTS = 20;
const UPLOAD = 3_000_000;

const each = (part: (i: number) => string): string =>
  Array.from({ length: PARTS }, (_, i) => part(i)).join("");
const PAGE = `<!doctype html><title>page</title><link rel="icon" href="data:,">` +
  each((i) => `<link rel="stylesheet" href="/${i}.css">`) +
  each((i) => `<script src="/${i}.js" defer></script>`) +
  each((i) => `<img src="/${i}.svg">`);

/** What the page tells. */
interface Told {
  readonly protocols: Record<string, number>;
  readonly scripts: number;
  readonly color: string;
  readonly widths: number;
  readonly uploaded: string;
  readonly form: string;
  readonly events: string[];
  readonly aborted: string;
}

/** On the page. */
async function look(upload: number): Promise<Told> {
  const uploaded = await (await fetch("/length", { method: "POST", body: new Uint8Array(upload) })).text();
  const data = new FormData();
  data.set("text", "häfen");
  const form = await (await fetch("/form", { method: "POST", body: data })).text();
  const events: string[] = [];
  await new Promise<void>((resolve) => {
    const source = new EventSource("/events");
    source.onmessage = ({ data }) => {
      if (events.push(data) === 3) resolve(source.close());
    };
  });
  const giveUp = new AbortController();
  const endless = await fetch("/endless", { signal: giveUp.signal });
  await endless.body!.getReader().read();
  giveUp.abort();
  const aborted = await (await fetch("/aborted")).text();
  const protocols: Record<string, number> = {};
  const entries = [
    ...performance.getEntriesByType("navigation"),
    ...performance.getEntriesByType("resource"),
  ] as PerformanceResourceTiming[];
  for (const { nextHopProtocol, name } of entries) {
    if (!/^data:|\/endless$/.test(name)) protocols[nextHopProtocol] = (protocols[nextHopProtocol] ?? 0) + 1;
  }
  return {
    protocols,
    scripts: (globalThis as unknown as { scripts: number }).scripts,
    color: getComputedStyle(document.body).getPropertyValue("--last").trim(),
    widths: [...document.images].reduce((sum, { naturalWidth }) => sum + naturalWidth, 0),
    uploaded,
    form,
    events,
    aborted,
  };
}

test("a browser loads a page, sends, listens and gives up over HTTP/2", needs("chromium"), async () => {
  let gaveUp!: () => void;
  const givenUp = new Promise<void>((resolve) => gaveUp = resolve);
  const paths: string[] = [];
  await using server = await startHttp2("TLS", {
    async fetch(request, info) {
      const { pathname } = new URL(request.url);
      paths.push(`${info.httpVersion} ${pathname}`);
      const as = (type: string, body: BodyInit): Response =>
        new Response(body, { headers: { "content-type": type, "cache-control": "no-store" } });
      const [, part, kind] = /^\/(\d+)\.(\w+)$/.exec(pathname) ?? [];
      if (kind === "css") return as("text/css", `body { --last: ${part} } /*${"x".repeat(30_000)}*/`);
      if (kind === "js") return as("text/javascript", `globalThis.scripts = (globalThis.scripts ?? 0) + 1`);
      if (kind === "svg") {
        return as("image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg" width="${part}" height="1"/>`);
      }
      switch (pathname) {
        case "/length":
          return new Response(String((await request.arrayBuffer()).byteLength));
        case "/form":
          return new Response((await request.formData()).get("text"));
        case "/events":
          return as("text/event-stream", "data: 1\n\ndata: 2\n\ndata: 3\n\n");
        case "/endless":
          request.signal.addEventListener("abort", gaveUp);
          return new Response(
            new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(10_000)) }),
          );
        case "/aborted":
          await givenUp;
          return new Response("yes");
        default:
          return as("text/html", PAGE);
      }
    },
  });
  await using browser = await openPage(server.at("/"));
  const told = await browser.page.evaluate(look, UPLOAD);
  assert.deepEqual(told, {
    protocols: { h2: 3 * PARTS + 5 },
    scripts: PARTS,
    color: String(PARTS - 1),
    widths: PARTS * (PARTS - 1) / 2,
    uploaded: String(UPLOAD),
    form: "häfen",
    events: ["1", "2", "3"],
    aborted: "yes",
  });
  assert.ok(paths.every((path) => path.startsWith("2 ")), paths.join());
  const { closed } = server.stats();
  assert.equal(closed.protocol_error, undefined);
});
