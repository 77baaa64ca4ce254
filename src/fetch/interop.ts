/**
 * Lets the platform take our requests where it wants native ones. `fetch` and `new Request` look into
 * private slots, which only their own objects have; so the first `fetch` handler wraps both of them with
 * one that passes the native twin of a request of ours, and everything else as it is.
 */
import { LazyRequest } from "./lazy_request.ts";

function toNative(input: unknown): unknown {
  return input instanceof LazyRequest ? input.native : input;
}

let taught = false;

/** Wraps `globalThis.fetch` and `globalThis.Request`, once. */
export function teachPlatform(): void {
  if (taught) return;
  taught = true;
  globalThis.fetch = new Proxy(globalThis.fetch, {
    apply: (target, self, [input, ...rest]) => Reflect.apply(target, self, [toNative(input), ...rest]),
  });
  globalThis.Request = new Proxy(globalThis.Request, {
    construct: (target, [input, ...rest], newTarget) =>
      Reflect.construct(target, [toNative(input), ...rest], newTarget),
  });
}
