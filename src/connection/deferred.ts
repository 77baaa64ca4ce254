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
    // Whoever waits is told of a rejection; nobody has to wait.
    this.promise.catch(() => {});
  }
}
