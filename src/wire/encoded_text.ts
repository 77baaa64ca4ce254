/**
 * Text as UTF-8, encoded in one pass into memory that is used again: how long it gets is known once it is encoded, and
 * counting first would cost more than that and the copy.
 */

/** A UTF-16 code unit makes three bytes of UTF-8 at the most. */
const MAX_BYTES_PER_UNIT = 3;

const encoder = new TextEncoder();

/** Memory for one text at a time. */
export class EncodedText {
  readonly #maxLength: number;
  #memory: Uint8Array | null = null;

  /** Takes texts of up to `maxLength` UTF-16 code units. */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** The UTF-8 of `text`, valid until the next call. */
  encode(text: string): Uint8Array {
    const memory = this.#memory ??= new Uint8Array(this.#maxLength * MAX_BYTES_PER_UNIT);
    return memory.subarray(0, encoder.encodeInto(text, memory).written);
  }
}
