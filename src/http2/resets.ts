/**
 * The streams of a connection that were reset. Each costs work that is thrown away, whether the client resets them or what
 * it does makes us (CVE-2023-44487, CVE-2025-8671): so many are too many. And those that we have reset are remembered for
 * a while, since frames of theirs may be on their way (RFC 9113 §5.1).
 */
import type { Engine } from "../core/engine.ts";
import { ERROR, Http2ConnectionError } from "./http2_error.ts";

/** Resets at once, … */
const BURST = 1_000;
/** … and in a second after that. A client that gives up some requests is far below it. */
const PER_SECOND = 33;
/** Streams that are remembered, the latest of them: as many as a client may cause to be reset at once. */
const MAX_REMEMBERED = BURST;

/** The resets of one connection. */
export class Resets {
  readonly #engine: Engine;
  #tokens = BURST;
  #filledAt: number;
  #ours: Set<number> | null = null;

  /** None yet, of a connection of `engine`. */
  constructor(engine: Engine) {
    this.#engine = engine;
    this.#filledAt = engine.now;
  }

  /**
   * Counts one that the client has caused.
   *
   * @throws {Http2ConnectionError} where it was one too many
   */
  count(): void {
    const { now } = this.#engine;
    this.#tokens = Math.min(BURST, this.#tokens + (now - this.#filledAt) * PER_SECOND / 1000);
    this.#filledAt = now;
    if (--this.#tokens < 0) {
      throw new Http2ConnectionError(ERROR.enhanceYourCalm, "too many streams are reset");
    }
  }

  /** We have reset `stream`. */
  remember(stream: number): void {
    const ours = this.#ours ??= new Set();
    if (ours.size >= MAX_REMEMBERED) ours.delete(ours.values().next().value!);
    ours.add(stream);
  }

  /** Whether we have reset `stream`. */
  has(stream: number): boolean {
    return this.#ours !== null && this.#ours.has(stream);
  }
}
