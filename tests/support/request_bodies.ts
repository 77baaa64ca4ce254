/** Requests with bodies, and handlers of each kind that read them. */
import assert from "node:assert/strict";
import type { ConnectionOptions } from "../../src/api/options.ts";
import { type Connected, parseResponses, settled } from "./memory.ts";

/** The ways to read a body. */
export const WAYS = ["pieces", "stream", "request.body"] as const;
/** One of them. */
export type Way = typeof WAYS[number];

/** A handler that hands the body to `read` in one of the ways, and answers what that gives. */
export function reading(
  way: Way,
  read: (body: AsyncIterable<Uint8Array>) => Promise<string>,
): Pick<ConnectionOptions, "fetch" | "exchange"> {
  if (way === "request.body") return { fetch: async (request) => new Response(await read(request.body!)) };
  return {
    async exchange(x) {
      const answer = await read(way === "pieces" ? x.chunks() : x.stream());
      x.respond(200, {}, answer);
    },
  };
}

/** The whole body as text. */
export async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of body) text += decoder.decode(piece, { stream: true });
  return text;
}

/** Resolves once the server has nothing to do. */
export async function quiet(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    await settled();
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** The head of a request with a body of this length, or chunked. */
export function head(length: number | "chunked", ...lines: string[]): string {
  return [
    "POST / HTTP/1.1",
    "Host: a.example",
    length === "chunked" ? "Transfer-Encoding: chunked" : `Content-Length: ${length}`,
    ...lines,
    "",
    "",
  ].join("\r\n");
}

/** A chunk of a chunked body. */
export const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

/** Fails unless the answers are these. */
export function assertBodies({ client, errors }: Connected, ...bodies: string[]): void {
  assert.deepEqual(errors, []);
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), bodies);
}
