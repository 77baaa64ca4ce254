/**
 * Replaces the globals `fetch`, `Request` and `Response`. The platform's read private slots, which only its own objects
 * have: the replacements pass it the native object of a request of ours, and everything else as it is. Responses are
 * tracked from then on.
 */
import { noteFetched } from "./decoded_response.ts";
import { trackResponses } from "./tracked_response.ts";
import { LazyRequest, withHandledReads } from "./lazy_request.ts";

let made = false;

/** Wraps `globalThis.fetch`, `globalThis.Request` and `globalThis.Response`, once. */
export function installGlobals(): void {
  if (made) return;
  made = true;
  globalThis.fetch = new Proxy(globalThis.fetch, {
    apply(target, self, [input, ...rest]) {
      try {
        return noteFetched(Reflect.apply(target, self, [toNative(input, rest[0]), ...rest]), rest[0]);
      } catch (error) {
        return Promise.reject(error);
      }
    },
  });
  globalThis.Request = new Proxy(globalThis.Request, {
    construct(target, [input, ...rest], newTarget) {
      const request: Request = Reflect.construct(target, [toNative(input, rest[0]), ...rest], newTarget);
      return input instanceof LazyRequest ? withHandledReads(request) : request;
    },
  });
  // As on the platform, of requests of ours and of its own.
  Object.defineProperty(globalThis.Request.prototype, "constructor", { value: globalThis.Request });
  trackResponses();
}

/**
 * What the platform takes in the place of `input`.
 *
 * @throws {TypeError} where the body that it would take along was read already, or is being read
 */
function toNative(input: unknown, init: unknown): unknown {
  // Bun would take such a body, and send nothing.
  if (init instanceof LazyRequest) init.assertBodyUsable();
  if (!(input instanceof LazyRequest)) return input;
  // A body in init takes the place of the request's, which stays where it is.
  return (init as RequestInit | null | undefined)?.body == null ? input.native : input.bodiless;
}
