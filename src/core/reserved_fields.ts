/**
 * The fields of a response that are the engine's to write, or that it must know of, and those that must not be trailers.
 */

/** The user left Content-Length to the engine. */
export const LENGTH_NOT_GIVEN = -1;

/** Which fields are written as given. */
export interface FieldFilter {
  /**
   * Whether to write the field as it is given.
   *
   * @throws {TypeError} where it must not be given at all
   */
  accept(name: string, value: string): boolean;
}

/** What the engine must know of the fields that the user gave. */
export class ReservedFields implements FieldFilter {
  /** The value of Content-Length, or `LENGTH_NOT_GIVEN`. */
  contentLength: number = LENGTH_NOT_GIVEN;
  /** Whether Date was given. */
  date = false;
  /** Whether `Connection: close` was given. */
  close = false;

  /** Forgets everything. */
  reset(): void {
    this.contentLength = LENGTH_NOT_GIVEN;
    this.date = false;
    this.close = false;
  }

  /**
   * Notes a field. Connection, Keep-Alive and Transfer-Encoding belong to the connection: of the first,
   * `close` is honoured, the rest is left out.
   */
  accept(name: string, value: string): boolean {
    return !mayConcernUs(name.length) || this.#note(name.toLowerCase(), value);
  }

  #note(name: string, value: string): boolean {
    switch (name) {
      case "date":
        this.date = true;
        return true;
      case "content-length":
        this.contentLength = parseLength(value);
        return false;
      case "connection":
        this.close ||= value.split(",").some((option) => option.trim().toLowerCase() === "close");
        return false;
      case "keep-alive":
      case "transfer-encoding":
        return false;
      default:
        return true;
    }
  }
}

/** The lengths of: date; connection, keep-alive; content-length; transfer-encoding. */
function mayConcernUs(length: number): boolean {
  return length === 4 || length === 10 || length === 14 || length === 17;
}

/**
 * What must be known before the body, or says how it is framed, routed or authorized, is no trailer
 * (RFC 9110 §6.5.1).
 */
const NO_TRAILERS = new Set(
  ("transfer-encoding content-length content-encoding content-type content-range trailer host connection " +
    "keep-alive te upgrade cache-control expect max-forwards pragma range authorization proxy-authenticate " +
    "proxy-authorization www-authenticate set-cookie age expires date location retry-after vary warning")
    .split(" "),
);

/** What holds for trailer fields. */
export const TRAILER_RULES: FieldFilter = {
  accept(name) {
    if (!NO_TRAILERS.has(name.toLowerCase())) return true;
    throw new TypeError(`${JSON.stringify(name)} must not be a trailer (RFC 9110 §6.5.1)`);
  },
};

function parseLength(value: string): number {
  const length = Number(value);
  if (!/^[0-9]+$/.test(value) || !Number.isSafeInteger(length)) {
    throw new TypeError(`content-length must be a whole number of bytes, not ${JSON.stringify(value)}`);
  }
  return length;
}
