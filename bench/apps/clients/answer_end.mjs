// @ts-self-types="./answer_end.d.mts"
// Where an answer ends, told as cheaply as can be from one that came before: by its length, or by the last chunk.

import { Buffer } from "node:buffer";
import { takeAnswers } from "../../lib/answers.mjs";

const LAST_CHUNK = Buffer.from("\r\n0\r\n\r\n");
/** Where the status stands in an answer, and how one begins that is none of an error. */
const STATUS_AT = "HTTP/1.1 ".length;
const TWO = "2".charCodeAt(0);

/** How the answers end that are like the one in `bytes`; undefined while that is not complete. */
export function framingOf(bytes) {
  let framing;
  const rest = takeAnswers(bytes, (_, head) => {
    framing = { isChunked: /^transfer-encoding: *chunked/im.test(head) };
  });
  return framing && { ...framing, length: bytes.length - rest.length };
}

/** The answers of one connection, one at a time. */
export class AnswerEnd {
  #framing;
  #received = 0;
  #tail = Buffer.alloc(0);

  constructor(framing) {
    this.#framing = framing;
  }

  /** Whether the answer is complete with this chunk. @throws where it is another one than was expected */
  add(chunk) {
    if (this.#received === 0 && chunk[STATUS_AT] !== TWO) throw new Error("an answer of the wrong status");
    this.#received += chunk.length;
    const isComplete = this.#framing.isChunked ? this.#endsChunked(chunk) : this.#hasLength();
    if (isComplete) this.#received = 0;
    return isComplete;
  }

  #hasLength() {
    const { length } = this.#framing;
    if (this.#received > length) throw new Error(`${this.#received} bytes instead of ${length}`);
    return this.#received === length;
  }

  #endsChunked(chunk) {
    const bytes = chunk.length < LAST_CHUNK.length ? Buffer.concat([this.#tail, chunk]) : chunk;
    this.#tail = bytes.subarray(-LAST_CHUNK.length);
    return LAST_CHUNK.equals(this.#tail);
  }
}
