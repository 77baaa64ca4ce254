/**
 * Puts something in the place of the global `Response` that makes responses in its own way. Both have one
 * prototype, so that either's are `instanceof` the other, and classes that extend it extend the platform's.
 */

/** The platform's class, before anybody replaces it. */
export const NativeResponse: typeof Response = globalThis.Response;

/** Makes what `new Response` gives. */
export type MakeResponse = (body?: BodyInit | null, init?: ResponseInit) => Response;

/** Has `new Response` call `make`; what it does not find, it takes from `statics`. */
export function replaceResponse(make: MakeResponse, statics: object): void {
  function Response(this: unknown, body?: BodyInit | null, init?: ResponseInit): Response {
    if (new.target === Response) return make(body, init);
    if (new.target === undefined) throw new TypeError("Response is a constructor: use it with new");
    // deno-lint-ignore prefer-rest-params
    return Reflect.construct(NativeResponse, arguments, new.target);
  }
  Object.defineProperty(Response, "prototype", { value: NativeResponse.prototype, writable: false });
  Object.setPrototypeOf(Response, statics);
  globalThis.Response = Response as unknown as typeof globalThis.Response;
}
