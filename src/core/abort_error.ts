/**
 * The error of what was aborted since its client left or its connection ended: an `AbortError`, as of any aborted
 * `fetch`, that has what happened as its `cause`.
 */

/** An `AbortError` because of `cause`. */
export function abortError(cause: unknown): DOMException {
  const error = new DOMException(
    cause instanceof Error ? cause.message : "the request was aborted",
    "AbortError",
  );
  return Object.defineProperty(error, "cause", { value: cause, configurable: true, writable: true });
}
