/**
 * Puts something in the place of the global `Response` that makes responses in its own way. Both have one
 * prototype, so that either's are `instanceof` the other, and classes that extend it extend the platform's.
 */

/** Under which a stand-in keeps the platform's class, for other copies of this module. */
const NATIVE = Symbol.for("@mooring/http: native Response");

/** The platform's class, before anybody of ours replaces it. */
export const NativeResponse: typeof Response = Reflect.get(globalThis.Response, NATIVE) ??
  globalThis.Response;

/** Makes what `new Response` gives. */
export type MakeResponse = (body?: BodyInit | null, init?: ResponseInit) => Response;

/** A string body is text, as in the Fetch standard. */
export const TEXT = "text/plain;charset=UTF-8";

/** Whether the platform says so; Bun tells only its own server. */
export const TYPES_TEXT: boolean = new NativeResponse("").headers.has("content-type");

/** `response`, made of `body`, with its type on every platform. */
export function typed(response: Response, body: unknown): Response {
  if (TYPES_TEXT || typeof body !== "string") return response;
  // The platform's own: a class that extends it may have others.
  const headers: Headers = Reflect.get(NativeResponse.prototype, "headers", response);
  if (!headers.has("content-type")) headers.set("content-type", TEXT);
  return response;
}

/** Responses that were made of a form. */
const forms = new WeakSet<Response>();

/** Notes that `copy` was made of a form, if `response` was. */
export function noteFormOf(response: Response, copy: Response): void {
  if (forms.has(response)) forms.add(copy);
}

/** Notes `response` if `body`, of which it is made, is a form. */
export function noteForm(response: Response, body: unknown): Response {
  if (body instanceof FormData) forms.add(response);
  return response;
}

/**
 * Whether it was made of a form. Nothing is lost where the stream of one is left alone, and more is where it is
 * cancelled: on Node 26 it then rejects where nobody can catch it.
 */
export function isForm(response: Response): boolean {
  return forms.has(response);
}

/** Has `new Response` call `make`; what the class lacks, it takes from `statics`. */
export function replaceResponse(make: MakeResponse, statics: object): void {
  function Response(this: unknown, body?: BodyInit | null, init?: ResponseInit): Response {
    if (new.target === Response) return make(body, init);
    if (new.target === undefined) throw new TypeError("Response is a constructor: use it with new");
    return noteForm(typed(Reflect.construct(NativeResponse, arguments, new.target), body), body);
  }
  const { prototype } = NativeResponse;
  const { clone } = prototype;
  prototype.clone = function (this: Response): Response {
    void this.headers; // a clone on Deno forgets those that nobody has looked at
    const copy = clone.call(this);
    noteFormOf(this, copy);
    return copy;
  };
  Object.defineProperty(Response, "prototype", { value: prototype, writable: false });
  Object.defineProperty(Response, "length", { value: NativeResponse.length, configurable: true });
  Object.defineProperty(Response, NATIVE, { value: NativeResponse });
  Object.setPrototypeOf(Response, statics);
  Object.defineProperty(prototype, "constructor", { value: Response, writable: true, configurable: true });
  globalThis.Response = Response as unknown as typeof globalThis.Response;
}
