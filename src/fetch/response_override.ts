/**
 * Puts something in the place of the global `Response` that makes responses in its own way. Both have one
 * prototype, so that either's are `instanceof` the other, and classes that extend it extend the platform's.
 */

import { isDecodedBody } from "./decoded_response.ts";

/** Under which a stand-in keeps the platform's class, for other copies of this module. */
const NATIVE = Symbol.for("@mooring/http: native Response");

/** The platform's class, before this module replaces it. */
export const NativeResponse: typeof Response = Reflect.get(globalThis.Response, NATIVE) ??
  globalThis.Response;

/** The platform's class, also where a program replaces it later. */
export const NativeHeaders: typeof Headers = globalThis.Headers;

/** Makes what `new Response` gives. */
export type MakeResponse = (body?: BodyInit | null, init?: ResponseInit) => Response;

/** A string body is text, as in the Fetch standard. */
export const TEXT = "text/plain;charset=UTF-8";

/** Whether the platform says so; Bun tells only its own server. */
export const TYPES_TEXT: boolean = new NativeResponse("").headers.has("content-type");

/** `response`, made of `body`, with its type on every platform. */
export function typed(response: Response, body: unknown): Response {
  if (!TYPES_TEXT && typeof body === "string") setTextType(response);
  return response;
}

/** Sets the type of text, unless `response` has a type. */
export function setTextType(response: Response): void {
  // The platform's own: a class that extends it may have others.
  const headers: Headers = Reflect.get(NativeResponse.prototype, "headers", response);
  if (!headers.has("content-type")) headers.set("content-type", TEXT);
}

/** A body of `fetch`, which has decoded it. */
const DECODED = Symbol("decoded");

/** What a response was made of, where its stream does not tell what must be known: of bytes, how many they are. */
const sources = new WeakMap<Response, FormData | Blob | number | typeof DECODED>();

/** Notes that `copy` was made of what `response` was. */
export function noteSourceOf(response: Response, copy: Response): void {
  const source = sources.get(response);
  if (source !== undefined) sources.set(copy, source);
}

/** Notes `response` if `body`, of which it is made, is one of these. */
export function noteSource(response: Response, body: unknown): Response {
  if (typeof body !== "object" || body === null) return response;
  if (body instanceof FormData || body instanceof Blob) sources.set(response, body);
  else if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) sources.set(response, body.byteLength);
  else if (isDecodedBody(body)) sources.set(response, DECODED);
  return response;
}

/** Whether it was noted what its body is made of. */
export function hasSource(response: Response): boolean {
  return sources.has(response);
}

/**
 * Whether it was made of a form. Nothing is lost where the stream of one is left alone, and more is where it is
 * cancelled: on Node 26 that causes an unhandled rejection.
 */
export function hasFormDataBody(response: Response): boolean {
  return sources.get(response) instanceof FormData;
}

/** How many bytes its body has, if that is known. */
export function bodySize(response: Response): number | undefined {
  const source = sources.get(response);
  return typeof source === "number" ? source : blobOf(response)?.size;
}

/**
 * The Blob that it was made of, if its size is known. Of a file that the platform gives as an empty Blob it is not: that
 * may be a device, or not be there.
 */
export function blobOf(response: Response): Blob | null {
  const source = sources.get(response);
  return source instanceof Blob && source.size > 0 && source.size !== Infinity ? source : null;
}

/** Whether its body is one that `fetch` has decoded. */
export function hasDecodedBody(response: Response): boolean {
  return sources.get(response) === DECODED;
}

/** Has `new Response` call `make`; what the class lacks, it takes from `statics`. */
export function replaceResponse(make: MakeResponse, statics: object): void {
  function Response(this: unknown, body?: BodyInit | null, init?: ResponseInit): Response {
    if (new.target === Response) return make(body, init);
    if (new.target === undefined) throw new TypeError("Response is a constructor: use it with new");
    return noteSource(typed(Reflect.construct(NativeResponse, arguments, new.target), body), body);
  }
  const { prototype } = NativeResponse;
  const { clone } = prototype;
  prototype.clone = function (this: Response): Response {
    void this.headers; // a clone on Deno loses those that were not read
    const copy = clone.call(this);
    noteSourceOf(this, copy);
    return copy;
  };
  Object.defineProperty(Response, "prototype", { value: prototype, writable: false });
  Object.defineProperty(Response, "name", { value: "Response", configurable: true }); // bundlers rename it
  Object.defineProperty(Response, "length", { value: NativeResponse.length, configurable: true });
  Object.defineProperty(Response, NATIVE, { value: NativeResponse });
  Object.setPrototypeOf(Response, statics);
  Object.defineProperty(prototype, "constructor", { value: Response, writable: true, configurable: true });
  globalThis.Response = Response as unknown as typeof globalThis.Response;
}
