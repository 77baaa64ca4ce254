/**
 * An `AbortController` that is made when its signal is read: few handlers read one.
 */

/** A signal, reusable: it aborts once until `reset`. */
export class LazyAbort {
  #controller: AbortController | null = null;
  /** Makes the signal's reason; `null` while it is not aborted. */
  #reason: (() => unknown) | null = null;

  /** Whether it is aborted. */
  get isAborted(): boolean {
    return this.#reason !== null;
  }

  /** The signal; aborted already where `abort` was called before. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#reason !== null) this.#controller.abort(this.#reason());
    }
    return this.#controller.signal;
  }

  /** Aborts the signal with what `reason` makes; a second call does nothing. */
  abort(reason: () => unknown): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    this.#controller?.abort(reason());
  }

  /** Forgets the signal: the next use gets a new one. */
  reset(): void {
    this.#controller = null;
    this.#reason = null;
  }
}
