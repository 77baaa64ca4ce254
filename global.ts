/**
 * Makes `new Response` cheap for programs that are not to be changed: importing this module, before the
 * modules that make responses, puts {@linkcode FastResponse} in the place of the global `Response`.
 *
 * The platform's own responses, those of `fetch` for example, stay what they are and are `instanceof Response`
 * as before, and so are the responses of classes that extend it. Two things differ: what is passed as `init` is
 * read when the response is sent, so leave it alone once it is passed; and calls of the platform that take
 * nothing but its own responses (`cache.put`, `WebAssembly.compileStreaming`) are to get a `clone()`.
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
import { FastResponse } from "./src/fetch/fast_response.ts";
import { copyOf } from "./src/protocol/bytes.ts";
import { replaceResponse } from "./src/fetch/stand_in.ts";

/** As the platform's, a response does not change with the bytes that it was made of. */
function ownCopy(body: BodyInit | null | undefined): BodyInit | null | undefined {
  if (body instanceof Uint8Array) return copyOf(body, 0, body.length);
  return body instanceof ArrayBuffer ? body.slice(0) : body;
}

replaceResponse((body, init) => new FastResponse(ownCopy(body), init), FastResponse);
