/**
 * What an `AbortError` tells of its cause.
 */

/** The cause where `error` is an `AbortError`, and else `error` itself. */
export function causeOf(error: unknown): unknown {
  return error instanceof DOMException && error.name === "AbortError" ? error.cause : error;
}
