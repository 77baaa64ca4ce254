/**
 * What bodies are made of: each has its own part of one block of random letters, so that a byte too many, too
 * few, or of another body shows, and the right one is known without being kept.
 */
import { mix, Prng } from "./prng.ts";

/** The longest body, in bytes. */
export const LONGEST_BODY: number = 128 * 1024;

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/** Bodies begin within this much of the block. */
const BEGINNINGS = 128 * 1024;

const encoder = new TextEncoder();

const prng = new Prng(0);
const text = Array.from({ length: BEGINNINGS + LONGEST_BODY }, () => LETTERS[prng.below(64)]).join("");
const bytes = encoder.encode(text);

/** A character of three bytes. */
const WIDE = "\u20ac";

/** The content of one body, from its first byte to any length. */
export class Content {
  readonly #start: number;

  /** Another `id` has other content. */
  constructor(id: number) {
    this.#start = mix(id) % BEGINNINGS;
  }

  /** Its bytes from `from` to `to`: shared memory, only to be read. */
  bytes(from: number, to: number): Uint8Array {
    return bytes.subarray(this.#start + from, this.#start + to);
  }

  /** The same as text. */
  text(from: number, to: number): string {
    return text.slice(this.#start + from, this.#start + to);
  }

  /** Text of which `length` characters are `3 * length` bytes, and its own in front. */
  wideText(length: number): string {
    return this.text(0, 16) + WIDE.repeat(length);
  }
}

/** Whether `actual` has the bytes of `expected`. */
export function sameBytes(actual: Uint8Array, expected: Uint8Array): boolean {
  if (actual.length !== expected.length) return false;
  for (let i = 0; i < actual.length; i++) if (actual[i] !== expected[i]) return false;
  return true;
}
