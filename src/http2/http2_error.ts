/**
 * Errors of HTTP/2 (RFC 9113 §5.4): one of a stream ends it with RST_STREAM, one of the connection ends that with GOAWAY.
 */

/** Why a stream or a connection ends (RFC 9113 §7). */
export const ERROR = {
  noError: 0x0,
  protocolError: 0x1,
  internalError: 0x2,
  flowControlError: 0x3,
  settingsTimeout: 0x4,
  streamClosed: 0x5,
  frameSizeError: 0x6,
  refusedStream: 0x7,
  cancel: 0x8,
  compressionError: 0x9,
  connectError: 0xa,
  enhanceYourCalm: 0xb,
  inadequateSecurity: 0xc,
  http11Required: 0xd,
} as const;

/** One of `ERROR`. */
export type ErrorCode = typeof ERROR[keyof typeof ERROR];

/** The peer broke the protocol so that the connection cannot go on (RFC 9113 §5.4.1). */
export class Http2ConnectionError extends Error {
  /** As it is told in GOAWAY; what `Error` has as its own is no number. */
  readonly errorCode: ErrorCode;

  /** With a sentence for people, which GOAWAY tells too. */
  constructor(errorCode: ErrorCode, message: string) {
    super(message);
    this.errorCode = errorCode;
  }
}
