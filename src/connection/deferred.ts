/**
 * A promise and the means to settle it (what `Promise.withResolvers` gives where it exists).
 */

/** A promise that its maker settles. */
export class Deferred<T> {
  /** Settled by `resolve` or `reject`. */
  readonly promise: Promise<T>;
  /** Fulfils the promise. */
  resolve!: (value: T) => void;
  /** Rejects the promise. */
  reject!: (reason: unknown) => void;

  /** Makes a pending promise. */
  constructor() {
    this.promise = new Promise<T>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    handled(this.promise);
  }
}

/**
 * Marks `promise` as handled: where it rejects and nobody awaits it, as when the client leaves while a handler
 * reads a body that it has lost interest in, that is no unhandled rejection, which would end the process.
 */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
