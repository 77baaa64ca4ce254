/**
 * The errors that every protocol raises alike: the connection ends, the client is gone, or its request is over a limit.
 */
import { ConnectionError, type ConnectionErrorCode, ProtocolError } from "../api/errors.ts";

/** A connection that ends. */
export interface EndingConnection {
  readonly protocol: { readonly exchanges: number };
  readonly tunnel: object | null;
  readonly out: { readonly isBackpressured: boolean };
}

/**
 * The error of pending reads, writes and signals; `null` where there are none, since making it costs more than all else of
 * an idle connection's end.
 */
export function errorForPending(
  { protocol, tunnel, out }: EndingConnection,
  code: ConnectionErrorCode,
  message: string,
  cause?: unknown,
): ConnectionError | null {
  const isPending = protocol.exchanges > 0 || tunnel !== null || out.isBackpressured;
  return isPending ? new ConnectionError(code, message, cause) : null;
}

/** The client has ended the connection, or what it has sent ends the exchange. */
export function peerGone(message: string): ConnectionError {
  return new ConnectionError("peer_gone", message);
}

/** The client has half-closed while a response was under way. */
export function halfClosedInResponse(): ConnectionError {
  return peerGone("the client closed its side before the response was complete");
}

/** The client has half-closed while a request body was under way. */
export function halfClosedInBody(): ConnectionError {
  return peerGone("the client closed its side before the end of the request body");
}

/** The request head is over `maxHeaderBytes`. */
export function headTooLarge(maxHeaderBytes: number): ProtocolError {
  return new ProtocolError("head_too_large", 431, `the request head is larger than ${maxHeaderBytes} bytes`);
}

/** The request target is over `maxTargetBytes`. */
export function targetTooLong(maxTargetBytes: number): ProtocolError {
  const message = `the request target is longer than ${maxTargetBytes} bytes`;
  return new ProtocolError("target_too_long", 414, message);
}

/** The request body is over `limit`: `maxBodyBytes`, or what is drained. */
export function bodyTooLarge(limit: number): ProtocolError {
  return new ProtocolError("body_too_large", 413, `the request body is larger than ${limit} bytes`);
}

/** The request body took longer than `requestTimeout`. */
export function requestTimedOut(): ProtocolError {
  return new ProtocolError("request_timeout", 408, "the request took too long");
}

/** The client took nothing for `writeTimeout`. */
export function writeTimedOut(): ConnectionError {
  return new ConnectionError("timeout", "the client took no byte of the response for too long");
}

/**
 * Whether `error` only passes on why an exchange ended early: `failure`, or an AbortError caused by it, as `fetch` handlers
 * get one; where its client has gone (`isAborted`), any AbortError or ConnectionError.
 */
export function passesOn(error: unknown, failure: unknown, isAborted: boolean): boolean {
  if (failure === null && !isAborted) return false;
  const { name, cause } = (error ?? {}) as Error;
  if (failure !== null && failure === (name === "AbortError" ? cause : error)) return true;
  return isAborted && (name === "AbortError" || error instanceof ConnectionError);
}
