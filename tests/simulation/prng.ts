/**
 * Random numbers that a seed decides (mulberry32): the same on every runtime, and quick to make.
 */

/** A sequence of random numbers. */
export class Prng {
  #state: number;

  /** The sequence of `seed`. */
  constructor(seed: number) {
    this.#state = mix(seed);
  }

  /** A whole number from 0 to 2^32 - 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    return mix(this.#state);
  }

  /** A whole number from 0 to `bound` - 1. */
  below(bound: number): number {
    return this.next() % bound;
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** Whether an event of this probability happens. */
  chance(probability: number): boolean {
    return this.next() < probability * 2 ** 32;
  }

  /** One of `choices`. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)];
  }

  /** One of `choices`, each as likely as its weight says. */
  weighted<T>(choices: readonly (readonly [weight: number, choice: T])[]): T {
    let left = this.below(choices.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, choice] of choices) {
      if (left < weight) return choice;
      left -= weight;
    }
    throw new RangeError("no choice has a weight");
  }

  /** A size: mostly small, sometimes near a power of two, seldom as large as `most`. */
  size(most: number): number {
    const exponent = this.below(Math.floor(Math.log2(most)) + 1);
    const near = 2 ** exponent + this.pick([-1, 0, 1, this.below(2 ** exponent)]);
    return Math.max(0, Math.min(most, near));
  }
}

/** Spreads the bits of a number over 32 bits. */
export function mix(number: number): number {
  let bits = Math.imul(number ^ (number >>> 15), number | 1);
  bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
  return (bits ^ (bits >>> 14)) >>> 0;
}
