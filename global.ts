/**
 * Makes `new Response` cheap for programs that are not to be changed: importing this module, before the
 * modules that make responses, puts {@linkcode FastResponse} in the place of the global `Response`.
 *
 * The platform's own responses, those of `fetch` for example, stay what they are and are `instanceof Response`
 * as before, and so are the responses of classes that extend it. These things differ: `init` is read when the
 * response is sent, so leave it alone once it is passed, and what is wrong with its headers is told to `onError`
 * then instead of thrown; a response can be sent twice; and what takes nothing but the platform's own responses
 * (`cache.put`, `WebAssembly.compileStreaming`, `Bun.serve`, `Deno.serve`) is to get a `clone()`.
 *
 * @example
 * ```ts
 * import "@mooring/http/global";
 * import { serve } from "@mooring/http";
 *
 * const server = await serve({ port: 0, fetch: () => new Response("hello") });
 * await server.close();
 * ```
 *
 * @module
 */
import { type FastBody, FastResponse, isAtHand } from "./src/fetch/fast_response.ts";
import { isPieces } from "./src/fetch/text_stream.ts";
import { copyOf } from "./src/protocol/bytes.ts";
import { NativeResponse, noteForm, replaceResponse } from "./src/fetch/stand_in.ts";

/** A fast one where the body is text or bytes, which are copied as the platform does, or pieces; else the platform's. */
function make(body?: BodyInit | null, init?: ResponseInit): Response {
  const own = ownCopy(body ?? null);
  return isAtHand(own) || isPieces(own)
    ? new FastResponse(own as FastBody | null, init)
    : noteForm(new NativeResponse(own, init), own);
}

function ownCopy(body: BodyInit | null): BodyInit | null {
  if (body instanceof ArrayBuffer) return body.slice(0);
  if (!ArrayBuffer.isView(body)) return body;
  const bytes = new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  return copyOf(bytes, 0, bytes.length);
}

replaceResponse(make, FastResponse);
