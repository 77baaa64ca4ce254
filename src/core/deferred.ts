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
 * Marks `promise` as handled, so that its rejection is never an unhandled one, which would end the process: a client
 * may leave while a handler does not await the body that it reads.
 */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
