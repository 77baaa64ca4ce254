/**
 * What holds for a response whatever protocol carries it: the order of its parts, its status, and whether it has a body
 * and a Content-Length (RFC 9110 §6.4, §8.6, §15).
 */
import { ExchangeError } from "../api/errors.ts";
import { isBodiless } from "../wire/status.ts";
import type { ResponsePhase } from "./protocol.ts";
import { LENGTH_NOT_GIVEN } from "./reserved_fields.ts";

/** The length of a body that follows, which is not known yet. */
export const UNKNOWN_LENGTH = -1;

/** `false` where the response was aborted, so that `call` does nothing; throws where another call was due in `phase`. */
export function throwUnlessAborted(call: string, phase: ResponsePhase): false {
  if (phase === "aborted") return false;
  if (phase === "complete") {
    throw new ExchangeError("over", `${call}(): the response is complete, and the exchange over`);
  }
  if (phase === "streaming") {
    throw new ExchangeError("answered", `${call}(): the response was started already`);
  }
  throw new ExchangeError("not_started", `${call}(): call start() first`);
}

/** Throws a `RangeError` where `status` is not final. */
export function checkFinalStatus(status: number): void {
  if (Number.isInteger(status) && status >= 200 && status <= 999) return;
  throw new RangeError(`a final status is a whole number from 200 to 999, not ${status}`);
}

/** Throws a `RangeError` where `status` is not one of an interim response that the program may send. */
export function checkInterimStatus(status: number): void {
  if (Number.isInteger(status) && status >= 102 && status <= 199) return;
  throw new RangeError(
    `an interim status is a whole number from 102 to 199, not ${status}; ` +
      "100 is sent when the body is asked for, and 101 by upgrade()",
  );
}

/** Throws a `TypeError` where `content` cannot be a part of a body. */
export function checkContent(content: unknown): void {
  if (typeof content === "string" || content instanceof Uint8Array) return;
  throw new TypeError(
    `a body must be a string or a Uint8Array, not ${content === null ? "null" : typeof content}`,
  );
}

const encoder = new TextEncoder();

/** `content` as bytes. Throws a `TypeError` where it cannot be a part of a body. */
export function toBytes(content: string | Uint8Array): Uint8Array {
  checkContent(content);
  return typeof content === "string" ? encoder.encode(content) : content;
}

/** Throws a `TypeError` where the response of `status`, which has no body, was given a Content-Length. */
export function checkNoLength(status: number, contentLength: number): void {
  if (contentLength === LENGTH_NOT_GIVEN) return;
  throw new TypeError(`a response with status ${status} has no body, and no content-length`);
}

/** The error of a body that is not as long as its Content-Length. */
export function wrongLength(declared: number, actual: number): TypeError {
  return new TypeError(`content-length says ${declared}, but the body has ${actual} bytes`);
}

/** What `decideBody` has decided. */
export interface BodyDecision {
  /** Whether a body is sent; otherwise what is written is dropped. */
  hasBody: boolean;
  /** The Content-Length to send, or `LENGTH_NOT_GIVEN`. */
  contentLength: number;
}

/** Shared, since it is looked at at once: a response makes no object of it. */
const decision: BodyDecision = { hasBody: false, contentLength: LENGTH_NOT_GIVEN };

/**
 * Decides for the response of `status` to `method`, where the program's Content-Length is `given`, and the body has
 * `length` bytes, as far as that is known (`isEstimate`: about so many; `bodyOmitted`: there is none, which tells nothing
 * of what a GET would get).
 *
 * @returns valid until the next call
 * @throws {TypeError} where there must be no body, or it is not as long as it says
 */
export function decideBody(
  method: string,
  status: number,
  given: number,
  length: number,
  bodyOmitted: boolean,
  isEstimate: boolean,
): BodyDecision {
  const declared = given === LENGTH_NOT_GIVEN ? length : given;
  decision.hasBody = false;
  decision.contentLength = LENGTH_NOT_GIVEN;
  if (isBodiless(status) || (method === "CONNECT" && status < 300)) {
    if (length > 0) throw new TypeError(`a response with status ${status} has no body`);
    // A 204, and a 2xx to CONNECT, must not tell a length; a 304 may tell that of what it stands for.
    if (status === 304) decision.contentLength = given;
  } else if (status === 205) {
    if (length > 0 || declared > 0) throw new TypeError("a response with status 205 has no body");
    decision.hasBody = true;
    decision.contentLength = 0;
  } else if (method === "HEAD") {
    const isKnown = given !== LENGTH_NOT_GIVEN || (length !== UNKNOWN_LENGTH && !bodyOmitted);
    if (isKnown) decision.contentLength = declared;
  } else {
    if (declared !== UNKNOWN_LENGTH && length !== UNKNOWN_LENGTH && length !== declared && !isEstimate) {
      throw wrongLength(declared, length);
    }
    decision.hasBody = true;
    decision.contentLength = declared;
  }
  return decision;
}
