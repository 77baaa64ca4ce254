/**
 * Makes peace between our requests and the platform. `fetch` and `new Request` look into private slots,
 * which only their own objects have; so the first `fetch` handler wraps both of them with one that passes
 * the native twin of a request of ours, and everything else as it is.
 */
import { LazyRequest } from "./lazy_request.ts";

let made = false;

/** Wraps `globalThis.fetch` and `globalThis.Request`, once, and `Response` where it needs it. */
export function makePeace(): void {
  if (made) return;
  made = true;
  globalThis.fetch = new Proxy(globalThis.fetch, {
    apply: (target, self, [input, ...rest]) => Reflect.apply(target, self, [toNative(input), ...rest]),
  });
  globalThis.Request = new Proxy(globalThis.Request, {
    construct: (target, [input, ...rest], newTarget) =>
      Reflect.construct(target, [toNative(input), ...rest], newTarget),
  });
  if (!new Response("").headers.has("content-type")) typeTextResponses();
}

function toNative(input: unknown): unknown {
  return input instanceof LazyRequest ? input.native : input;
}

/**
 * Bun tells the type of a text body only to its own server. The Fetch standard has the constructor set it,
 * and afterwards nobody can tell a text body from another.
 */
function typeTextResponses(): void {
  globalThis.Response = new Proxy(globalThis.Response, {
    construct(target, args, newTarget) {
      const response: Response = Reflect.construct(target, args, newTarget);
      if (typeof args[0] === "string" && !response.headers.has("content-type")) {
        response.headers.set("content-type", "text/plain;charset=UTF-8");
      }
      return response;
    },
  });
}
