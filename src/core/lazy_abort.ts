/**
 * An `AbortController` that is made when its signal is read: few handlers read one.
 */

/** The signal that a connection is about to end. */
export class LazyAbort {
  #controller: AbortController | null = null;
  #isAborted = false;

  /** The signal; aborted already where `abort` was called before. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#isAborted) this.abort();
    }
    return this.#controller.signal;
  }

  /** Aborts the signal. */
  abort(): void {
    this.#isAborted = true;
    this.#controller?.abort(new DOMException("the connection is about to end", "AbortError"));
  }
}
