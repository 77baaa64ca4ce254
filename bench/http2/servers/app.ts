// What all these servers have in common: where they listen, whether with TLS, and what a GET is answered with. Arguments:
// the port, "plain" or "tls", and how many bytes to answer with ("hello" where that is 0). A POST to /echo is echoed, one
// to / is answered with how many bytes it had.

import process from "node:process";
import { FIRST } from "../../../tests/support/certificates.ts";

export const port: number = Number(process.argv[2]);
export const hostname = "127.0.0.1";
export const tls: { key: string; cert: string } | undefined = process.argv[3] === "tls" ? FIRST : undefined;

const bytes = Number(process.argv[4] ?? 0);

/** Bytes rather than text where there are many of them: as a file that was read once. */
export const body: string | Uint8Array<ArrayBuffer> = bytes > 0 ? new Uint8Array(bytes).fill(0x78) : "hello";

/** The answer of a `fetch` handler, with the runtime's own Response. */
export async function answerPost(request: Request): Promise<Response> {
  const sent = await request.arrayBuffer();
  return new Response(request.url.endsWith("/echo") ? sent : String(sent.byteLength));
}
