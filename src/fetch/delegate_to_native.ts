/**
 * Completes our lazy classes: members of the platform's class that ours does not define are forwarded to a
 * native object, made on demand. So ours have all members of each platform, future ones included.
 */

/** How an object is shown by `console.log`. Bun shows its own otherwise, and ours by their members. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/**
 * Makes instances of `ours` pass as instances of `native`, and forwards what `ours` lacks to a native object.
 *
 * @param toNative gives the native object that stands for one of ours
 */
export function delegateToNative<T extends object>(
  ours: { prototype: T },
  native: { prototype: object },
  toNative: (self: T) => object,
): void {
  /** One for each of the platform's functions: two names of one function stay two names of one. */
  const calls = new Map<unknown, unknown>();
  for (let level = native.prototype; level !== Object.prototype; level = Object.getPrototypeOf(level)) {
    for (const key of Reflect.ownKeys(level)) {
      const { get, value, enumerable = false } = Object.getOwnPropertyDescriptor(level, key)!;
      if (Object.hasOwn(ours.prototype, key)) {
        Object.defineProperty(ours.prototype, key, { enumerable });
        continue;
      }
      if (typeof value === "function" && !calls.has(value)) calls.set(value, forwardCall(key, toNative));
      const forward = get !== undefined
        ? { get: forwardGet(key, toNative) }
        : { value: calls.get(value) ?? value };
      Object.defineProperty(ours.prototype, key, { ...forward, enumerable, configurable: true });
    }
  }
  if (!(INSPECT in native.prototype)) {
    const value = function (this: T): object {
      return toNative(this);
    };
    Object.defineProperty(ours.prototype, INSPECT, { value, configurable: true, writable: true });
  }
  // Inherited: it is whatever the platform's instances say.
  Reflect.deleteProperty(ours.prototype, "constructor");
  Object.setPrototypeOf(ours.prototype, native.prototype);
}

function forwardGet<T extends object>(key: PropertyKey, toNative: (self: T) => object): (this: T) => unknown {
  return function () {
    return Reflect.get(toNative(this), key);
  };
}

function forwardCall<T extends object>(
  key: PropertyKey,
  toNative: (self: T) => object,
): (this: T) => unknown {
  return function (...args: unknown[]) {
    const native = toNative(this);
    return Reflect.apply(Reflect.get(native, key), native, args);
  };
}
