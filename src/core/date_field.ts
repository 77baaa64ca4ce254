/**
 * The Date field (RFC 9110 §6.6.1) as bytes, formatted once a second.
 */
import type { Engine } from "./engine.ts";

/** Gives the current field of `engine`, as `encode` makes it of its value. */
export function currentDate(engine: Engine, encode: (date: string) => Uint8Array): () => Uint8Array {
  const field = new DateField(encode);
  const calendar = (): number => engine.clock.calendar();
  return () => field.at(engine.now, calendar);
}

/** Keeps the field for the second at hand. */
export class DateField {
  readonly #encode: (date: string) => Uint8Array;
  #bytes: Uint8Array = new Uint8Array(0);
  #freshUntil = -Infinity;

  /** The field as `encode` makes it of its value. */
  constructor(encode: (date: string) => Uint8Array) {
    this.#encode = encode;
  }

  /**
   * The field at `now` (milliseconds of a steady clock). `calendar` gives milliseconds since 1970 and is
   * asked once a second.
   */
  at(now: number, calendar: () => number): Uint8Array {
    if (now >= this.#freshUntil) this.#format(now, calendar());
    return this.#bytes;
  }

  #format(now: number, time: number): void {
    this.#freshUntil = now + 1000 - time % 1000;
    this.#bytes = this.#encode(imfFixdate(time));
  }
}

/** `IMF-fixdate` (RFC 9110 §5.6.7): what `toUTCString` is specified to give. */
export function imfFixdate(time: number): string {
  return new Date(time).toUTCString();
}
