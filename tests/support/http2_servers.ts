/**
 * Servers that speak HTTP/2 beside HTTP/1.1, in plain and over TLS, for real clients.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import type { FetchInfo } from "../../src/api/fetch.ts";
import type { ServeOptions } from "../../src/api/options.ts";
import { AUTHORITY, FIRST } from "./certificates.ts";
import { start } from "./local_servers.ts";

const folder = mkdtempSync(path.join(tmpdir(), "mooring-http2-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** A file of these bytes, which is gone when the process ends. */
export function fileOf(name: string, content: string | Uint8Array): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}

/** A file of the authority that has signed the servers' certificates. */
export const AUTHORITY_FILE: string = fileOf("authority.pem", AUTHORITY);

/** A way to speak HTTP/2: `prior knowledge` on plain TCP, or ALPN in TLS. */
export type Way = "plain" | "TLS";
export const WAYS: readonly Way[] = ["plain", "TLS"];

/** A server, its port, and the URL of a path. */
export type Http2Server = Awaited<ReturnType<typeof start>> & { at(path: string): string };

/** Starts a server that speaks both versions. */
export async function startHttp2(way: Way, options: Partial<ServeOptions> = {}): Promise<Http2Server> {
  const tls = way === "TLS" ? { tls: FIRST } : {};
  const server = await start({ fetch: answer, http2: true, ...tls, ...options } as ServeOptions);
  const at = (path: string): string => new URL(path, server.url).href;
  return Object.assign(server, { at });
}

/** Octets of `/large`, which no window takes at once. */
export const LARGE = 5_000_000;

/**
 * Answers `/echo` with the body as it comes, `/length` with its length, `/trailers` with the trailers of the request as
 * JSON and trailers of its own, `/large` with many octets, `/refuse` without reading the body, and else with the
 * version and the path.
 */
export async function answer(request: Request, info: FetchInfo): Promise<Response> {
  const { pathname } = new URL(request.url);
  switch (pathname) {
    case "/echo":
      return new Response(request.body);
    case "/length":
      return new Response(String((await request.arrayBuffer()).byteLength));
    case "/trailers": {
      const text = await request.text();
      info.sendTrailers(() => ({ "x-length": text.length, "x-last": "yes" }));
      return Response.json(Object.fromEntries(info.trailers));
    }
    case "/large":
      return new Response(new Uint8Array(LARGE).fill(0x61));
    case "/refuse":
      return new Response("too much", { status: 403 });
    default:
      return new Response(`${request.method} ${pathname}`, { headers: { "x-path": pathname } });
  }
}
