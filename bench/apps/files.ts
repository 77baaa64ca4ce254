// Files from the disk, in the usual way of each runtime.

import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import type { MiddlewareHandler } from "hono";

declare const Bun: { file(path: string): Blob };
declare const Deno: { open(path: string): Promise<{ readable: ReadableStream }> };

/** What a handler gives a response to send a file. */
export function openFile(path: string): BodyInit | Promise<BodyInit> {
  if ("Bun" in globalThis) return Bun.file(path);
  if ("Deno" in globalThis) return Deno.open(path).then(({ readable }) => readable);
  return Readable.toWeb(createReadStream(path)) as ReadableStream;
}

/** Hono's middleware for files. */
export async function staticFiles(root: string): Promise<MiddlewareHandler> {
  if ("Bun" in globalThis) return (await import("hono/bun")).serveStatic({ root });
  if ("Deno" in globalThis) return (await import("hono/deno")).serveStatic({ root });
  return (await import("@hono/node-server/serve-static")).serveStatic({ root });
}
