/**
 * Makes peace between our requests and the platform. `fetch` and `new Request` look into private slots,
 * which only their own objects have; so the first `fetch` handler wraps both of them with one that passes
 * the native twin of a request of ours, and everything else as it is. From then on responses are noted, too.
 */
import { noteResponses } from "./noted_response.ts";
import { LazyRequest, withHandledReads } from "./lazy_request.ts";

let made = false;

/** Wraps `globalThis.fetch`, `globalThis.Request` and `globalThis.Response`, once. */
export function makePeace(): void {
  if (made) return;
  made = true;
  globalThis.fetch = new Proxy(globalThis.fetch, {
    apply: (target, self, [input, ...rest]) => Reflect.apply(target, self, [toNative(input), ...rest]),
  });
  globalThis.Request = new Proxy(globalThis.Request, {
    construct(target, [input, ...rest], newTarget) {
      const request: Request = Reflect.construct(target, [toNative(input), ...rest], newTarget);
      return input instanceof LazyRequest ? withHandledReads(request) : request;
    },
  });
  noteResponses();
}

function toNative(input: unknown): unknown {
  return input instanceof LazyRequest ? input.native : input;
}
