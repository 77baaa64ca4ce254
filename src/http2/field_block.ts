/**
 * A field block that comes in several frames (RFC 9113 §4.3): HEADERS, and CONTINUATION behind it.
 */
import { ReceiveBuffer } from "../core/receive_buffer.ts";
import { ERROR, Http2ConnectionError } from "./http2_error.ts";

/** Frames behind the first: a client that needs more sends them for the work that they are (CVE-2024-27983). */
const MAX_CONTINUATIONS = 8;
/** Octets of an encoded block where `maxHeaderBytes` sets no limit. */
const MAX_BLOCK = 1024 * 1024;

/** A block that is not complete. */
export class FieldBlock {
  readonly stream: number;
  readonly endsStream: boolean;
  readonly #limit: number;
  readonly #received = new ReceiveBuffer();
  #continuations = 0;

  /** Of HEADERS of `stream`, of up to `maxHeaderBytes` octets, unless that is 0. */
  constructor(stream: number, endsStream: boolean, maxHeaderBytes: number) {
    this.stream = stream;
    this.endsStream = endsStream;
    this.#limit = maxHeaderBytes || MAX_BLOCK;
  }

  /** Takes the part of the block that a frame has; `isFirst` of HEADERS. */
  append(bytes: Uint8Array, start: number, end: number, isFirst: boolean): void {
    if (!isFirst && ++this.#continuations > MAX_CONTINUATIONS) {
      throw new Http2ConnectionError(ERROR.enhanceYourCalm, "a field block has too many CONTINUATION frames");
    }
    if (this.#received.length + end - start > this.#limit) {
      throw new Http2ConnectionError(
        ERROR.enhanceYourCalm,
        "a field block is larger than a request head may be",
      );
    }
    this.#received.append(bytes, start, end);
  }

  /** All that has come. */
  get bytes(): Uint8Array {
    const { bytes, start, end } = this.#received;
    return bytes.subarray(start, end);
  }
}
