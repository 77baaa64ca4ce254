/**
 * Makes `new Response` cheap for programs that are not to be changed: importing this module, before the
 * modules that make responses, puts {@linkcode FastResponse} in the place of the global `Response`.
 *
 * The platform's own responses, those of `fetch` for example, stay what they are and are `instanceof Response`
 * as before, and so are the responses of classes that extend it. What takes nothing but the platform's own responses
 * (`cache.put`, `WebAssembly.compileStreaming`, `Bun.serve`, `Deno.serve`) must get a `clone()`.
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
import { FastResponse, isBufferedBody } from "./src/fetch/fast_response.ts";
import { isChunkIterable } from "./src/fetch/chunk_stream.ts";
import { NativeResponse, noteSource, replaceResponse } from "./src/fetch/response_override.ts";

/** A fast one where the body is text, bytes or chunks; else the platform's. */
function make(body?: BodyInit | null, init?: ResponseInit): Response {
  return isBufferedBody(body) || isChunkIterable(body)
    ? new FastResponse(body, init)
    : noteSource(new NativeResponse(body, init), body);
}

replaceResponse(make, FastResponse);
