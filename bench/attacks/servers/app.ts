// The application under attack, the same on every server. Arguments: the port, "plain" or "tls", and the most
// connections at a time (0 for no cap).

import process from "node:process";
import type { TlsOptions } from "../../../src/api/tls.ts";
import { FIRST } from "../../../tests/support/certificates.ts";

export const port: number = Number(process.argv[2]);
export const hostname = "127.0.0.1";
export const tls: TlsOptions | undefined = process.argv[3] === "tls" ? FIRST : undefined;
export const maxConnections: number = Number(process.argv[4] ?? 0);

const PAGE = new Uint8Array(64 * 1024).fill(0x78);
const TEXT = "x".repeat(16 * 1024);
/** Milliseconds that a GET of /work computes. */
const WORK = 0.03;

/** What a GET is answered with; a POST is answered with the length of its body. */
export function bodyOf(target: string): string | Uint8Array<ArrayBuffer> {
  if (target.endsWith("/page")) return PAGE;
  if (target.endsWith("/text")) return TEXT;
  if (target.endsWith("/work")) work();
  return "hello";
}

/** The same for `fetch` handlers. */
export async function respond(request: Request): Promise<Response> {
  if (request.method === "POST") return new Response(String((await request.arrayBuffer()).byteLength));
  return new Response(bodyOf(new URL(request.url).pathname));
}

function work(): void {
  const end = performance.now() + WORK;
  while (performance.now() < end);
}
